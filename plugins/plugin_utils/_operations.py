# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on servers that a cluster has, by name."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_operations
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._links import Links
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._offline import Delete, Remove
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameters_operation import Parameters
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import Request
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rolling import Restart
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rotation import Credentials
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._upgrade import Upgrade


class Stop(Operation):
    """Stops servers so that they stay stopped."""

    task_name = 'Stop obproxy'
    steps = _dag_operations.STOP

    def check_settings(self, hosts):
        """Need none: signals take no password."""


class Start(Operation):
    """Starts servers that were stopped."""

    task_name = 'Start obproxy'
    steps = _dag_operations.START


OPERATIONS = {
    'stop': Stop, 'start': Start, 'restart': Restart, 'remove': Remove, 'delete': Delete, 'parameters': Parameters, 'links': Links,
    'credentials': Credentials, 'upgrade': Upgrade}


def plan_operation(name, body, cluster_key, store, inventory, settings, actor, trace_id, lease, check_mode):
    """Return {changed, data, run, hosts}; raise RequestError with every fault there is."""
    request = Request(name, body)
    operation = OPERATIONS[name](request, store, inventory, settings, check_mode)
    operation.check(cluster_key)
    if request.faults:
        raise RequestError(request.faults)
    return operation.write(actor, trace_id, lease)
