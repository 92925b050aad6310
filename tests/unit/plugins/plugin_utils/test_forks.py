# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback keeps a fork free where all of the controller's cores are at work, and only there."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from types import SimpleNamespace

import pytest
from ansible import context
from ansible.executor.process.worker import WorkerProcess
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _forks

BUSY, IDLE = 1000.0, 0.0
PLAIN = {'loop': None, 'until': None, 'async_val': 0}


class Fork(multiprocessing.get_context('fork').Process):
    """One that works until it is killed."""

    def run(self):
        signal.pause()


def test_what_is_waited_for_are_child_processes():
    assert issubclass(WorkerProcess, multiprocessing.process.BaseProcess)


@pytest.fixture
def forks(monkeypatch):
    """Return a function that says how many forks there may be, how busy the controller is, and has some of them at work."""
    running = []

    def begin(allowed, working, load=BUSY):
        monkeypatch.setattr(context, 'CLIARGS', {'forks': allowed})
        monkeypatch.setattr(os, 'getloadavg', lambda: (load, load, load))
        monkeypatch.setattr(_forks, 'WorkerProcess', Fork)
        for _fork in range(working):
            running.append(Fork(daemon=True))
            running[-1].start()
        return running
    yield begin
    for fork in running:
        fork.kill()
        fork.join()


def waiting(hosts, **task):
    """Have a fork about to start, and give it the time to."""
    thread = threading.Thread(target=_forks.keep_one_free, args=(SimpleNamespace(**{**PLAIN, **task}), hosts), daemon=True)
    thread.start()
    thread.join(0.5)
    return thread


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(_forks, 'LONGEST_WAIT', 60)


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


@pytest.mark.parametrize('task', [{'loop': ['one']}, {'until': ['done']}, {'async_val': 60}], ids=['items', 'retries', 'polls'])
def test_what_forks_say_on_the_way_is_not_held_up(forks, task):
    forks(allowed=5, working=4)
    assert not waiting(6, **task).is_alive()


def test_other_processes_are_no_forks(forks):
    forks(allowed=5, working=3)
    other = multiprocessing.get_context('fork').Process(target=signal.pause, daemon=True)
    other.start()
    assert not waiting(hosts=6).is_alive()
    other.kill()
    other.join()


def unreadable():
    raise OSError('no /proc/loadavg')


def test_where_the_load_is_not_told_nobody_waits(forks, monkeypatch):
    forks(allowed=5, working=4)
    monkeypatch.setattr(os, 'getloadavg', unreadable)
    _forks.keep_one_free(SimpleNamespace(**PLAIN), 6)


def test_nobody_waits_for_long(forks, monkeypatch):
    monkeypatch.setattr(_forks, 'LONGEST_WAIT', 0.1)
    running = forks(allowed=5, working=4)
    thread = waiting(hosts=6)
    thread.join(60)
    assert not thread.is_alive()
    assert all(fork.is_alive() for fork in running)
