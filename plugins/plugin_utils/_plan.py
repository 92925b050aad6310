# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a request: check it, write servers and task graphs, tell the roles what to do on each host."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _leases, _rules
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Fault, RegistryError, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._planner import Planner
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import Request


def plan(operation, body, cluster_key, inventory, settings, registry, actor, trace_id, check_mode=False,
         lease=_leases.SECONDS):
    """Return {changed, data, run, hosts}; raise RequestError with every fault there is.

    Where there is no registry yet, a rehearsal comes first: a refused request leaves no file behind.
    """
    if not isinstance(body, Mapping):
        raise RequestError([Fault.of('request', f'of type {type(body).__name__}', "an object: OCP's request body")])

    def carry_out(where):
        request = Request(operation, body)
        _rules.check(request)
        try:
            with where.transaction() as store:
                planner = Planner(request, store, inventory, settings)
                planner.check(cluster_key)
                if not check_mode:
                    planner.check_free()
                _refuse(request)
                return planner.write(actor, trace_id, check_mode, lease)
        except RegistryError:
            _refuse(request)
            raise

    if check_mode or not registry.exists:
        rehearsal = carry_out(registry.rehearsal())
        if check_mode:
            return rehearsal
    return carry_out(registry)


def _refuse(request):
    if request.faults:
        raise RequestError(request.faults)
