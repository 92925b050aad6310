# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long subtasks may take: as their graphs say, or as the variable obproxy_timeouts does."""

from __future__ import annotations

import dataclasses
import difflib

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _dag_operations
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number

NAME = 'obproxy_timeouts'
LONGEST = 10 ** 7
GRAPHS = [graph for module in (_dag, _dag_operations) for graph in vars(module).values() if isinstance(graph, tuple)]
ROLES = sorted({step.role for graph in GRAPHS for step in graph if isinstance(step, _dag.Step)})


def check(request, given):
    """Return {role: seconds} of what is given; what is wrong with it is added to the request's faults."""
    if not isinstance(given or {}, dict):
        request.fault(NAME, given, 'a dict of seconds by subtask, such as {install_package: 7200}')
        return {}
    return {role: seconds for role, seconds in (
        (role, _seconds(request, role, text)) for role, text in (given or {}).items()) if seconds is not None}


def _seconds(request, role, given):
    field = f'{NAME}.{role}'
    if role not in ROLES:
        near = difflib.get_close_matches(str(role), ROLES, n=1)
        request.fault(field, given, f"a subtask's role, one of {', '.join(ROLES)}", why=f'did you mean {near[0]}?' if near else None)
        return None
    seconds = 0 if str(given) == '0' else number(given)
    if seconds is None or seconds > LONGEST:
        request.fault(field, given, 'whole seconds, 0 for no limit')
        return None
    return seconds


def set_in(nodes, given):
    """Give the nodes of a graph other timeouts, by role; return them."""
    for node in nodes:
        node.step = dataclasses.replace(node.step, timeout=given.get(node.step.role, node.step.timeout))
    return nodes


def of_host(task, name):
    """Return the seconds that each subtask of a task may take on a host, by role."""
    return {row['role']: row['timeout'] for row in task['subtasks'] if row['host'] in (None, name)}
