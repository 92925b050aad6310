# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rules
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._cluster_view import cluster_view
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._clusters import find_cluster
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Faults, RequestError

SPEC = {
    'cluster_id': {'type': 'str'},
    'address': {'type': 'str'},
    'port': {'type': 'int'},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Update where clients find a cluster."""

    def answer(self, args):
        values = self.checked(SPEC)
        request = Faults()
        wanted = {key: values[key] for key in ('address', 'port') if values[key] is not None}
        _rules.check_address(request, values['address'], values['port'])
        if not wanted:
            request.fault('address', None, 'an address, a port, or both')
        registry = self.registry(values)
        with (registry.rehearsal() if self.check_mode or not registry.exists else registry).transaction() as store:
            cluster = find_cluster(request, store, values['cluster_id'])
            if request.faults:
                raise RequestError(request.faults)
            before = {key: cluster[key] for key in wanted}
            if before != wanted:
                store.update_cluster(cluster['id'], request={**cluster['request'], **wanted}, **wanted)
            data = cluster_view(store, store.cluster(cluster['id']))
        return self._envelope.answer(data, changed=before != wanted, diff={'before': before, 'after': wanted})
