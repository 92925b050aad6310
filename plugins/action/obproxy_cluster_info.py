# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._cluster_view import cluster_view, places
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._clusters import find_cluster
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Faults, RequestError

SPEC = {
    'cluster_id': {'type': 'str'},
    'live': {'type': 'bool', 'default': False},
    'seen': {'type': 'dict', 'default': {}},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Tell of clusters and their servers."""

    def answer(self, args):
        values = self.checked(SPEC)
        seen = {str(key): answer for key, answer in values['seen'].items()} if values['live'] else None
        with self.reading(values) as store:
            clusters = self._clusters(store, values['cluster_id'])
            views = [cluster_view(store, cluster, seen) for cluster in clusters]
            hosts = places(store, clusters, self._inventory())
        data = {'contents': views} if values['cluster_id'] is None else views[0]
        return self._envelope.answer(data, changed=False, hosts=hosts)

    @staticmethod
    def _clusters(store, key):
        if key is None:
            return [store.cluster(cluster_id) for cluster_id, name in store.cluster_names()]
        request = Faults()
        found = find_cluster(request, store, key)
        if request.faults:
            raise RequestError(request.faults)
        return [found]
