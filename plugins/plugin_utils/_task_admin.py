# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at tasks, cancel them, and forget what was rolled back."""

from __future__ import annotations

import itertools

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states, _task_search
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, NOT_FOUND, Fault, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._leases import cancellation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import let_go
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import task_view


def find(store, task_id=None, run_id=None, cluster_id=None, host=None, status=None, limit=50):
    """Return the tasks that fit as OCP describes them, the latest first."""
    if cluster_id is not None:
        cluster_id = str((store.cluster(cluster_id) or {'id': cluster_id})['id'])
    wanted = _task_search.conditions(task_id, run_id, cluster_id, host, status)
    return list(itertools.islice(_views(store.tasks, wanted, status), max(limit, 0)))


def _views(tasks, wanted, status):
    for task, run in tasks.latest(wanted):
        if tasks.is_dead(run):
            tasks.show_dead(task)
        if status in (None, task['status']):
            view = {**task_view(task), 'runId': run['id'], 'hosts': sorted({row['host'] for row in task['subtasks']} - {None})}
            for shown, row in zip(view['subtasks'], task['subtasks']):
                shown['host'] = row['host']
            yield view


def lines(tasks, in_full):
    """Return tasks as lines for people; in full with every subtask and its log."""
    text = []
    for task in tasks:
        text.append(f"task {task['id']}  {task['status']} ({task['operation']})  {task['name']}  run {task['runId']}  "
                    f"{', '.join(task['hosts'])}  {task['startTime']}")
        for row in task['subtasks']:
            if in_full or row['status'] in (_states.FAILED, _states.RUNNING, _states.CANCELING) or (
                    row['status'] == _states.READY and row.get('error')):
                text.append(f"  subtask {row['id']}  {row['status']} ({row['operation']}, run {row['runTime']})  {row['name']}"
                            f"{'  ' + row['host'] if row['host'] else ''}")
                text += [f'      {line}' for line in (row.get('log' if in_full else 'error') or '').splitlines()]
    return text


def _refuse(field, given, expected, status, why=None):
    raise RequestError([Fault.of(field, given, expected, status=status, why=why)])


def cancel(store, task_id, actor):
    """Have a task stop at the end of the subtask that it is in; return it."""
    tasks, table = store.tasks, _schema.table('tasks')
    found = tasks.tasks_where(table.c.id == task_id)
    if not found:
        _refuse('obproxy_task_id', task_id, 'the id of a task in the registry', NOT_FOUND)
    task, run = found[0], tasks.run(found[0]['run_id'])
    has_ended = run['finish_time'] is not None or tasks.is_dead(run)
    # Between two subtasks a task looks FAILED where one of its hosts has, although the others go on.
    if has_ended or task['status'] == _states.SUCCESSFUL:
        if has_ended:
            tasks.show_dead(task)
        _refuse('obproxy_task_id', task_id, 'a task that is RUNNING', CONFLICT, f"it is {task['status']}")
    context = task['context']
    context['stringMap']['cancelled_by'] = f'{actor.creator} on {actor.executor}'
    why = cancellation(task)
    tasks.update_task(task_id, operation=_states.CANCEL, executor=actor.executor, context=context)
    tasks.move([(row['id'], _states.CANCELING, None, why) for row in task['subtasks'] if row['status'] == _states.RUNNING])
    if not run['recorded']:
        # Nobody follows this run, so nobody would write this, or free the cluster where the run is dead.
        ready = [row['id'] for row in task['subtasks'] if row['status'] == _states.READY]
        tasks.move([(key, status, None, why) for key in ready for status in (_states.RUNNING, _states.FAILED)])
        if all(other['id'] == task_id or other['status'] != _states.RUNNING for other in tasks.tasks(run['id'])):
            tasks.finish_run(run['id'], why)
            let_go(store, tasks.tasks(run['id']))
    return task_view(tasks.tasks_where(table.c.id == task_id)[0])


def forget(store, run_id, server_ids):
    """Remove servers, and their cluster: where this run deletes it, or where its create never came to its end."""
    run = store.tasks.run(run_id)
    known = store.servers(cluster_id=run['cluster_id'], ids=server_ids)
    for server in known:
        store.forget_exporter(server['id'])
        store.remove_server(server['id'])
    if run['cluster_id'] and not store.servers(cluster_id=run['cluster_id']):
        if store.tasks.is_unborn(run['cluster_id']) or run['operation'] == 'delete':
            store.forget_cluster(run['cluster_id'])
    return bool(known)
