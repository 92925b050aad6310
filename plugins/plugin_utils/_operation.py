# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation on servers that an OBProxy cluster has: what its plans share."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._clusters import check_free, find_cluster
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._earlier import named, stopped_on_purpose
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, NOT_FOUND
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._graphs import places
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import BEFORE
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import (
    describe, describe_parameters, is_open, package_of)
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import task_view

MOST_NAMED = 20
CONTROLLER = 'localhost'


class Operation:
    """Plans one operation, within one transaction: everything is checked before anything is written."""

    task_name = ''
    steps = ()
    # What servers are in the registry while it is at work; None leaves them as they are.
    status = None
    # Whether servers that were stopped on purpose are left out where none is named: they cannot be told anything.
    spares_stopped = False
    # Whether servers can be named whose takeover was not completed: nothing is certain of them, not even their ports.
    takes_open = False

    def __init__(self, request, store, inventory, settings, check_mode):
        self.request = request
        self.store = store
        self.inventory = inventory
        self.settings = settings
        self.check_mode = check_mode
        self.cluster = None
        self.servers = []
        self.hosts = {}
        self.timeouts = {}
        self.rs_list = ''
        self.notes = []

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        self.store.lock()
        self.cluster = find_cluster(self.request, self.store, cluster_key)
        if self.cluster is None:
            return
        if not self.check_mode:
            check_free(self.request, self.store, self.cluster)
        self.servers = self.choose('obproxy_server_ids')
        self.hosts = self.resolve(self.servers)
        hosts = [self.inventory.host(name) for name in self.hosts]
        self.check_settings(hosts)
        self.timeouts = self.settings.timeouts(self.request, hosts)

    def check_settings(self, hosts):
        """Check the variables that the operation needs; each may need others."""
        if hosts:
            self.settings.check_sys_password(self.request, hosts)

    def choose(self, key):
        """Return the cluster's servers that the request names by their ids or hosts, all when it names none."""
        known = self.store.servers(cluster_id=self.cluster['id'])
        given = self.request.get(key)
        if not given:
            return self._without_stopped(known) if self.spares_stopped else known
        chosen = {}
        for index, one in enumerate(given):
            server = self._server(known, one)
            field = self.request.field(key, index)
            if server is None:
                self.unknown(field, one, known)
            elif is_open(server) and not self.takes_open:
                self.request.fault(
                    field, one, 'a server that was taken over', status=CONFLICT,
                    why=f"server {server['id']} is TAKINGOVER, as its takeover has not come to its end: run oceanbase.obproxy.take_over "
                        f"-e obproxy_cluster_id={self.cluster['id']} for its host again, then this")
            elif chosen.setdefault(server['id'], (server, field))[1] != field:
                self.request.fault(field, one, f"each server only once; it is also at {chosen[server['id']][1]}")
        return [server for server, field in chosen.values()]

    def unknown(self, field, given, known):
        """Refuse a server that the cluster does not have."""
        names = ', '.join(f"{row['id']} (host {row['host_id']})" for row in known[:MOST_NAMED]) or 'none'
        self.request.fault(field, given, f"the id or the host's name of a server of {self.cluster['name']}",
                           status=NOT_FOUND, why=f'it has {names}')

    def _without_stopped(self, known):
        stopped = stopped_on_purpose(self.store, self.cluster)
        if stopped:
            self.notes.append(f'Left as they are, because they were stopped on purpose: {named(stopped)}. '
                              'Once they are started, run the same command again.')
        return [row for row in known if row['id'] not in stopped]

    def _server(self, known, given):
        server_id = number(given)
        found = [row for row in known if row['id'] == server_id]
        if found or not isinstance(given, str):
            return next(iter(found), None)
        ids = self.store.hosts()
        host_ids = {ids.get(given), *(self.inventory.host(name).host_id for name in self.inventory.find(given, ids))} - {None}
        return next((row for row in known if row['host_id'] in host_ids), None)

    def resolve(self, servers):
        """Return the servers by their hosts' names in the inventory."""
        ids, found = self.store.hosts(), {}
        names = {host_id: name for name, host_id in ids.items()}
        for server in servers:
            there = self.inventory.find(server['host_id'], ids)
            if there:
                found[there[0]] = server
            else:
                self.request.fault(
                    'hosts', names[server['host_id']], 'a host of the inventory', status=NOT_FOUND,
                    why=f"server {server['id']} of {self.cluster['name']} is on it, obproxy_host_id {server['host_id']}")
        return found

    def write(self, actor, trace_id, lease):
        """Write the run with its task, and what servers are from now on; return the plan."""
        tasks = self.store.tasks
        run_id = tasks.add_run(self.request.operation, self.cluster['id'], actor, trace_id, lease)
        nodes = _timeouts.set_in(_dag.fan(self.steps, list(self.hosts)), self.timeouts)
        task_id = tasks.add_task(run_id, self.task_name, None, self._context(), nodes, actor, prohibit_rollback=True)
        for server in self.servers:
            self.store.update_server(server['id'], operate_status='OPERATING', **({'status': self.status} if self.status else {}))
        written = tasks.tasks(run_id)
        run = {'id': run_id, 'trace_id': trace_id, 'operation': self.request.operation, 'cluster_id': self.cluster['id'],
               'cluster_name': self.cluster['name'], 'check_mode': self.check_mode,
               'hosts': {name: places(written, name) for name in self.hosts or [CONTROLLER]}}
        told = describe_parameters(self.store, self.cluster, {server['id'] for server in self.servers})
        # Unless all parameters are set anew, a server has those that it has had.
        hosts = {name: {**describe(self.cluster, server, task_id, self.rs_list), 'request': self.cluster['request'],
                        'parameter_version': server['parameter_version'],
                        **told[server['id']],
                        'timeouts': _timeouts.of_host(written[0], name), 'trace_id': None if self.check_mode else trace_id,
                        **self.described(server)}
                 for name, server in self.hosts.items()}
        if not hosts:
            hosts[CONTROLLER] = {'task_id': task_id, 'server_id': None, 'cluster_name': self.cluster['name'],
                                 'timeouts': _timeouts.of_host(written[0], CONTROLLER)}
        return {'changed': True, 'data': task_view(written[0]), 'run': run, 'hosts': hosts, 'notes': self.notes, **self.more()}

    def described(self, server):
        """Return what the roles are told of a server beyond the common."""
        return {}

    def more(self):
        """Return what the plan says beyond the common."""
        return {}

    def _context(self):
        package = package_of(self.servers[0]) if self.servers else None
        strings = {
            'prohibit_rollback': True, 'service_name': self.cluster['name'], 'service_type': 'OB_PROXY',
            'obproxy_cluster_id': self.cluster['id'], 'obproxy_cluster_name': self.cluster['name'],
            'obproxy_parameter_version': self.cluster['parameter_version'],
            'obproxy_need_delete_cluster': self.request.operation == 'delete',
            'package_name': package['name'] if package else '',
            BEFORE: ', '.join(f"{server['id']} {server['status']}" for server in self.servers),
        }
        return _dag.context(strings, hosts=[server['host_id'] for server in self.servers],
                            servers=[server['id'] for server in self.servers], parallel=len(self.hosts) > 1, lists=False)
