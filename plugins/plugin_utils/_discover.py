# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuild a registry from the records that instances keep on their hosts."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm, _schema

CLUSTER_FIELDS = ('work_mode', 'config_url')


class Discovery:
    """One transaction: what the records tell and the registry lacks is written; what it has stays."""

    def __init__(self, store, inventory, surveys, creator):
        self._store = store
        self._inventory = inventory
        self._creator = creator
        self._found = [(host, record) for host in sorted(surveys) for record in surveys[host].get('records') or ()]
        self._running = {(host, one['record']['name']) for host, survey in surveys.items()
                         for one in survey.get('instances') or () if one['record']}
        self.clusters, self.servers = [], []
        self.problems = [f'{host}: {words}' for host in sorted(surveys) for words in surveys[host].get('problems') or ()]
        self.unmanaged = [
            {'host': host, 'sql_port': one['sql_port'], 'pid': one['pid'], 'version': one['version'], 'home': one['home']}
            for host in sorted(surveys) for one in surveys[host].get('instances') or () if not one['record']]

    def write(self):
        """Write it; tell whether anything was new."""
        self._store.lock()
        clusters = {name: self._cluster(name) for name in sorted({self._name(record) for _host, record in self._found} - {None})}
        for host, record in self._found:
            if self._name(record) is None:
                self.problems.append(f"{host}: the record {record['name']} does not tell its cluster")
            else:
                self._server(clusters[self._name(record)], host, record)
        self._store.catch_up_ids()
        return bool(self.clusters or self.servers)

    @staticmethod
    def _name(record):
        return record.get('cluster_name')

    def _cluster(self, name):
        known = self._store.cluster(name)
        if known:
            return known
        records = [record for _host, record in self._found if self._name(record) == name]
        record = max(records, key=lambda one: (one.get('parameter_version') or 0, one.get('server_id') or 0))
        request = record.get('request') or {}
        cluster = self._store.add_cluster(
            record.get('startup_parameters') or [], record.get('parameters') or [],
            parameter_version=record.get('parameter_version') or 1, name=name, address=request.get('address'),
            port=request.get('port'), ob_links=record.get('ob_links') or [], request=request, creator=self._creator,
            **{key: record.get(key) for key in CLUSTER_FIELDS}, **self._free('cluster', name, record.get('cluster_id')))
        self.clusters.append({'id': cluster['id'], 'name': name})
        return cluster

    def _free(self, kind, what, wanted):
        """Return the id as recorded, where it is free."""
        if not wanted:
            return {}
        taken = {'cluster': self._store.cluster, 'server': self._server_with, 'host': self._host_with}[kind](wanted)
        if not taken:
            return {'id': wanted}
        self.problems.append(f'{what}: the id {wanted} of its record is taken, it has another one now; taking it over again '
                             'brings its record up to date')
        return {}

    def _server_with(self, server_id):
        return self._store.servers(ids=[server_id])

    def _host_with(self, host_id):
        return host_id in self._store.hosts().values() or host_id in self._inventory.ids

    def _host_id(self, host, record):
        """The inventory's id, else the registry's, else the recorded one where it is free."""
        known = self._store.hosts()
        host_id = host.host_id or known.get(host.name) or self._free('host', host.name, record.get('host_id')).get('id')
        return host_id or max({0, *known.values(), *self._inventory.ids}) + 1

    def _server(self, cluster, name, record):
        host = self._inventory.host(name)
        host_id = self._host_id(host, record)
        self._store.put_host(host_id, host.name, host.ip)
        taken = [other for other in self._store.servers(host_id=host_id)
                 if other['sql_port'] == record['sql_port'] or other['cluster_id'] == cluster['id']]
        if taken:
            if (taken[0]['sql_port'], taken[0]['cluster_id']) != (record['sql_port'], cluster['id']):
                self.problems.append(f"{name}: the registry has {taken[0]['cluster_name']}-{taken[0]['sql_port']} there, "
                                     f"the host {record['name']}")
            return
        what = f"{record['name']} on {name}"
        status = self._status(name, record)
        server_id = self._store.add_server(
            cluster_id=cluster['id'], host_id=host_id, ip=host.ip, status=status, operate_status='NORMAL',
            last_active_time=_schema.utc_now() if status == 'RUNNING' else None,
            architecture=_architecture(record.get('version')), version=record.get('version') or None,
            parameter_version=record.get('parameter_version') or 0, sql_port=record['sql_port'],
            exporter_port=record.get('exporter_port'), rpc_port=record.get('rpc_port'), idc_name=record.get('idc'),
            **self._free('server', what, record.get('server_id')))
        self._store.history.give(cluster['id'], cluster['parameter_version'], server_id, record.get('own_parameters') or [])
        if status == 'RUNNING' and record.get('exporter_port'):
            self._store.put_exporter(server_id, host.ip, record['exporter_port'])
        self.servers.append({'id': server_id, 'name': record['name'], 'host': name, 'status': status})

    def _status(self, host, record):
        if record.get('state') == 'creating':
            return 'CREATING'
        return 'RUNNING' if (host, record['name']) in self._running else 'UNAVAILABLE'


def _architecture(version):
    try:
        return _rpm.parse(version)['arch'] if version else None
    except _rpm.NotAPackage:
        return None
