# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run came to: servers' states, and the end of its tasks."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm, _schema, _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view import ways_on
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._leases import SUPERSEDED
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import SETTLED, let_go, server_ids
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_results import outcomes
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import task_view

STATUSES = ('CREATING', 'RUNNING', 'RESTARTING', 'UPGRADING', 'REFRESHING', 'DELETING', 'UNAVAILABLE', 'TAKINGOVER')
OFFLINE = ('remove', 'delete')
# In an upgrade's context: the package, without distribution and architecture.
UPGRADE_TO = 'upgrade_to'
NUMBERS = ('parameter_version', 'sql_port', 'exporter_port', 'rpc_port')
TEXTS = ('architecture', 'ip')
NOT_RECORDED = (
    'The subtasks of this run were not recorded as they went, because the callback oceanbase.obproxy.dag is not enabled '
    '(callbacks_enabled = oceanbase.obproxy.dag in ansible.cfg); their states follow from the servers that reported in.')
NOT_UNDONE = "the rollback has not come to its end on this host; the cause is in this run's own output"
NOT_TOLD = "What became of the hosts is in this run's own output only. When the registry works again, run the same command again."
NOT_FORGOTTEN = "what it had begun is undone, but its server is still in the registry; the cause is in this run's own output"
NO_CAUSE = "its server never reported in; the cause is in this run's own output"


def update_servers(store, run_id, servers, status, check_mode, trace_id=None):
    """Write servers' states; return whether one is new, and what is in the registry then."""
    if run_id is not None and not check_mode:
        store.tasks.hold(run_id, trace_id)
    ids = {}
    for server in servers:
        server_id = number(server.get('server_id'))
        if server_id is None:
            raise RegistryError(f"servers: server_id is {server.get('server_id')!r}; expected the id of a server")
        ids[server_id] = server
    known = {row['id']: row for row in store.servers(ids=ids)}
    changed = False
    for server_id, server in ids.items():
        if server_id not in known:
            if not check_mode:
                raise RegistryError(f'The registry knows no server {server_id}')
            changed = True
            continue
        changed = _update_server(store, known[server_id], server, status) or changed
    return changed, [_described(row) for row in store.servers(ids=ids)]


def _update_server(store, row, seen, status):
    values = {'status': status}
    for key in NUMBERS:
        if number(seen.get(key)) is not None:
            values[key] = number(seen[key])
    for key in TEXTS:
        if seen.get(key):
            values[key] = str(seen[key])
    if _is_package(seen.get('version')):
        values['version'] = seen['version']
    differs = any(row[key] != value for key, value in values.items())
    if status == 'RUNNING':
        values['last_active_time'] = _schema.utc_now()
    store.update_server(row['id'], **values)
    row.update(values)
    if status == 'RUNNING' and row['exporter_port']:
        store.put_exporter(row['id'], row['ip'], row['exporter_port'])
    return differs


def _is_package(version):
    """Tell a package's name from the bare number that a live server gives, which says less."""
    try:
        return bool(version) and bool(_rpm.parse(str(version)))
    except _rpm.NotAPackage:
        return False


def _described(row):
    return {key: row[key] for key in (
        'id', 'cluster_id', 'host_id', 'status', 'version', 'sql_port', 'exporter_port', 'rpc_port', 'parameter_version')}


def release_servers(store, run_id, trace_id=None):
    """Let other operations have the servers of a run that are up, or stopped on purpose; return their ids."""
    store.tasks.hold(run_id, trace_id)
    ids = server_ids(store.tasks.tasks(run_id))
    running = [row['id'] for row in store.servers(ids=ids) if row['status'] in SETTLED]
    for server_id in running:
        store.update_server(server_id, operate_status='NORMAL')
    return running


def close_run(store, run_id, before=None, trace_id=None):
    """End a run's tasks and tell what they came to; before is what had failed when it was rolled back."""
    run = store.tasks.run(run_id)
    tasks = store.tasks.tasks(run_id)
    if trace_id not in (None, run['trace_id']):
        return _taken(run, tasks, before)
    hosts = {row['host'] for task in tasks for row in task['subtasks']} - {None}
    if run['finish_time'] is None and not run['recorded']:
        settle(store, run)
    results = _unforgotten(store, run_id, store.tasks.finish_run(run_id), before)
    if run['finish_time'] is None:
        let_go(store, store.tasks.tasks(run_id))
    views = [task_view(task) for task in store.tasks.tasks(run_id)]
    return {
        'run': run, 'recorded': bool(run['recorded']) or not hosts, 'prohibited': {task['id'] for task in tasks if task['prohibit_rollback']},
        'results': _undone(before, results) if before else results,
        'data': views[0] if run['operation'] == 'create' else {'contents': views},
    }


def _unforgotten(store, run_id, results, before):
    """Let a rollback have failed whose servers are still in the registry, so that it can be taken up again."""
    names = {host_id: name for name, host_id in store.hosts().items()}
    failed = {(entry['task_id'], entry['host']) for entry in before or () if 'rollback_error' not in entry and entry['status'] == _states.FAILED}
    told = {}
    for task in store.tasks.tasks(run_id):
        if task['operation'] != _states.ROLLBACK:
            continue
        left = {names[row['host_id']] for row in store.servers(ids=server_ids([task]))}
        mine = {host for host in left if not before or (task['id'], host) in failed}
        if mine:
            store.tasks.update_task(task['id'], status=_states.FAILED)
            store.tasks.update_run(run_id, status=_states.FAILED)
        row = next(iter(_states.counted(task)), None)
        told.update({(task['id'], host): {'status': _states.FAILED, 'subtask': row and row['name'], 'subtask_id': row and row['id'],
                                          'error': NOT_FORGOTTEN} for host in mine})
    return [{**entry, **told.get((entry['task_id'], entry['host']), {})} if entry['status'] == _states.SUCCESSFUL else entry
            for entry in results]


def _taken(run, tasks, before):
    """Tell what a run came to that another one has taken up since: nothing that it could say of the hosts."""
    results = [{**entry, 'status': _states.FAILED, 'subtask': entry['subtask'] or task['name'], 'error': SUPERSEDED}
               for task in tasks for entry in outcomes(task)]
    views = [task_view(task) for task in tasks]
    return {'run': run, 'recorded': True, 'prohibited': (), 'results': before or results,
            'data': views[0] if run['operation'] == 'create' else {'contents': views}}


def _undone(before, after):
    """Add to what the hosts had come to how it ended to roll the failed ones back."""
    rolled_back = {(entry['task_id'], entry['host']): entry for entry in after}
    results = []
    for entry in before:
        undo = rolled_back.get((entry['task_id'], entry['host']))
        if entry['status'] == _states.FAILED and 'rollback_error' not in entry:
            error = undo and undo['status'] == _states.FAILED and f"{undo['subtask']}: {undo['error'] or NOT_UNDONE}"
            entry = {**entry, 'rollback_error': error or None}
        results.append(entry)
    return results


def settle(store, run):
    """Work out the states of a run's subtasks that nobody has recorded."""
    tasks = store.tasks.tasks(run['id'])
    live = _live_hosts(store, run, tasks)
    for task in tasks:
        _settle_rollback(store, task) if task['operation'] == _states.ROLLBACK else _settle(store, task, live)


def _live_hosts(store, run, tasks):
    """Return the names of the hosts that have come to the operation's end, as far as their servers tell."""
    names = {host_id: name for name, host_id in store.hosts().items()}
    servers = store.servers(ids=server_ids(tasks))
    if run['operation'] in OFFLINE:
        return set(names.values()) - {names[row['host_id']] for row in servers}
    if run['operation'] == 'stop':
        return {names[row['host_id']] for row in servers if row['status'] == 'UNAVAILABLE'}
    return {names[row['host_id']] for row in servers
            if row['status'] == 'RUNNING' and row['last_active_time'] and row['last_active_time'] >= run['start_time']
            and _is_moved(row, tasks[0])}


def _is_moved(row, task):
    """Tell whether a server has the version that an upgrade was for; one that went back by itself has not."""
    wanted = task['context']['stringMap'].get(UPGRADE_TO)
    return wanted is None or _is_package(row['version']) and _rpm.short_name(_rpm.parse(row['version'])) == wanted


def _settle(store, task, live):
    """Complete the subtasks of hosts whose servers are up; fail those at which the other hosts stop."""
    hosts = {row['host'] for row in task['subtasks']} - {None}
    done, moves = set(), []
    for row in task['subtasks']:
        if row['status'] == _states.SUCCESSFUL:
            done.add(row['id'])
            continue
        if not done.issuperset(row['upstreams']):
            continue
        if row['host'] in live or (row['host'] is None and (live & hosts or not hosts)):
            done.add(row['id'])
            moves += _steps(row, _states.SUCCESSFUL, None)
        else:
            moves += _steps(row, _states.FAILED, NO_CAUSE)
    store.tasks.move(moves)


def _settle_rollback(store, task):
    """A rollback is through where the server is forgotten."""
    names = {row['host_id'] for row in store.servers(ids=server_ids([task]))}
    left = {name for name, host_id in store.hosts().items() if host_id in names}
    for row in _states.counted(task):
        if _states.is_undone(row):
            continue
        end = (_states.FAILED, None, NOT_UNDONE) if row['host'] in left else (_states.SUCCESSFUL, None, None)
        way = {_states.PENDING: [_states.READY, _states.RUNNING], _states.READY: [_states.RUNNING]}.get(row['status'], [])
        store.tasks.move([*((row['id'], status, None, None) for status in way), (row['id'], *end)])


def _steps(row, end, error):
    """Return the moves that lead a subtask to its end, by way of RUNNING."""
    if row['status'] == end:
        return []
    begun = [(row['id'], _states.RUNNING, None, None)] if row['status'] in (_states.PENDING, _states.READY) else []
    return [*begun, (row['id'], end, None, error)]


def artifact(outcome):
    """Return what a job leaves behind of a run."""
    run = outcome['run']
    failed = any(result['status'] != _states.SUCCESSFUL for result in outcome['results'])
    return {
        'id': run['id'], 'operation': run['operation'], 'cluster_id': run['cluster_id'],
        'status': _states.FAILED if failed else _states.SUCCESSFUL, 'recorded': outcome['recorded'],
        'tasks': outcome['results'],
    }


def lost(run_id, run):
    """Return what a job leaves behind of a run of which the registry tells nothing."""
    run = run if isinstance(run, dict) else {}
    return {'id': run_id, 'operation': run.get('operation'), 'cluster_id': run.get('cluster_id'),
            'status': _states.FAILED, 'recorded': False, 'tasks': []}


def failure_message(operation, results, cluster_id=None, prohibited=()):
    """Return one line per failed host and what to do next; nothing when all went well."""
    failed = [result for result in results if result['status'] == _states.FAILED]
    pending = [result['host'] for result in results if result['status'] == _states.PENDING]
    if not failed and not pending:
        return ''
    lines, left = [], [result for result in failed if result.get('rollback_error', '') is not None]
    for result in failed:
        lines.append(f"{result['host'] or 'the cluster'}: task {result['task_id']}, {result['subtask']}: "
                     f"{result['error'] or NO_CAUSE}")
        if 'rollback_error' in result:
            lines.append(f"    Not rolled back: {result['rollback_error']}." if result['rollback_error']
                         else '    Rolled back: the host is as it was before.')
    if pending:
        lines.append(f"Not begun, and left as they were: {', '.join(pending)}.")
    return '\n'.join([*lines, 'Mend the cause, then run the same command again; what is done already is left alone.',
                      *(ways_on(operation, [one['task_id'] for one in left], left[0]['subtask_id'], cluster_id, prohibited) if left else ())])
