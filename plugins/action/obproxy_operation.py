# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import RequestAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operations import OPERATIONS, plan_operation

SPEC = {
    'operation': {'type': 'str', 'required': True, 'choices': sorted(OPERATIONS)},
    'cluster_id': {'type': 'str'},
    'request': {'type': 'raw'},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(RequestAction):
    """Plan an operation on servers that a cluster has."""

    def answer(self, args):
        values = self.checked(SPEC)
        body = self._body({'request': values['request'] or {}})
        registry = self.registry(values)
        # Where there is no registry, there is no cluster either: refusing that leaves no file behind.
        if self.check_mode or not registry.exists:
            registry = registry.rehearsal()
        with registry.transaction() as store:
            plan = plan_operation(
                values['operation'], body, values['cluster_id'], store, self._inventory(), self._settings(), self._actor,
                self._envelope.trace_id, self.lease(), self.check_mode)
        return self._envelope.answer(plan.pop('data'), **plan)
