# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a block of lines on a terminal below all that is printed there meanwhile."""

from __future__ import annotations

import os
import re
import sys
import time

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._repeater import Repeater

PAUSE = 0.05
TICK = 0.5
CLEAR_BELOW = '\x1b[J'
CLEAR_REST = '\x1b[K'
COLORS = re.compile(r'\x1b\[[0-9;]*m')


class Above:
    """Stands in for sys.stdout or sys.stderr: prints above the block."""

    def __init__(self, stream, screen):
        self._stream = stream
        self._screen = screen

    def write(self, text):
        """Print."""
        return self._screen.print(self._stream, text)

    def writelines(self, lines):
        """Print lines."""
        self.write(''.join(lines))

    def __getattr__(self, name):
        return getattr(self._stream, name)


class Screen:
    """Draws the block that frame(columns, lines) returns, again and again.

    The lock is the one that ansible-core holds while it forks a worker or asks the user something.
    """

    def __init__(self, frame, lock):
        self._frame = frame
        self._lock = lock
        self._pid = os.getpid()
        self._widths = []
        self._mid_line = False
        self._drawn = 0.0
        self._out = sys.stdout
        self._streams = {name: getattr(sys, name) for name in ('stdout', 'stderr')}
        self._stand_ins = {name: Above(stream, self) for name, stream in self._streams.items() if stream.isatty()}
        for name, stand_in in self._stand_ins.items():
            setattr(sys, name, stand_in)
        self._repeater = Repeater('obproxy-screen', self._redraw, PAUSE, TICK)

    def wake(self):
        """Have changes shown within a moment."""
        self._repeater.wake()

    def print(self, stream, text):
        """Print a text above the block."""
        if os.getpid() != self._pid or self._frame is None:
            return stream.write(text)
        with self._lock:
            above = self._up() + CLEAR_BELOW if self._widths else ''
            self._widths = []
            self._mid_line = not text.endswith('\n') if text else self._mid_line
            stream.write(above + text)
            stream.flush()
            if time.monotonic() - self._drawn > PAUSE:
                self._draw()
            else:
                self.wake()
        return len(text)

    def _redraw(self):
        try:
            with self._lock:
                self._draw()
        except Exception:
            # The terminal is gone, or so: whoever prints next will hear of it.
            return False
        return True

    def _draw(self):
        """Draw the block anew where it is, or below the last print."""
        if self._mid_line or self._frame is None or not self._is_in_front():
            return
        columns, height = os.get_terminal_size(self._out.fileno())
        lines = self._frame(columns - 1, height)
        text = self._up() + ''.join(f'{line}{CLEAR_REST}\n' for line in lines) + CLEAR_BELOW
        self._widths = [len(COLORS.sub('', line)) for line in lines]
        self._out.write(text)
        self._out.flush()
        self._drawn = time.monotonic()

    def _is_in_front(self):
        """Tell whether this process may write to the terminal now: not when it was sent to the background."""
        try:
            return os.tcgetpgrp(self._out.fileno()) == os.getpgrp()
        except OSError:
            return True

    def _up(self):
        """Return how the cursor gets to the block's first line, also when the window has become narrower than the lines."""
        columns = os.get_terminal_size(self._out.fileno()).columns or 80
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        return f'\r\x1b[{rows}A' if rows else ''

    def close(self, keep=False):
        """Give the terminal back, without the block or with its last state."""
        self._repeater.close()
        with self._lock:
            if keep:
                self._draw()
            elif self._widths:
                self._out.write(self._up() + CLEAR_BELOW)
                self._out.flush()
            self._frame = None
        for name, stand_in in self._stand_ins.items():
            if getattr(sys, name) is stand_in:
                setattr(sys, name, self._streams[name])
