# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take up tasks that have failed: retry them, skip one of their subtasks, or roll them back."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states, _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, NOT_FOUND, Faults, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._leases import SUPERSEDED, held_by
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._outcome import settle
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import bury, server_ids
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import describe, describe_parameters, package_of, was_there
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_results import concerns, outcomes
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import task_view

OPERATIONS = ('create', 'batch_add', 'take_over')
PROHIBITED = 'prohibitRollback is set: servers of it were there before, and would be removed'


class Resume:
    """Plans what is done with tasks of one run, within one transaction."""

    def __init__(self, store, inventory, settings, actor, lease, trace_id=None):
        self._store = store
        self._inventory = inventory
        self._settings = settings
        self._actor = actor
        self._lease = lease
        self._trace_id = trace_id
        self._request = Faults()

    def retry(self, task_id, cluster):
        """Run a task's failed subtasks again, or those of all failed tasks of the last run."""
        tasks = self._open('obproxy_task_id', self._tasks(task_id, cluster))
        todo = {task['id']: {host: _remaining(task, host) for host in _hosts(task)} for task in tasks}
        for task in tasks:
            self._begin(task, _states.RETRY)
            self._prepare_retry(task, todo[task['id']])
        return self._plan('retry', tasks, todo)

    def skip(self, subtask_id):
        """Take a failed subtask for done; its hosts go on behind it."""
        task, row = self._subtask(subtask_id)
        tasks = self._open('obproxy_subtask_id', [task])
        if row['status'] != _states.FAILED:
            self._refuse('obproxy_subtask_id', subtask_id, 'a subtask that has failed', why=f"it is {row['status']}")
        self._begin(task, _states.SKIP)
        self._store.tasks.set_operation([row['id']], _states.SKIP)
        self._move([(row['id'], _states.SUCCESSFUL)])
        row.update(status=_states.SUCCESSFUL, operation=_states.SKIP)
        hosts = [host for host in _hosts(task) if row['host'] in (None, host)]
        todo = {task['id']: {host: _remaining(task, host) for host in hosts}}
        self._prepare_retry(task, todo[task['id']])
        return self._plan('skip', tasks, todo)

    def rollback(self, task_id):
        """Undo a task, from the last subtask that was begun back to the first."""
        if task_id is None:
            self._refuse('obproxy_task_id', None, 'the id of a task')
        tasks = self._open('obproxy_task_id', self._tasks(task_id, None))
        task = tasks[0]
        if task['prohibit_rollback']:
            self._refuse('obproxy_task_id', task_id, 'a task that may be rolled back', why=PROHIBITED)
        todo = {task['id']: {host: self._begun(task, host) for host in _hosts(task)}}
        self._begin_rollback(task, todo[task['id']])
        return self._plan('rollback', tasks, todo, needs_settings=False)

    def undo_failed(self, run):
        """Undo what the hosts of a run that is about to end have failed at, and nothing of the others."""
        if self._store.tasks.is_superseded(run['id'], run.get('trace_id')):
            return self._superseded(run)
        self.run = self._store.tasks.run(run['id'])
        self._trace_id = self.run['trace_id']
        if not self.run['recorded']:
            settle(self._store, self.run)
        tasks, results, todo = self._store.tasks.tasks(run['id']), [], {}
        for task in tasks:
            entries = outcomes(task)
            failed = [entry['host'] for entry in entries if entry['status'] == _states.FAILED and entry['host']]
            if failed and not task['prohibit_rollback']:
                todo[task['id']] = self._chains_to_undo(task, failed)
            results += [{**entry, 'rollback_error': PROHIBITED} if task['prohibit_rollback'] and entry['host'] in failed else entry
                        for entry in entries]
        tasks = [task for task in tasks if task['id'] in todo]
        if not tasks:
            return {'changed': False, 'data': None, 'run': run, 'hosts': {}, 'roles': [], 'results': results}
        self.cluster = self._store.cluster(self.run['cluster_id'])
        for task in tasks:
            self._begin_rollback(task, todo[task['id']])
        return {**self._plan('rollback', tasks, todo, needs_settings=False), 'results': results}

    def _superseded(self, run):
        """Leave all as it is: what is on the hosts now may be another run's."""
        results = [{**entry, 'rollback_error': SUPERSEDED} if entry['status'] == _states.FAILED else entry
                   for task in self._store.tasks.tasks(run['id']) for entry in outcomes(task)]
        return {'changed': False, 'data': None, 'run': run, 'hosts': {}, 'roles': [], 'results': results}

    def _chains_to_undo(self, task, failed):
        """Return what each failed host has begun; what it shares with others is theirs, unless it failed there for this one."""
        hosts = _hosts(task)

        def mine(row, host):
            return row['host'] or set(failed) == set(hosts) or row['status'] == _states.FAILED and concerns(row, host, hosts)
        return {host: [row for row in self._begun(task, host) if mine(row, host)] for host in failed}

    def _begin_rollback(self, task, chains):
        rows = {row['id']: row for chain in chains.values() for row in chain}
        self._begin(task, _states.ROLLBACK)
        self._store.tasks.set_operation(rows, _states.ROLLBACK)
        self._move([(row['id'], _states.PENDING) for row in rows.values()
                    if row['status'] in (_states.SUCCESSFUL, _states.FAILED, _states.READY)])

    def _begun(self, task, host):
        """Return what a host has begun and not undone, the last first; where nobody has recorded it, it may be anything.

        A call that has died may have done what shares it, too: the survey prepares the instance.
        """
        chain = _chain(task, host)
        begun = {row['role'] for row in chain if row['start_time'] or not self.run['recorded']}
        begun |= {'prepare_create'} if 'prepare_install' in begun else set()
        return [row for row in reversed(chain) if row['role'] in begun and not _states.is_undone(row)]

    def _tasks(self, task_id, cluster):
        tasks, table = self._store.tasks, _schema.table('tasks')
        if task_id is not None:
            return tasks.tasks_where(table.c.id == task_id) or self._refuse(
                'obproxy_task_id', task_id, 'the id of a task in the registry', NOT_FOUND)
        run = tasks.last_run(cluster and self._cluster_id(cluster))
        if run is None:
            self._refuse('obproxy_task_id', None, 'the id of a task', NOT_FOUND, 'the registry knows no run')
        self._close_dead(run)
        found = [task for task in tasks.tasks(run['id']) if task['status'] != _states.SUCCESSFUL]
        return found or self._refuse('obproxy_task_id', None, 'the id of a task that has failed',
                                     why=f"run {run['id']}, the last one, has none")

    def _cluster_id(self, key):
        cluster = self._store.cluster(key)
        return cluster['id'] if cluster else self._refuse(
            'obproxy_cluster_id', key, 'the id or the name of an OBProxy cluster in the registry', NOT_FOUND)

    def _subtask(self, subtask_id):
        table = _schema.table('tasks')
        task_id = self._store.tasks.task_of(subtask_id)
        if task_id is None:
            self._refuse('obproxy_subtask_id', subtask_id, 'the id of a subtask in the registry', NOT_FOUND)
        task = self._store.tasks.tasks_where(table.c.id == task_id)[0]
        run = self._store.tasks.run(task['run_id'])
        if self._store.tasks.is_dead(run):
            self._close_dead(run)
            task = self._store.tasks.tasks_where(table.c.id == task_id)[0]
        return task, next(row for row in task['subtasks'] if row['id'] == subtask_id)

    def _close_dead(self, run):
        if run['cluster_id'] is not None:
            bury(self._store, run['cluster_id'])

    def _open(self, field, tasks):
        """Return tasks that may be taken up, as they are when dead runs are closed."""
        store = self._store.tasks
        self.run = store.run(tasks[0]['run_id'])
        ids = [task['id'] for task in tasks]
        if self.run['operation'] not in OPERATIONS:
            self._refuse(field, ids[0], 'a task of create, batch_add or take_over', why=f"{self.run['operation']} is run again as a whole")
        self._close_dead(self.run)
        self.cluster = self._store.cluster(self.run['cluster_id']) if self.run['cluster_id'] else None
        if self.cluster is None:
            self._refuse(field, ids[0], 'a task whose cluster is in the registry', why='it was rolled back')
        holder = store.holder(self.cluster['id'])
        if holder:
            self._refuse(field, ids[0], 'a task on whose cluster no run is at work', why=held_by(holder))
        tasks[:] = store.tasks_where(_schema.table('tasks').c.id.in_(ids))
        for task in tasks:
            if task['status'] != _states.FAILED:
                self._refuse(field, task['id'], 'a task that has failed', why=f"it is {task['status']}")
            self._check_servers(field, task)
        return tasks

    def _check_servers(self, field, task):
        wanted = server_ids([task])
        known = {row['id'] for row in self._store.servers(ids=wanted)}
        if wanted - known:
            self._refuse(field, task['id'], 'a task whose servers are in the registry', why='it was rolled back')
        for other in self._store.tasks.later_tasks(task['id'], self.cluster['id']):
            if wanted & server_ids([other]):
                self._refuse(field, task['id'], f"task {other['id']}", why='it is newer and has worked on the same server')

    def _refuse(self, field, given, expected, status=CONFLICT, why=None):
        self._request.fault(field, given, expected, status=status, why=why)
        raise RequestError(self._request.faults)

    def _begin(self, task, operation):
        self._store.tasks.update_task(
            task['id'], operation=operation, status=_states.RUNNING, finish_time=None, executor=self._actor.executor)

    def _move(self, moves):
        self._store.tasks.move([(*move, None, None) for move in moves])

    def _prepare_retry(self, task, chains):
        """Let what has to be done again wait; the first of each chain is ready."""
        rows = {row['id']: row for chain in chains.values() for row in chain}
        first = {chain[0]['id'] for chain in chains.values() if chain}
        self._store.tasks.set_operation(
            [key for key, row in rows.items() if row['status'] == _states.FAILED], _states.RETRY)
        self._store.tasks.set_operation(
            [key for key, row in rows.items() if row['operation'] == _states.ROLLBACK], _states.EXECUTE)
        moves = [(key, _states.READY if key in first else _states.PENDING) for key, row in rows.items()
                 if row['status'] in (_states.FAILED, _states.SUCCESSFUL)]
        self._move(moves)

    def _plan(self, operation, tasks, todo, needs_settings=True):
        store = self._store.tasks
        store.update_run(self.run['id'], status=_states.RUNNING, finish_time=None, recorded=False, trace_id=self._trace_id,
                         **store.leased(self._lease))
        servers = {row['host_id']: row for row in self._store.servers(cluster_id=self.cluster['id'])}
        ids = self._store.hosts()
        by_host = {host: (task, servers[ids[host]]) for task in tasks for host in todo[task['id']] if ids.get(host) in servers}
        found = self._settings_for(by_host, needs_settings)
        store.set_timeouts([row for chains in todo.values() for chain in chains.values() for row in chain], found['timeouts'])
        told = describe_parameters(self._store, self.cluster, {server['id'] for _task, server in by_host.values()})
        hosts, places = {}, {}
        for name, (task, server) in by_host.items():
            chain = todo[task['id']][name]
            if not chain and operation != 'rollback':
                continue
            failed = next((row['role'] for row in chain if row['status'] == _states.FAILED), None)
            hosts[name] = describe(self.cluster, server, task['id'], found['rs_list'])
            hosts[name].update(told[server['id']], request=self.cluster['request'],
                               timeouts={**_timeouts.of_host(task, name), **found['timeouts']}, trace_id=self._trace_id,
                               failed_role=failed if operation == 'retry' and not was_there(server) else None)
            if self.run['operation'] == 'take_over':
                hosts[name]['cluster_versions'] = sorted({row['version'] for row in servers.values() if row['version']})
            if chain:
                places[name] = {'task_id': task['id'], 'subtasks': {row['role']: row['id'] for row in chain}}
        for task in tasks:
            self._store.tasks.refresh(task['id'])
        views = [task_view(task) for task in store.tasks_where(_schema.table('tasks').c.id.in_([task['id'] for task in tasks]))]
        run = {'id': self.run['id'], 'trace_id': self._trace_id, 'operation': operation, 'cluster_id': self.cluster['id'],
               'cluster_name': self.cluster['name'], 'hosts': places}
        return {'changed': True, 'data': {'contents': views}, 'run': run, 'hosts': hosts, 'graph': self.run['operation'],
                'roles': sorted({role for place in places.values() for role in place['subtasks']})}

    def _settings_for(self, by_host, needed):
        missing = [name for name in by_host if name not in self._inventory.variables or name not in self._inventory.names]
        if missing:
            self._refuse('hosts', missing[0], 'a host of the inventory', NOT_FOUND)
        if needed and by_host:
            hosts = [self._inventory.host(name) for name in by_host]
            package = package_of(next(iter(by_host.values()))[1])
            found = self._settings.check(self._request, hosts, self.cluster, package)
        else:
            found = {'rs_list': '', 'timeouts': self._settings.timeouts(self._request, [])}
        if self._request.faults:
            raise RequestError(self._request.faults)
        return found


def _hosts(task):
    return list(dict.fromkeys(row['host'] for row in task['subtasks'] if row['host'] is not None))


def _chain(task, host):
    return [row for row in task['subtasks'] if row['host'] in (None, host)]


def _remaining(task, host):
    """Return what a host has still to do, in order; a shared subtask that failed for others is no concern of it."""
    hosts, rows = _hosts(task), []
    for row in _chain(task, host):
        mine = row['host'] is not None or row['status'] != _states.FAILED or concerns(row, host, hosts)
        if not _states.is_done(row) and mine:
            rows.append(row)
    return rows
