# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of tasks and subtasks, and the moves between them."""

from __future__ import annotations

PENDING, READY, RUNNING, CANCELING, FAILED, SUCCESSFUL = (
    'PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL')
STATES = (PENDING, READY, RUNNING, CANCELING, FAILED, SUCCESSFUL)

# Besides the way forward: a cancelled subtask fails; a failed one is retried (READY), skipped
# (SUCCESSFUL) or rolled back (PENDING); a rollback also undoes what was successful or not yet begun.
MOVES = {
    PENDING: {READY},
    READY: {RUNNING, PENDING},
    RUNNING: {SUCCESSFUL, FAILED, CANCELING},
    CANCELING: {FAILED},
    FAILED: {READY, SUCCESSFUL, PENDING},
    SUCCESSFUL: {READY, PENDING},
}


def is_legal(before, after):
    """Tell whether a subtask may go from one state to another; staying where it is is no move."""
    return before == after or after in MOVES.get(before, ())


def task_status(states):
    """Work out a task's status from its subtasks' states."""
    states = list(states)
    if FAILED in states:
        return FAILED
    if all(state == SUCCESSFUL for state in states):
        return SUCCESSFUL
    return RUNNING
