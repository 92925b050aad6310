"""obproxy_service's restarts and graceful stops, as the proxy's clients notice them."""
from __future__ import annotations

import os
import shutil
import signal
import socket
import threading

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client, ProxysysError
from conftest import greets, runs, state, wait_for
from service_support import PASSWORD


LOADER = 'obproxy: error while loading shared libraries: libstdc++.so.6: cannot open shared object file'


class Caller(threading.Thread):
    """Connects every 50 ms and reads the greeting; counts what it was refused."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self.port = port
        self.greeted = 0
        self.refused: list[str] = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            try:
                with socket.create_connection(('127.0.0.1', self.port), 5) as client:
                    assert client.recv(1), 'closed without a word'
                self.greeted += 1
            except (OSError, AssertionError) as problem:
                self.refused.append(repr(problem))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc_info):
        self.over.set()
        self.join()


@pytest.fixture
def running(service):
    service()
    return service


def exit_timeout(service, seconds: float) -> None:
    with Client(service.instance.sql, PASSWORD) as client:
        client.query(f'alter proxyconfig set hot_upgrade_exit_timeout = {int(seconds * 1000000)}')


def fault(service, word: str) -> None:
    (service.instance.home / 'etc' / 'standin.fault').write_text(word)


def test_a_hot_restart_refuses_nobody(running):
    parent, = running.instance.pids()
    launches = running.instance.launches()
    exit_timeout(running, 5)
    with Caller(running.instance.sql) as caller, Client(running.instance.sql, PASSWORD) as session:
        assert running('restarted', check_mode=True) and running.instance.pids() == [parent]
        assert running('restarted', mode='hot')
        told = running.result.restart
        assert told['parent'] == parent and told['pid'] != parent and told['parent_leaves_within'] == 5
        assert sorted(running.instance.pids()) == sorted([parent, told['pid']])
        assert session.query('select proxy_version()')[1]
        wait_for(lambda: not runs(parent), 30)
        seen = caller.greeted
        wait_for(lambda: caller.greeted > seen + 20, 30)
    assert caller.refused == [] and caller.greeted > 20
    assert running.instance.pids() == [told['pid']] and running.instance.launches() == launches


def test_a_hot_restart_waits_for_an_earlier_one(running):
    exit_timeout(running, 3)
    running('restarted')
    first = running.result.restart
    running('restarted')
    assert running.result.restart['parent'] == first['pid'] and not runs(first['parent'])
    exit_timeout(running, 600)
    running('restarted', timeout=60)
    pids = running.instance.pids()
    with pytest.raises(HostError, match='still in an earlier hot restart'):
        running('restarted', timeout=1)
    assert running.instance.pids() == pids and greets(running.instance.sql)


@pytest.mark.parametrize('word, limit, words', [('die_at_start', 20, 'has ended'), ('hang_at_start', 4, 'was killed')])
def test_a_successor_that_fails_harms_nobody(running, word, limit, words):
    parent, = running.instance.pids()
    with Caller(running.instance.sql) as caller, Client(running.instance.sql, PASSWORD) as session:
        fault(running, word)
        with pytest.raises(HostError, match=rf'{words}.*Process {parent} goes on serving') as caught:
            running('restarted', timeout=limit)
        fault(running, '')
        assert session.query('select proxy_version()')[1]
    assert caller.refused == [] and 'log/obproxy.log' in str(caught.value)
    wait_for(lambda: running.instance.pids() == [parent])
    running('restarted')
    assert running.result.restart['parent'] == parent


def test_a_program_that_cannot_be_executed_is_not_restarted(running):
    """As after rpm -U, which removes the files of the version that runs."""
    pids = running.instance.pids()
    link = running.instance.home / 'bin'
    package = os.readlink(link)
    link.unlink()
    link.mkdir()
    for mode in ('hot', 'cold'):
        with pytest.raises(HostError, match=r'bin/obproxy'):
            running('restarted', mode=mode)
    (link / 'obproxy').write_text('#!/bin/false\n')
    for mode in ('hot', 'cold'):
        with pytest.raises(HostError, match='cannot be executed: .*Permission denied'):
            running('restarted', mode=mode, check_mode=True)
    shutil.rmtree(link)
    link.symlink_to(package)
    assert running.instance.pids() == pids and greets(running.instance.sql)


def test_a_program_that_needs_its_packages_libraries_is_restarted_cold(running):
    """As on EL7: a start gives it the library path, the parent of a hot restart doesn't pass it on."""
    before, = running.instance.pids()
    link = running.instance.home / 'bin'
    program = os.path.realpath(link / 'obproxy')
    link.unlink()
    link.mkdir()
    (link / 'obproxy').write_text(f'#!/bin/sh\n[ "$LD_LIBRARY_PATH" ] || {{ echo "{LOADER}" >&2; exit 127; }}\nexec {program} "$@"\n')
    (link / 'obproxy').chmod(0o755)
    with pytest.raises(HostError, match='without LD_LIBRARY_PATH: .*libstdc'):
        running('restarted', mode='hot')
    assert running.instance.pids() == [before]
    running('restarted', mode='cold')
    assert not runs(before) and greets(running.instance.sql)


def test_a_wrong_password_restarts_nothing(running):
    pids = running.instance.pids()
    for mode in ('hot', 'cold'):
        with pytest.raises(HostError, match='Nothing was changed'):
            running('restarted', mode=mode, sys_password='wrong')
    assert running.instance.pids() == pids


def test_a_cold_restart_comes_back_watched(running):
    before, = running.instance.pids()
    assert running('restarted', mode='cold', check_mode=True) and running.instance.pids() == [before]
    assert running('restarted', mode='cold', stop_timeout=20)
    after, = running.instance.pids()
    assert not runs(before) and running.result.restart == {'mode': 'cold', 'parent': before, 'pid': after}
    assert [step['signal'] for step in running.result.steps] == ['SIGUSR1']
    assert running.instance.watchdogs() and running.parameters()
    os.kill(after, signal.SIGKILL)
    running.instance.other_pid(after)


def test_a_cold_restart_that_lacks_only_its_metrics_leaves_it_in_service(running):
    before, = running.instance.pids()
    fault(running, 'no_metrics')
    with pytest.raises(HostError, match='serves no metrics'):
        running('restarted', mode='cold')
    with socket.create_server(('', running.instance.exporter)):
        with pytest.raises(HostError, match='is held by'):
            running('restarted', mode='cold')
    after, = running.instance.pids()
    assert not runs(before) and greets(running.instance.sql) and running.instance.watchdogs()
    assert not (running.instance.home / 'run' / 'stopped').exists()
    os.kill(after, signal.SIGKILL)
    running.instance.other_pid(after)


def test_a_cold_restart_cures_a_proxy_that_hangs(running):
    before, = running.instance.pids()
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: state(before) == 'T')
    with pytest.raises(HostError, match='mode=cold'):
        running('restarted', mode='hot')
    running('restarted', mode='cold', stop_timeout=1)
    assert not runs(before) and greets(running.instance.sql)


def test_what_does_not_run_is_started_by_a_restart(running):
    running('stopped')
    assert running('restarted', mode='hot') and greets(running.instance.sql)
    assert running.instance.watchdogs()


def test_what_was_never_started_is_not_restarted(service):
    with pytest.raises(HostError, match='first start was never completed'):
        service('restarted')
    service.nothing_is_left()


def test_a_graceful_stop_lets_sessions_finish(running):
    pid, = running.instance.pids()
    with Client(running.instance.sql, PASSWORD) as session:
        stopping = threading.Thread(target=running, args=('stopped',), kwargs={'stop_timeout': 30})
        stopping.start()
        wait_for(lambda: not greets(running.instance.sql))
        assert runs(pid) and session.query('select proxy_version()')[1]
    stopping.join()
    step, = running.result.steps
    assert (step['signal'], step['pids'], step['gone']) == ('SIGUSR1', [pid], True)
    running.nothing_is_left()


def test_a_stop_goes_on_to_harder_signals(running):
    pid, = running.instance.pids()
    with Client(running.instance.sql, PASSWORD) as session:
        assert running('stopped', stop_timeout=1)
        with pytest.raises(ProxysysError):
            session.query('select proxy_version()')
    assert [(step['signal'], step['gone']) for step in running.result.steps] == [('SIGUSR1', False), ('SIGTERM', True)]
    running()
    pid, = running.instance.pids()
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state(pid) == 'T')
    running('stopped', stop_timeout=1)
    assert [step['signal'] for step in running.result.steps] == ['SIGUSR1', 'SIGTERM', 'SIGKILL']
    running.nothing_is_left()


def test_stopping_one_leaves_its_neighbour(make, running, tmp_path):
    other = make('bar')
    pid = other.start()
    running('stopped', stop_timeout=5)
    assert runs(pid) and greets(other.sql) and other.watchdogs()
