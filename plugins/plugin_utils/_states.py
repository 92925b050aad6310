# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of tasks and subtasks, and the moves between them."""

from __future__ import annotations

PENDING, READY, RUNNING, CANCELING, FAILED, SUCCESSFUL = (
    'PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL')
STATES = (PENDING, READY, RUNNING, CANCELING, FAILED, SUCCESSFUL)

# Besides the way forward: a cancelled subtask fails, or was through before its run heard of it; a failed one is retried (READY), skipped
# (SUCCESSFUL) or rolled back (PENDING); a rollback also undoes what was successful or not yet begun.
MOVES = {
    PENDING: {READY},
    READY: {RUNNING, PENDING},
    RUNNING: {SUCCESSFUL, FAILED, CANCELING},
    CANCELING: {FAILED, SUCCESSFUL},
    FAILED: {READY, SUCCESSFUL, PENDING},
    SUCCESSFUL: {READY, PENDING},
}


EXECUTE, RETRY, SKIP, ROLLBACK, CANCEL = 'EXECUTE', 'RETRY', 'SKIP', 'ROLLBACK', 'CANCEL'


def is_done(row):
    """Tell whether a subtask has been carried out, and not been undone since."""
    return row['status'] == SUCCESSFUL and row['operation'] != ROLLBACK


def is_undone(row):
    """Tell whether a subtask has been rolled back."""
    return row['status'] == SUCCESSFUL and row['operation'] == ROLLBACK


def counted(task):
    """Return the subtasks that a task's status depends on: in a rollback those that are to be undone."""
    if task['operation'] != ROLLBACK:
        return task['subtasks']
    return [row for row in task['subtasks'] if row['operation'] == ROLLBACK]


def is_legal(before, after):
    """Tell whether a subtask may go from one state to another; staying where it is is no move."""
    return before == after or after in MOVES.get(before, ())


def task_status(states):
    """Work out a task's status from its subtasks' states; one host may have failed while others go on."""
    states = list(states)
    if {READY, RUNNING, CANCELING}.intersection(states):
        return RUNNING
    if FAILED in states:
        return FAILED
    if all(state == SUCCESSFUL for state in states):
        return SUCCESSFUL
    return RUNNING
