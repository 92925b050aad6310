# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a module that the controller has given up, with all that it has started and that would go on by itself."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import PROC, parents

VARIABLE = 'OBPROXY_TIMEOUT'
# The controller gives up first: it is the one that says so.
LATER = 3
END_SECONDS = 5
CLEAN_UP_SECONDS = 60
# Python 2 has no clock that nobody sets.
monotonic = getattr(time, 'monotonic', time.time)


class TimedOut(SystemExit):
    """Unwinds the module, so that what it has half done can be cleaned up; no handler of errors takes it for one."""


def keep_deadline():
    """Have this process end a little later than the controller stops waiting for it."""
    seconds = os.environ.pop(VARIABLE, '')
    if seconds.isdigit() and int(seconds):
        signal.signal(signal.SIGALRM, _end)
        signal.alarm(int(seconds) + LATER)


def descendants(pid, proc=PROC):
    """The ids of all processes below one."""
    children = parents(proc)
    found, waiting = [], [pid]
    while waiting:
        below = sorted(child for child, parent in children.items() if parent == waiting[0])
        found += below
        waiting = waiting[1:] + below
    return found


def _signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass  # it has just ended


def _end(*_args):
    signal.signal(signal.SIGALRM, _kill)
    signal.alarm(CLEAN_UP_SECONDS)
    _signal(descendants(os.getpid()), signal.SIGTERM)
    deadline = time.time() + END_SECONDS
    while descendants(os.getpid()) and time.time() < deadline:
        time.sleep(0.1)
    _signal(descendants(os.getpid()), signal.SIGKILL)
    raise TimedOut(1)


def _kill(*_args):
    _signal(descendants(os.getpid()), signal.SIGKILL)
    os._exit(1)
