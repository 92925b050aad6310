# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters that a server has of its own: its host's variable obproxy_parameters.

A host can have servers of several clusters: an item with the name of one is for that one alone.
"""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import PARAMETER
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import convert
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import name_fault, value_fault
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE, UNRESOLVED, look_up

VARIABLE = 'obproxy_parameters'
FORM = "a list of {name, value}, with a cluster's name where one is for that alone"


def read(faults, inventory, host, cluster):
    """Return [{name, value}] of a host's own for a cluster, by its name; what is wrong with them is added to the faults."""
    field = f'{VARIABLE} of {host}'
    given = look_up(inventory.variables[host].get, VARIABLE, templated=False)
    if given is None:
        return []
    if not isinstance(given, list):
        faults.fault(field, CANNOT_RESOLVE if given is UNRESOLVED else given, FORM)
        return []
    common, special = {}, {}
    for index, one in enumerate(given):
        item = _item(faults, f'{field}[{index}]', one)
        if item is None or one.get('cluster') not in (None, cluster):
            continue
        items = common if one.get('cluster') is None else special
        if items.setdefault(item['name'], item) is not item:
            faults.fault(field, item['name'], 'each parameter only once')
    return list({**common, **special}.values())


def _item(faults, field, given):
    if not isinstance(given, dict) or set(given) - {'cluster'} != {'name', 'value'} or not isinstance(given.get('cluster', ''), str):
        faults.fault(field, given, "an object with name and value, and a cluster's name where it is for that one alone")
        return None
    item = {}
    for part, rule in zip(PARAMETER, (name_fault, value_fault)):
        value, expected = convert(part, given[part.name])
        expected = expected or rule(value)
        if expected:
            faults.fault(f'{field}.{part.name}', given[part.name], expected)
        item[part.name] = value
    return item
