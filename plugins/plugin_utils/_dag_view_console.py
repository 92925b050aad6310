# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows one run: live on a terminal, in a few lines elsewhere."""

from __future__ import annotations

import os
import sys

from ansible import constants as C
from ansible import context

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view import View
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_lines import Lines
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_live import Live
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_screen import Screen


def can_draw():
    """Tell whether standard output is a terminal that nobody else draws on or asks questions at."""
    questions = context.CLIARGS.get('step') or C.config.get_config_value('ENABLE_TASK_DEBUGGER') or C.DEFAULT_STRATEGY.endswith('debug')
    return (sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb' and not questions
            and not C.DEFAULT_STDOUT_CALLBACK.endswith('dense'))


class Console:
    """Shows one run."""

    def __init__(self, display, follower, check, live):
        self._display = display
        self._follower = follower
        self.view = View(follower, check, max(60, min(display.columns, 120)))
        self._lines = Lines(follower, self.view)
        self._live = live and bool(follower.hosts) and can_draw()
        self._screen = None

    def begin(self, servers, task_ids):
        """Show what is going to be done."""
        self._display.display(self.view.header(servers, task_ids))
        self.resume()

    def resume(self):
        """Draw, after a pause too."""
        if self._live and self._screen is None:
            self._screen = Screen(Live(self._follower, self.view.title()), self._display._lock)

    def pause(self, keep=False):
        """Leave the terminal to others; keep what is drawn or not."""
        if self._screen:
            self._screen.close(keep)
        self._screen = None

    def batch(self, names):
        """Note which hosts are in the play that begins."""
        self._lines.batch(names)
        self.resume()

    def tell(self, ended):
        """Show that subtasks have begun or ended; on a terminal only failures stay to be read, the log has all."""
        good, bad = self._lines.of(ended)
        if good:
            self._display.display('\n'.join(good), color=C.COLOR_OK, log_only=self._live)
        if bad:
            self._display.display('\n'.join(bad), color=C.COLOR_ERROR)
        if self._screen:
            self._screen.wake()

    def end(self, advice):
        """Show what the run came to, and what to do next."""
        self.pause()
        self._display.display(self.view.table())
        failures = self.view.failures()
        if failures:
            self._display.display(failures, color=C.COLOR_ERROR)
        if advice:
            self._display.display('\n'.join(advice))
