# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a cluster's parameters: their versions, and how the live servers differ from the present one."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameters import same
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import NOT_FOUND
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_change import difference
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import moment

# What every first start sets by itself.
OURS = {'enable_metadb_used': 'false', 'enable_strict_kernel_release': 'false'}


class ParameterInfo:
    """One cluster, with what was read from its servers: {host: the result of obproxy_live_parameter_info}."""

    def __init__(self, store, cluster, inventory, live):
        self._history = store.history
        self._cluster = cluster
        self._present = self._history.read(cluster['id'], cluster['parameter_version'])
        ids = store.hosts()
        recorded = {host_id: name for name, host_id in ids.items()}
        self.servers = {}
        for server in store.servers(cluster_id=cluster['id']):
            there = inventory.find(server['host_id'], ids)
            self.servers[there[0] if there else recorded[server['host_id']]] = server
        self._live = {host: found for host, found in (live or {}).items() if host in self.servers}

    def data(self):
        """Return all but the difference of two versions."""
        version = self._cluster['parameter_version']
        return {
            'obproxyClusterId': self._cluster['id'], 'obproxyClusterName': self._cluster['name'], 'parameterVersion': version,
            'parameters': self._grouped(), 'drift': self._drift(), 'history': self._versions(),
            'behind': [self._proxy(host) for host, server in self.servers.items() if server['parameter_version'] != version],
            'pendingRestart': {host: found['pending_restart'] for host, found in self._live.items() if found['pending_restart']},
            'notSurveyed': [host for host in self.servers if host not in self._live],
        }

    def difference(self, request, before, after):
        """Return what differs between two versions, None when no earlier one is named."""
        known = [row['version'] for row in self._history.versions(self._cluster['id'])]
        sets = {}
        for field, version in (('from_version', before), ('to_version', after or self._cluster['parameter_version'])):
            if version is not None and version not in known:
                request.fault(field, version, 'a version of the parameters', status=NOT_FOUND,
                              why=f"{self._cluster['name']} has {', '.join(map(str, sorted(known)))}")
            sets[field] = self._history.read(self._cluster['id'], version)
        return None if before is None else difference(sets['from_version'], sets['to_version'])

    def _versions(self):
        rows, found = self._history.versions(self._cluster['id']), []
        sets = [self._history.read(self._cluster['id'], row['version']) for row in rows]
        for index, row in enumerate(rows):
            changes = difference(sets[index + 1], sets[index]) if index + 1 < len(rows) else []
            found.append({'parameterVersion': row['version'], 'creator': row['creator'], 'createTime': moment(row['create_time']),
                          'changes': changes})
        return found

    def _proxy(self, host):
        server = self.servers[host]
        return {'id': server['id'], 'host': host, 'ip': server['ip'], 'sqlPort': server['sql_port'],
                'parameterVersion': server['parameter_version']}

    def _grouped(self):
        """Group the proxies by the values that they have; what is the same to OBProxy is one value."""
        said = self._present.values()
        own = {item['name'] for items in self._present.own.values() for item in items}
        differing = {name for found in self._live.values() for name in found['differing']}
        return [{'name': name, 'value': said.get(name), 'values': self._values(name)} for name in sorted({*said, *own, *differing})]

    def _values(self, name):
        groups = []
        for host, found in self._live.items():
            if name not in found['parameters']:
                continue
            value = found['parameters'][name]
            group = next((one for one in groups if same(name, one['value'], value)), None)
            if group is None:
                group = {'value': value, 'obproxies': []}
                groups.append(group)
            group['obproxies'].append(self._proxy(host))
        return groups

    def _drift(self):
        return [{**self._proxy(host), **item} for host in self._live for item in self._drifted(host)]

    def _drifted(self, host):
        """List what a server has otherwise than it is to have, or what nobody has said."""
        wanted, live = self._present.values_of(self.servers[host]['id']), self._live[host]
        found = [{'name': name, 'expected': value, 'value': live['parameters'][name]} for name, value in wanted.items()
                 if name in live['parameters'] and not same(name, live['parameters'][name], value)]
        found += [{'name': name, 'expected': None, 'value': live['parameters'][name]} for name in live['differing']
                  if name not in wanted and live['parameters'][name] != OURS.get(name)]
        return sorted(found, key=lambda item: item['name'])


def lines(data):
    """Return what matters of it as lines for people."""
    text = [f"cluster {data['obproxyClusterName']}  parameters of version {data['parameterVersion']}"]
    for item in data['parameters']:
        groups = '; '.join(f"{_said(group['value'])} on {', '.join(proxy['host'] for proxy in group['obproxies'])}" for group in item['values'])
        text.append(f"  {item['name']}  {_said(item['value'])}{'  live: ' + groups if groups else ''}")
    text += [f"drift  {item['host']}  {item['name']} is {_said(item['value'])}, the cluster says {_said(item['expected'])}"
             for item in data['drift']]
    text += [f"behind  {proxy['host']}  version {proxy['parameterVersion']}" for proxy in data['behind']]
    text += [f"pending restart  {host}  {', '.join(names)}" for host, names in data['pendingRestart'].items()]
    text += [f'not surveyed  {host}' for host in data['notSurveyed']]
    for version in data['history']:
        text.append(f"version {version['parameterVersion']}  {version['creator']}  {version['createTime']}")
        text += _changes(version['changes'])
    if data['difference'] is not None:
        text.append('difference')
        text += _changes(data['difference'])
    return text


def _changes(changes):
    return [f"  {change['name']}{' of server %d' % change['obproxyServerId'] if 'obproxyServerId' in change else ''}  "
            f"{_said(change['before'])} -> {_said(change['after'])}" for change in changes]


def _said(value):
    return 'nothing' if value is None else value or "''"
