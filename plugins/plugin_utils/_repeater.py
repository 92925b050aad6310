# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does something again and again beside a run: soon after it is woken, at times without that, never too often."""

from __future__ import annotations

import threading


class Repeater:
    """Calls an action from a thread of its own until it is closed or the action has failed."""

    def __init__(self, name, action, pause, tick=None):
        self._action = action
        self.pause = pause
        self._tick = tick
        self._woken = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._closed.is_set():
            self._woken.wait(self._tick)
            if self._closed.wait(self.pause):
                return
            self._woken.clear()
            if self._action() is False:
                return

    def wake(self):
        """Have the action done within a pause."""
        self._woken.set()

    def close(self):
        """Stop, when what is being done is done."""
        self._closed.set()
        self._woken.set()
        self._thread.join()
