# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take servers out of a cluster, or the cluster with all of them."""

from __future__ import annotations

import dataclasses

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_operations
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._exporters import address, labels
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of


class Remove(Operation):
    """Takes some servers out of a cluster."""

    task_name = 'Delete obproxy server'
    steps = _dag_operations.OFFLINE
    status = 'DELETING'
    takes_open = True

    def check_settings(self, hosts):
        """Check where the exporters are to go from; signals take no password."""
        self.settings.check_monitoring(self.request, hosts)

    def unknown(self, field, given, known):
        """Take a server that is not there as gone already, so that the same command can be run again."""
        ids, server_id = self.store.hosts(), number(given)
        there = self.store.servers(ids=[server_id]) if server_id else []
        is_known = server_id or isinstance(given, str) and (given in ids or self.inventory.find(given, ids))
        note = f"Taken as gone already: {self.cluster['name']} has no server {given}."
        if there or not is_known:
            super().unknown(field, given, known)
        elif note not in self.notes:
            self.notes.append(note)

    def resolve(self, servers):
        """Leave out the hosts that are not to be touched, because they are gone for good."""
        skipped = self.choose('skip_host_operation_server_ids') if self.request.get('skip_host_operation_server_ids') else []
        ids = {server['id'] for server in skipped}
        for index, server in enumerate(skipped):
            if server['id'] not in {one['id'] for one in servers}:
                field = self.request.field('skip_host_operation_server_ids', index)
                self.request.fault(field, server['id'], 'one of the servers to be removed')
        return super().resolve([server for server in servers if server['id'] not in ids])

    def write(self, actor, trace_id, lease):
        """Write the plan; without servers there is nothing to do between its beginning and its end."""
        if not self.servers:
            self.steps = _dag_operations.DELETE_EMPTY
        elif not self.hosts:
            # The hosts are gone: the controller tells the monitoring.
            self.steps = tuple(dataclasses.replace(step, shared=True) for step in self.steps if step.role != 'uninstall_obproxy')
        return {**super().write(actor, trace_id, lease), 'changed': bool(self.servers)}

    def more(self):
        """Return the servers that nothing is done for on their hosts: their ids, and where Prometheus finds them."""
        touched = {server['id'] for server in self.hosts.values()}
        skipped = [server for server in self.servers if server['id'] not in touched]
        return {**super().more(), 'skipped_servers': [server['id'] for server in skipped],
                'skipped_targets': [self._target(server) for server in skipped if server['exporter_port']]}

    def _target(self, server):
        names = {host_id: name for name, host_id in self.store.hosts().items()}
        version = (package_of(server) or {}).get('version')
        return {'address': address(server['ip'] or names[server['host_id']], server['exporter_port']),
                'labels': labels(self.cluster['name'], self.cluster['id'], server['id'], version, server['idc_name'],
                                 self.cluster['work_mode'])}


class Delete(Remove):
    """Takes a whole cluster away; one without servers is gone with the plan."""

    task_name = 'Offline obproxy'

    def choose(self, key):
        """All servers go, whatever the request names."""
        return self.store.servers(cluster_id=self.cluster['id']) if key == 'obproxy_server_ids' else super().choose(key)

    def write(self, actor, trace_id, lease):
        """Write the plan."""
        plan = super().write(actor, trace_id, lease)
        if self.servers:
            return plan
        self.store.forget_cluster(self.cluster['id'])
        return {**plan, 'changed': True}
