# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one of Ansible's forks free, where looking for a free one costs more than it does.

While all forks are busy, ansible-core's linear strategy looks through them 10,000 times a second: half a core that the forks themselves lack.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.connection import wait

from ansible import context
from ansible.executor.process.worker import WorkerProcess

FEWEST_FORKS = 5
# Seconds.
LONGEST_WAIT = 2


def keep_one_free(task, hosts):
    """Wait, before a fork starts with a task, until there is another free one for the next of the play's hosts (their number).

    Does nothing where it wouldn't pay: with few forks, with a fork for every host, or while the controller has a core to spare. Nor for
    a task whose forks tell of items and retries: Ansible can't take that from them meanwhile, and they would wait for it.
    """
    if hosts <= (forks := context.CLIARGS['forks']) or forks < FEWEST_FORKS or _speaks(task) or not _is_busy():
        return
    deadline = time.monotonic() + LONGEST_WAIT
    while len(working := _working()) >= forks - 1 and time.monotonic() < deadline:
        wait([fork.sentinel for fork in working], deadline - time.monotonic())


def _speaks(task):
    return task.loop is not None or task.until or task.async_val


def _is_busy():
    try:
        return os.getloadavg()[0] >= (os.cpu_count() or 1)
    except OSError:
        return False


def _working():
    return [child for child in multiprocessing.active_children() if isinstance(child, WorkerProcess)]
