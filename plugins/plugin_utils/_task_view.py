# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as OCP describes them, and what they came to for each host."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _states


def moment(when):
    """Render a time as ISO 8601 with milliseconds and the controller's offset."""
    return when.astimezone().isoformat(timespec='milliseconds')


def _present(**values):
    return {key: value for key, value in values.items() if value is not None}


def task_view(task):
    """Return a task with its subtasks as OCP's answers have them."""
    view = {
        'id': task['id'], 'name': task['name'], 'type': task['type'], 'status': task['status'],
        'operation': task['operation'], 'creator': task['creator'], 'executor': task['executor'],
        'context': task['context'], 'startTime': moment(task['start_time']),
        'taskDefinitionId': task['task_definition_id'], 'subtasks': [subtask_view(row) for row in task['subtasks']],
    }
    view.update(_present(hostId=task['host_id'], finishTime=task['finish_time'] and moment(task['finish_time'])))
    return view


def subtask_view(row):
    """Return a subtask as OCP's answers have it."""
    view = {
        'id': row['id'], 'name': row['name'], 'description': row['name'], 'className': row['class_name'],
        'seriesId': row['series_id'], 'nodeType': 'JAVA_TASK', 'operation': row['operation'],
        'status': row['status'], 'timeout': row['timeout'], 'runTime': row['run_time'],
        'parallelIdx': row['parallel_idx'], 'prohibitRollback': row['prohibit_rollback'],
        'upstreams': row['upstreams'], 'downstreams': row['downstreams'],
    }
    view.update(_present(
        executor=row['executor'], startTime=row['start_time'] and moment(row['start_time']),
        finishTime=row['finish_time'] and moment(row['finish_time'])))
    return view


def outcomes(task):
    """Return {task_id, host, status, subtask, error} for each host of a task; host is None when it has none."""
    rows = task['subtasks']
    hosts = list(dict.fromkeys(row['host'] for row in rows if row['host'] is not None))
    return [_outcome(task, host, rows) for host in hosts or [None]]


def _outcome(task, host, rows):
    def culprit(candidates):
        failed = [row for row in candidates if row['status'] == _states.FAILED]
        waiting = [row for row in candidates if row['status'] != _states.SUCCESSFUL]
        return next(iter(failed or waiting), None)

    own = [row for row in rows if row['host'] == host]
    shared = [row for row in rows if row['host'] is None and row not in own]
    blame = culprit(own)
    if blame is not None and blame['status'] != _states.FAILED:
        # A host that never began is stopped by what it shares with the others.
        blame = culprit([row for row in shared if row['status'] == _states.FAILED]) or blame
    others = all(row['status'] == _states.SUCCESSFUL for row in rows if row['host'] is not None)
    if blame is None and shared:
        last = [row for row in shared if not row['downstreams']]
        blame = culprit(last if others else [row for row in last if row['status'] == _states.FAILED])
    return {
        'task_id': task['id'], 'host': host, 'status': _states.FAILED if blame else _states.SUCCESSFUL,
        'subtask': blame['name'] if blame else None, 'error': blame['error'] if blame else None,
    }
