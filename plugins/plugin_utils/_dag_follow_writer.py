# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the registry what happens to the subtasks, a few times a second, and that the run lives."""

from __future__ import annotations

import atexit
import os
import threading
import time

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import IllegalMove

PAUSE = 0.2
LONGEST_SILENCE = 1
NOT_RECORDED = ('The states of the subtasks of run {run} are not in the registry from here on; the run itself goes on. '
                'Cause: {cause}. When the registry works again, run the same command again.')
BACK = 'The registry works again: all states of run {run} are in it.'

# ansible-core forks a worker per task. No connection to the database may be open at that moment:
# the worker would close it at its end.
_writing = threading.RLock()
_guarded = []


def _guard_forks():
    if not _guarded:
        _guarded.append(True)
        os.register_at_fork(before=_writing.acquire, after_in_parent=_writing.release, after_in_child=_writing.release)


class Writer:
    """Collects moves and writes them in one transaction, from a thread of its own."""

    def __init__(self, registry, run_id, lease, trace_id=None):
        _guard_forks()
        self._registry = registry
        self._run = (run_id, trace_id)
        self._moves = []
        self._changed = threading.Condition()
        self._closed = False
        self._silence = min(LONGEST_SILENCE, lease / 4)
        self._beaten = time.monotonic()
        self.trouble = None
        _stops.REASONS.clear()
        _stops.HEARD[:] = [run_id]
        self._pid = os.getpid()
        atexit.register(self._leave)
        self._thread = threading.Thread(target=self._work, name='obproxy-registry', daemon=True)
        self._thread.start()

    def add(self, moves):
        """Have moves written within a moment."""
        if not moves:
            return
        with self._changed:
            self._moves.extend(moves)
            self._changed.notify()

    def _work(self):
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or (self._moves and not self.trouble), timeout=self._rest())
            if not self._closed:
                self.flush()
                self._beat()
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=PAUSE)

    def _rest(self):
        return max(0, self._beaten + self._silence - time.monotonic())

    def _beat(self):
        """Say that the run lives, and hear which of its tasks have to stop."""
        if self._rest():
            return
        with _writing:
            self._beaten = time.monotonic()
            try:
                _stops.REASONS.update(self._registry.renew(*self._run))
            except Exception:
                # What there is to be written tells of it; the next beat tries again.
                return

    def _leave(self):
        """End the lease although the run was interrupted, where the interpreter still gets to its end."""
        if not self._closed and os.getpid() == self._pid:
            self.finish()

    def flush(self, again=False):
        """Write now what is waiting; after a failure only when told to try again."""
        if self.trouble and not again:
            return
        with _writing:
            with self._changed:
                moves, self._moves = self._moves, []
            if not moves:
                return
            try:
                self._write(moves)
                self.trouble = None
            except Exception as exc:
                self.trouble = exc
                with self._changed:
                    self._moves[:0] = moves

    def _write(self, moves):
        try:
            self._registry.set_subtasks(moves, *self._run)
        except IllegalMove:
            for move in moves:
                self._write_one(move)

    def _write_one(self, move):
        try:
            self._registry.set_subtasks([move], *self._run)
        except IllegalMove:
            # Somebody else, such as a skip or a cancel, moved this subtask meanwhile: theirs stands.
            pass

    def finish(self, goes_on=False):
        """Write the rest, close the run's tasks unless it goes on, and stop."""
        self.flush(again=True)
        with self._changed:
            self._closed = True
            self._changed.notify()
        atexit.unregister(self._leave)
        self._thread.join(1)
        if goes_on:
            return
        try:
            with _writing:
                self._registry.finish_run(*self._run)
        except Exception as exc:
            self.trouble = self.trouble or exc
