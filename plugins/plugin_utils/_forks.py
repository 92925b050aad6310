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

FEWEST_FORKS = 5
# Seconds. Ansible can't hand on meanwhile what forks tell of items and retries.
LONGEST_WAIT = 5


def keep_one_free(hosts):
    """Wait, before a fork starts, until there is another free one for the next of a play's hosts (their number).

    Does nothing where it wouldn't pay: with few forks, with a fork for every host, or while the controller has a core to spare.
    """
    forks = context.CLIARGS['forks']
    if forks < FEWEST_FORKS or hosts <= forks or os.getloadavg()[0] < (os.cpu_count() or 1):
        return
    deadline = time.monotonic() + LONGEST_WAIT
    while len(busy := multiprocessing.active_children()) >= forks - 1 and time.monotonic() < deadline:
        wait([fork.sentinel for fork in busy], deadline - time.monotonic())
