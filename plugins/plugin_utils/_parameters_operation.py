# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the parameters of a cluster."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_operations, _own_parameters
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_change import changed, difference
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_rules import Offline
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import name_fault, value_fault


class Parameters(Operation):
    """Sets parameters on a cluster's servers; what is new about them is a new version of the cluster's parameters."""

    task_name = 'Modify obproxy parameters'
    steps = _dag_operations.PARAMETERS
    spares_stopped = True

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        super().check(cluster_key)
        if self.cluster is None:
            return
        everybody = self.store.servers(cluster_id=self.cluster['id'])
        names = {host_id: name for name, host_id in self.store.hosts().items()}
        self.offline = Offline({names[server['host_id']]: server for server in everybody})
        self.present = self.store.history.read(self.cluster['id'], self.cluster['parameter_version'])
        wanted, own = self._wanted(), {server['id']: self._own(name, server) for name, server in self.hosts.items()}
        ids = {server['id'] for server in everybody}
        own = {**{server_id: items for server_id, items in self.present.own.items() if server_id in ids}, **own}
        self.coming = changed(self.present, wanted, own)
        self.changes = difference(self.present, self.coming)

    def _wanted(self):
        """Return {name: value} of what the request wants; None is to be forgotten."""
        wanted = {}
        for index, item in enumerate(self.request.get('parameters') or ()):
            if not {'name', 'value'} <= set(item):
                continue
            name, value = item['name'], item['value']
            expected = 'each parameter only once' if name in wanted else name_fault(name)
            if expected:
                self.request.fault(self.request.field('parameters', index, 'name'), name, expected)
            elif value is not None and value_fault(value):
                self.request.fault(self.request.field('parameters', index, 'value'), value, value_fault(value))
            elif value is not None or name not in self.present.values():
                self._check_offline(self.offline, lambda part, at=index: self.request.field('parameters', at, part), name, value)
            wanted[name] = value
        return wanted

    def _own(self, name, server):
        """Return what a server is to have of its own."""
        items = _own_parameters.read(self.request, self.inventory, name, self.cluster['name'])
        for item in items:
            field = f"{_own_parameters.VARIABLE} of {name}[{item['name']}]"
            self._check_offline(Offline({name: server}), lambda part, at=field: f'{at}.{part}', item['name'], item['value'])
        return items

    def _check_offline(self, offline, field, name, value):
        fault = offline.fault(name, value)
        if fault:
            part, expected, why = fault
            self.request.fault(field(part), name if part == 'name' else value, expected, why=why)

    def write(self, actor, trace_id, lease):
        """Write the plan, with a new version of the parameters where something is new about them."""
        before = self.cluster['parameter_version']
        if self.changes:
            self.cluster['parameter_version'] = before + 1
            self.store.history.write(self.cluster['id'], before + 1, self.coming, actor.creator)
            self.store.update_cluster(self.cluster['id'], parameter_version=before + 1)
        return {**super().write(actor, trace_id, lease), 'changed': bool(self.changes)}

    def described(self, server):
        """Return what the roles are told: all that the cluster says, what a first start is given too, and what the record keeps."""
        return {
            'parameter_version': self.cluster['parameter_version'],
            'parameters': [*self.coming.startup, *self.coming.ordinary],
            'record': {'parameter_version': self.cluster['parameter_version'], 'startup_parameters': self.coming.startup,
                       'parameters': self.coming.ordinary, 'own_parameters': self.coming.own.get(server['id'], [])},
        }

    def more(self):
        """Return the version that the cluster has then, and what is new about it."""
        diff = {when: {_label(change): change[when] for change in self.changes} for when in ('before', 'after')}
        return {'parameter_version': self.cluster['parameter_version'], 'parameter_changes': self.changes, 'diff': diff}


def _label(change):
    return f"{change['name']} of server {change['obproxyServerId']}" if 'obproxyServerId' in change else change['name']
