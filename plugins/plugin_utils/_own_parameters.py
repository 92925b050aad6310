# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters that a server has of its own: its host's variable obproxy_parameters."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import PARAMETER
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import convert
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import name_fault, value_fault
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE, UNRESOLVED, look_up

VARIABLE = 'obproxy_parameters'
FORM = 'a list of {name, value}'


def read(faults, inventory, host):
    """Return [{name, value}] of a host's own; what is wrong with them is added to the faults."""
    field = f'{VARIABLE} of {host}'
    given = look_up(inventory.variables[host].get, VARIABLE, templated=False)
    if given is None:
        return []
    if not isinstance(given, list):
        faults.fault(field, CANNOT_RESOLVE if given is UNRESOLVED else given, FORM)
        return []
    items = [_item(faults, f'{field}[{index}]', item) for index, item in enumerate(given)]
    names = [item['name'] for item in items if item]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.fault(field, name, 'each parameter only once')
    return [item for item in items if item]


def _item(faults, field, given):
    if not isinstance(given, dict) or set(given) != {'name', 'value'}:
        faults.fault(field, given, 'an object with name and value')
        return None
    item = {}
    for part, rule in zip(PARAMETER, (name_fault, value_fault)):
        value, expected = convert(part, given[part.name])
        expected = expected or rule(value)
        if expected:
            faults.fault(f'{field}.{part.name}', given[part.name], expected)
        item[part.name] = value
    return item
