# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told of parameters without a live OBProxy: names, kinds and ranges of the versions whose source is public."""

from __future__ import annotations

import difflib
import ipaddress
import re

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _values
from ansible_collections.oceanbase.obproxy.plugins.module_utils._catalogue import COVERED, PARAMETERS
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of

PUBLIC = 'obproxy-ce'
GONE = '-'
# OBProxy reads these as C does, in eights and sixteens: it is left to judge them.
NOT_DECIMAL = re.compile('-?0[0-9x]', re.IGNORECASE)
QUANTITIES = {'INT': _values.whole, 'CAP': _values.size, 'TIME': _values.duration}
WORDS = {
    'BOOL': 'true or false', 'IP': 'an IP address', 'INT': 'a whole number',
    'CAP': 'a size such as 64K, 512M or 2G (a bare number means megabytes)',
    'TIME': 'a time such as 500ms, 60s or 1h (a bare number means seconds)',
}


def version_of(server):
    """Return a server's version where the table covers it, else None."""
    package = package_of(server)
    if not package or package['name'] != PUBLIC:
        return None
    version = tuple(int(part) for part in re.findall(r'\d+', package['version'])[:3])
    return version if COVERED[0] <= version <= COVERED[-1] else None


def has(name, version):
    """Tell whether a covered version has a parameter; None where the neighbours of a version that is not public differ."""
    if name not in PARAMETERS:
        return False
    before = _has(name, max(one for one in COVERED if one <= version))
    after = _has(name, min(one for one in COVERED if one >= version))
    return before if before == after else None


def _has(name, version):
    changes = [marker for since, marker in PARAMETERS[name].changes if since <= version]
    return bool(changes) and changes[-1] != GONE


class Offline:
    """The servers of a cluster, as far as the table covers them."""

    def __init__(self, servers):
        """Take the registry's rows by the names under which they are spoken of."""
        self._versions = {label: version_of(server) for label, server in servers.items()}

    def lacking(self, name):
        """Return the servers that are known not to have a parameter."""
        return [label for label, version in self._versions.items() if version and has(name, version) is False]

    def fault(self, name, value):
        """Return (field, what is expected, why) of a parameter that cannot be set; None when it can, or nobody knows."""
        if name in PARAMETERS and PARAMETERS[name].kind == 'CMD':
            return 'name', 'a parameter; this is a command that OBProxy carries out once, when it is set', None
        if self._versions and len(self.lacking(name)) == len(self._versions):
            return 'name', 'a parameter that a server of the cluster has', self._nearest(name)
        if value is None or not any(version and has(name, version) for version in self._versions.values()):
            return None
        expected = expectation(name, value)
        return ('value', expected, None) if expected else None

    def _nearest(self, name):
        known = [one for one in PARAMETERS if any(has(one, version) for version in self._versions.values())]
        near = difflib.get_close_matches(name, known, 1)
        if near:
            return f'did you mean {near[0]}?'
        versions = sorted({'.'.join(map(str, version)) for version in self._versions.values()})
        return f"OBProxy {', '.join(versions)} {'has' if len(versions) == 1 else 'have'} none of this name"


def expectation(name, value):
    """Return what is expected instead of a value of this parameter, None when it will do."""
    kind, limits = PARAMETERS[name].kind, PARAMETERS[name].range
    words = WORDS.get(kind)
    if kind == 'BOOL':
        return None if _values.boolean(value) is not None else words
    if kind == 'IP':
        return None if _is_address(value) else words
    if kind not in QUANTITIES or NOT_DECIMAL.match(value):
        return None
    amount = _amount(kind, value)
    if amount is not None and (not limits or _within(kind, amount, limits)):
        return None
    return words + (f' in {limits}' if limits else '')


def _amount(kind, text):
    amount = QUANTITIES[kind](text.lstrip('-'))
    return -amount if amount and text.startswith('-') else amount


def _within(kind, amount, limits):
    low, high = (_amount(kind, text) if text else None for text in limits[1:-1].split(','))
    above = low is None or amount > low or (amount == low and limits[0] == '[')
    below = high is None or amount < high or (amount == high and limits[-1] == ']')
    return above and below


def _is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False
