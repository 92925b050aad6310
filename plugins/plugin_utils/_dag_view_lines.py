# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines a run prints where nothing can be drawn: few, whatever the number of hosts.

Up to ten hosts: one per subtask and host. More: one per subtask, for all hosts of the batch together. More, in
batches of up to ten: one per host that is through. What fails is always told at once, by host.
"""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import ENDED, FAILED, SUCCESSFUL

FEW = 10


class Lines:
    """Picks the lines of one run."""

    def __init__(self, follower, view):
        self._hosts = follower.hosts
        self._view = view
        self.batch(None)

    def batch(self, names):
        """Note which hosts are in the play that begins; None: all."""
        self._crowd = [state for name, state in self._hosts.items() if names is None or name in names]
        self._open = {}
        self._told = {subtask.role for state in self._crowd for subtask in state.chain.values() if subtask.status in ENDED}

    def of(self, ended):
        """Return what to tell of subtasks that have ended, and what of those that have failed."""
        good = [subtask for subtask in ended if subtask.status != FAILED]
        bad = [self._view.line(subtask) for subtask in ended if subtask.status == FAILED]
        if len(self._hosts) <= FEW:
            return [self._view.line(subtask) for subtask in good], bad
        if len(self._crowd) <= FEW:
            through = [self._hosts[subtask.host] for subtask in good if self._hosts[subtask.host].status == SUCCESSFUL]
            return [self._view.host_line(state) for state in through], bad
        return [self._view.crowd_line(subtasks) for subtasks in self._through(ended)], bad

    def _through(self, ended):
        """Yield the subtasks of each role that all hosts of the batch have left behind."""
        self._open.update((subtask.role, None) for subtask in ended if subtask.role not in self._told)
        for role in list(self._open):
            subtasks = [state.chain[role] for state in self._crowd if role in state.chain]
            if not any(subtask.status not in ENDED and not self._hosts[subtask.host].failed for subtask in subtasks):
                self._told.add(role)
                del self._open[role]
                yield [subtask for subtask in subtasks if subtask.status in ENDED]
