# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback keeps a fork free where all of the controller's cores are at work, and only there."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import pytest
from ansible import context
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _forks

FORKING = multiprocessing.get_context('fork')
BUSY, IDLE = 1000.0, 0.0


@pytest.fixture
def forks(monkeypatch):
    """Return a function that says how many forks there may be, how busy the controller is, and has some of them at work."""
    running = []

    def begin(allowed, working, load=BUSY):
        monkeypatch.setattr(context, 'CLIARGS', {'forks': allowed})
        monkeypatch.setattr(os, 'getloadavg', lambda: (load, load, load))
        for _fork in range(working):
            running.append(FORKING.Process(target=signal.pause, daemon=True))
            running[-1].start()
        return running
    yield begin
    for fork in running:
        fork.kill()
        fork.join()


def waiting(hosts):
    """Have a fork about to start, and give it the time to."""
    thread = threading.Thread(target=_forks.keep_one_free, args=(hosts,), daemon=True)
    thread.start()
    thread.join(0.5)
    return thread


def test_the_last_free_fork_is_kept_until_another_one_is_through(forks):
    running = forks(allowed=5, working=4)
    thread = waiting(hosts=6)
    assert thread.is_alive()
    os.kill(running[2].pid, signal.SIGKILL)
    thread.join(60)
    assert not thread.is_alive()
    assert [fork.is_alive() for fork in running] == [True, True, False, True]


def test_a_fork_starts_while_there_are_two(forks):
    forks(allowed=5, working=3)
    assert not waiting(hosts=6).is_alive()


@pytest.mark.parametrize(('allowed', 'hosts', 'load'), [(4, 6, BUSY), (5, 5, BUSY), (5, 6, IDLE)],
                         ids=['few forks', 'one for every host', 'a core to spare'])
def test_nobody_waits_where_it_would_not_pay(forks, allowed, hosts, load):
    forks(allowed, allowed - 1, load)
    assert not waiting(hosts).is_alive()


def test_nobody_waits_for_long(forks, monkeypatch):
    monkeypatch.setattr(_forks, 'LONGEST_WAIT', 0.1)
    running = forks(allowed=5, working=4)
    thread = waiting(hosts=6)
    thread.join(60)
    assert not thread.is_alive()
    assert all(fork.is_alive() for fork in running)
