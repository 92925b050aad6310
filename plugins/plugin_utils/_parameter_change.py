# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a cluster's parameters: what comes of it, and how two versions differ."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameters import same
from ansible_collections.oceanbase.obproxy.plugins.module_utils._start import fits_option
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_store import ParameterSet


def changed(present, wanted, own):
    """Return a set with what is wanted, {name: value or None to forget it}, and with those of single servers.

    What is the same to OBProxy keeps its present spelling, so that a set equal to the present one means: no change.
    """
    startup, ordinary = [], []
    for items, target in ((present.startup, startup), (present.ordinary, ordinary)):
        for item in items:
            value = _respelled(item, wanted.get(item['name'], item['value']))
            if value is not None:
                fits = target is ordinary or fits_option(value)
                (target if fits else ordinary).append({'name': item['name'], 'value': value})
    known = present.values()
    ordinary += [{'name': name, 'value': value} for name, value in wanted.items() if name not in known and value is not None]
    kept = {**present.own, **{server_id: _own(present.own.get(server_id, []), items) for server_id, items in own.items()}}
    return ParameterSet(startup, ordinary, {server_id: items for server_id, items in kept.items() if items})


def _respelled(item, value):
    return item['value'] if value is not None and same(item['name'], item['value'], value) else value


def _own(present, items):
    before = {item['name']: item for item in present}
    return [{'name': item['name'], 'value': _respelled(before.get(item['name'], item), item['value'])} for item in items]


def difference(before, after):
    """List what differs between two sets: name, before, after, and the server's id where it is a server's own."""
    found = _differing(before.values(), after.values())
    for server_id in sorted({*before.own, *after.own}):
        values = [{item['name']: item['value'] for item in one.own.get(server_id, ())} for one in (before, after)]
        found += [{**item, 'obproxyServerId': server_id} for item in _differing(*values)]
    return found


def _differing(before, after):
    return [{'name': name, 'before': before.get(name), 'after': after.get(name)}
            for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
