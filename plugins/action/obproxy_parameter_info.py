# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import RequestAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._clusters import find_cluster
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Faults, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_info import ParameterInfo, lines

SPEC = {
    'cluster_id': {'type': 'str'},
    'from_version': {'type': 'int'},
    'to_version': {'type': 'int'},
    'live': {'type': 'dict', 'default': {}},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(RequestAction):
    """Tell what is known of a cluster's parameters."""

    def answer(self, args):
        values, faults = self.checked(SPEC), Faults()
        with self.reading(values) as store:
            cluster = find_cluster(faults, store, values['cluster_id'])
            if cluster is None:
                raise RequestError(faults.faults)
            info = ParameterInfo(store, cluster, self._inventory(), values['live'])
            data = {**info.data(), 'difference': info.difference(faults, values['from_version'], values['to_version'])}
        if faults.faults:
            raise RequestError(faults.faults)
        hosts = {host: {'name': f"{cluster['name']}-{server['sql_port']}", 'sql_port': server['sql_port']}
                 for host, server in info.servers.items()}
        return self._envelope.answer(data, changed=False, hosts=hosts, lines=lines(data))
