# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a plan within one transaction: checks first, then what is written."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _body, _own_parameters, _rpm
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._clusters import check_free, find_cluster
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._graphs import write_tasks
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._hosts import identify
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import resolve
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import install_path
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import (
    allot_rpc_port, check_servers, describe, describe_parameters, is_open, server_of)


class Planner:
    """Plans one request."""

    def __init__(self, request, store, inventory, settings):
        self.request = request
        self.store = store
        self._inventory = inventory
        self._settings = settings
        self.hosts = []
        # The servers that the registry knows on each host.
        self.there = {}
        self.cluster = None
        self.wanted = {}
        self.package = None

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        request = self.request
        self.store.lock()
        self.package = self._package()
        before = len(request.faults)
        known = self.store.hosts()
        self.hosts = resolve(request, self._inventory, known)
        identify(request, self.hosts, self._inventory, known)
        servers = self.store.servers(host_ids=[host.host_id for host in self.hosts])
        self.there = {host.name: [row for row in servers if row['host_id'] == host.host_id] for host in self.hosts}
        hosts_are_sure = len(request.faults) == before
        self.cluster = self._cluster(cluster_key)
        differs = False
        if request.operation == 'create':
            self.wanted = _body.wanted(request, self.hosts, self.package)
            if self.cluster:
                differs = _body.compare(request, self.cluster, self.wanted, hosts_are_sure)
        name = self.cluster['name'] if self.cluster else request.get('name')
        self._own = {host.name: _own_parameters.read(request, self._inventory, host.name, name) for host in self.hosts}
        if not differs:
            check_servers(self)
        if self.cluster or request.operation == 'create':
            self.found = self._settings.check(request, self.hosts, self.cluster or self._coming_cluster(), self.package)

    def _coming_cluster(self):
        request = self.request
        faulty = tuple(fault.field for fault in request.faults)
        links = [link for index, link in enumerate(request.get('ob_links') or ())
                 if not any(field.startswith(request.field('ob_links', index)) for field in faulty)]
        return {'work_mode': request.get('work_mode') or '', 'ob_links': links}

    def _package(self):
        version = self.request.get(*install_path(self.request, 'version'))
        try:
            return _rpm.parse(version) if version and self.request.operation != 'take_over' else None
        except _rpm.NotAPackage:
            return None

    def _cluster(self, key):
        if self.request.operation == 'create':
            name = self.request.get('name')
            return self.store.cluster(name) if name and not name.isdecimal() else None
        return find_cluster(self.request, self.store, key)

    def check_free(self):
        """Refuse a cluster on which another run is at work; close those that have died."""
        check_free(self.request, self.store, self.cluster)

    def write(self, actor, trace_id, check_mode, lease):
        """Write cluster, servers, tasks; return the plan."""
        changed = self._write_cluster(actor)
        servers = {}
        for host in self.hosts:
            self.store.put_host(host.host_id, host.name, host.ip)
            server, is_other = self._write_server(host)
            changed = changed or is_other
            servers[host.name] = server
        run, data, timeouts = write_tasks(self, servers, actor, trace_id, lease)
        run['check_mode'] = check_mode
        told = describe_parameters(self.store, self.cluster, {server['id'] for server in servers.values()})
        hosts = {}
        for name, server in servers.items():
            hosts[name] = describe(self.cluster, server, run['hosts'][name]['task_id'], self.found['rs_list'])
            hosts[name].update(told[server['id']], request=self.cluster['request'], is_running=server['status'] == 'RUNNING',
                               timeouts=timeouts[name], trace_id=None if check_mode else trace_id)
            if self.request.operation == 'take_over':
                hosts[name]['cluster_versions'] = self._versions()
        plan = {'changed': changed, 'data': data, 'run': run, 'hosts': hosts}
        if self.request.operation != 'take_over':
            plan['rollback_on_failure'] = self.found['rollback_on_failure'] and not check_mode
        return plan

    def _forget_open(self, host, sql_port):
        """Take a server that another cluster has failed to take over out of the way."""
        for other in list(self.there[host.name]):
            if other['sql_port'] == sql_port and is_open(other):
                self._remove(host, other)

    def _remove(self, host, server):
        self.store.remove_server(server['id'])
        self.there[host.name].remove(server)

    def _versions(self):
        """List the versions that the cluster's servers have."""
        return sorted({server['version'] for server in self.store.servers(cluster_id=self.cluster['id']) if server['version']})

    def _write_cluster(self, actor):
        url = self.found['config_url']
        if self.cluster is None:
            body = self.wanted
            self.cluster = self.store.add_cluster(
                body['startup_parameters'], body['parameters'], name=body['name'], address=body['address'],
                port=body['port'], work_mode=body['work_mode'], config_url=url, ob_links=self.request_links(),
                request=body, creator=actor.creator)
            return True
        if url and url != self.cluster['config_url']:
            self.store.update_cluster(self.cluster['id'], config_url=url)
            self.cluster['config_url'] = url
            return True
        return False

    def request_links(self):
        """Return the request's OB links without the keys that OCP's sample has too many."""
        return [_body.link(item) for item in self.request.get('ob_links')]

    def _write_server(self, host):
        there = self.there[host.name]
        known = server_of(there, self.cluster)
        if known and is_open(known) and (self.request.operation != 'take_over' or known['sql_port'] != host.sql_port):
            self._remove(host, known)
            known = None
        if known:
            values = {'operate_status': 'OPERATING', 'ip': host.ip}
            if known['rpc_port'] is None and known['exporter_port'] is not None:
                values['rpc_port'] = allot_rpc_port(there, known['sql_port'], known['exporter_port'])
            idc = self.found['idc'].get(host.name, known['idc_name'])
            self.store.update_server(known['id'], idc_name=idc, **values)
            return {**known, **values, 'idc_name': idc}, idc != known['idc_name']
        values = {'cluster_id': self.cluster['id'], 'host_id': host.host_id, 'ip': host.ip, 'parameter_version': 0,
                  'idc_name': self.found['idc'].get(host.name)}
        if self.request.operation == 'take_over':
            values.update(sql_port=host.sql_port, status='TAKINGOVER')
        else:
            sql, exporter = (self.request.get(*install_path(self.request, key)) for key in ('sql_port', 'exporter_port'))
            values.update(
                sql_port=sql, exporter_port=exporter, rpc_port=allot_rpc_port(there, sql, exporter),
                version=self.package['file'], architecture=self.package['arch'], status='CREATING')
        self._forget_open(host, values['sql_port'])
        server_id = self.store.add_server(**values)
        self.store.history.give(self.cluster['id'], self.cluster['parameter_version'], server_id, self._own[host.name])
        return {'exporter_port': None, 'rpc_port': None, 'version': None, **values, 'id': server_id}, True
