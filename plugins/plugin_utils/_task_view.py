# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as OCP describes them."""

from __future__ import annotations


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
        finishTime=row['finish_time'] and moment(row['finish_time']), error=row['error'], log=row['log']))
    return view
