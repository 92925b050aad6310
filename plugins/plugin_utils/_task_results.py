# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task came to for each of its hosts."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _states


def outcomes(task):
    """Return {task_id, host, status, subtask, subtask_id, error} for each host of a task; host is None when it has none.

    A host is PENDING when the run stopped before its turn came.
    """
    rows = _states.counted(task)
    task = {**task, 'subtasks': rows}
    hosts = list(dict.fromkeys(row['host'] for row in rows if row['host'] is not None))
    return [_outcome(task, host, hosts) for host in hosts or [None]]


def _outcome(task, host, hosts):
    own = [row for row in task['subtasks'] if row['host'] == host]
    shared = [row for row in task['subtasks'] if row['host'] is None and host is not None]
    blame = _blame(task, host, hosts, own, shared)
    status = _states.FAILED if blame else _states.SUCCESSFUL
    if blame and blame['host'] is not None and all(row['status'] in (_states.PENDING, _states.READY) for row in own):
        status = _states.PENDING
    return {
        'task_id': task['id'], 'host': host, 'status': status,
        'subtask': blame['name'] if blame else None, 'subtask_id': blame['id'] if blame else None,
        'error': _cause(blame, host, hosts) if blame else None,
    }


def _blame(task, host, hosts, own, shared):
    """Find the subtask at which a host stopped: one of its own, or one that failed for it among the shared ones."""
    failed = next((row for row in own if row['status'] == _states.FAILED), None)
    if failed:
        return failed
    stopped = next((row for row in shared if row['status'] == _states.FAILED and concerns(row, host, hosts)), None)
    waiting = next((row for row in own if row['status'] != _states.SUCCESSFUL), None)
    if waiting:
        return stopped or waiting
    if all(row['status'] == _states.SUCCESSFUL for row in task['subtasks'] if row['host'] is not None):
        # Nobody else keeps the last subtask from being done.
        return next((row for row in shared if row['status'] != _states.SUCCESSFUL and concerns(row, host, hosts)), None)
    return stopped


def _causes(text, hosts):
    """Take a shared subtask's error apart, in which each host's cause begins with its name."""
    causes, current = {}, None
    for line in (text or '').splitlines():
        name = line.partition(': ')[0]
        if name in hosts and name not in causes:
            current = name
            line = line.partition(': ')[2]
        if current is not None:
            causes.setdefault(current, []).append(line)
    return {name: '\n'.join(lines) for name, lines in causes.items()}


def concerns(row, host, hosts):
    """Tell whether a shared subtask failed for a host, or for all."""
    causes = _causes(row['error'], hosts)
    return not causes or host in causes


def _cause(row, host, hosts):
    if row['host'] is not None:
        return row['error']
    return _causes(row['error'], hosts).get(host, row['error'])
