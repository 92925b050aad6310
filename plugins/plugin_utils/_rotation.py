# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the passwords that an OBProxy cluster has for root@proxysys and for proxyro."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_operations
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation


class Credentials(Operation):
    """Changes the passwords, so that at every moment each OBProxy has one that OceanBase takes."""

    task_name = 'Change obproxy password'
    steps = _dag_operations.CREDENTIALS
    spares_stopped = True

    def check_settings(self, hosts):
        """Check the passwords, and that the accounts in OceanBase can be looked at."""
        super().check_settings(hosts)
        if not hosts:
            return
        self.rs_list = self.settings.check_links(self.request, hosts, self.cluster, with_servers=True)
        self.settings.flag(self.request, hosts, 'obproxy_force_account_change')
        if self.settings.flag(self.request, hosts, 'obproxy_reset_sys_password'):
            self.steps = _dag_operations.CREDENTIALS_RESET

    def more(self):
        """Return, by OB cluster, who would be locked out of it if its account were changed now."""
        return {'holds': {link['cluster_name']: [*self._not_chosen(), *self._sharing(link)] for link in self.cluster['ob_links']}}

    def _not_chosen(self):
        chosen = {server['id'] for server in self.servers}
        return [f"server {row['id']} ({self.cluster['name']}-{row['sql_port']}) is not among the chosen ones"
                for row in self.store.servers(cluster_id=self.cluster['id']) if row['id'] not in chosen]

    def _sharing(self, link):
        """Other OBProxy clusters log in to the same OB cluster with the same account."""
        names = {row['cluster_name'] for row in self.store.servers()} - {self.cluster['name']}
        return [f'the OBProxy cluster {name} logs in to it too' for name in sorted(names)
                if any(other['cluster_name'] == link['cluster_name'] for other in self.store.cluster(name)['ob_links'])]
