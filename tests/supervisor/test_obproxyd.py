"""obproxyd.sh against the stand-in: what a person at the shell, or a client of the proxy, would notice."""
from __future__ import annotations

import getpass
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client
from conftest import greets, runs, state, wait_for

PASSWORD = 'an-0ld-friend'


def first_start(instance, password: str = PASSWORD) -> None:
    digest = hashlib.sha1(password.encode()).hexdigest()
    lines = ['-r', '10.0.0.1:2881;10.0.0.2:2881', '-c', 'ob', '-o', f'obproxy_sys_password={digest}']
    path = instance.home / 'run' / 'first_start'
    path.write_text('\n'.join(lines) + '\n')
    path.chmod(0o600)


def value(instance, name: str, password: str = PASSWORD) -> str:
    with Client(instance.sql, password) as client:
        return dict(row[:2] for row in client.query('show proxyconfig')[1])[name]


def test_shellcheck_finds_nothing(foo):
    assert shutil.which('shellcheck'), 'shellcheck is missing'
    done = subprocess.run(['shellcheck', str(foo.script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_exit_codes_are_truthful(foo):
    assert foo.call('status').returncode == 3
    assert foo.call('checkalive').returncode == 3
    pid = foo.start()
    assert greets(foo.sql)
    assert foo.call('status').returncode == 0
    assert foo.call('checkalive').returncode == 0
    assert foo.start() == pid, 'a second start is no restart'
    assert len(foo.watchdogs()) == 1
    assert foo.call('stop').returncode == 0
    assert not runs(pid) and not greets(foo.sql) and not foo.watchdogs()
    assert foo.call('status').returncode == 3
    assert foo.call('stop').returncode == 0


def test_a_stopped_process_is_not_alive(foo):
    pid = foo.start()
    os.kill(pid, signal.SIGSTOP)
    assert foo.call('status').returncode == 0
    assert foo.call('checkalive').returncode == 1


def test_the_watchdog_shows_its_name(foo):
    foo.start()
    listing = subprocess.run(['ps', '-efww'], capture_output=True, text=True).stdout
    assert re.search(rf'{re.escape(str(foo.script))} -c run', listing)


def test_nobody_waits_for_the_watchdog(foo):
    """A caller's descriptors are closed, or ssh would hang."""
    reading, writing = os.pipe()
    done = subprocess.run([str(foo.script), '-c', 'start'], stdout=writing, stderr=writing, pass_fds=[writing])
    os.close(writing)
    assert done.returncode == 0
    with os.fdopen(reading) as output:
        assert foo.name in output.read()


def test_the_first_start_has_its_arguments_once(foo):
    first_start(foo)
    foo.start()
    assert value(foo, 'rootservice_list') == '10.0.0.1:2881;10.0.0.2:2881'
    wait_for(lambda: not (foo.home / 'run' / 'first_start').exists())


def test_kill_is_repaired_with_the_configuration(foo):
    first_start(foo)
    pid = foo.start()
    with Client(foo.sql, PASSWORD) as client:
        client.query("alter proxyconfig set long_async_task_timeout = '33s'")
    wait_for(lambda: not (foo.home / 'run' / 'first_start').exists())
    before = value(foo, 'long_async_task_timeout')
    for _ in range(3):
        os.kill(pid, signal.SIGKILL)
        pid = foo.other_pid(pid, 5)
    assert value(foo, 'long_async_task_timeout') == before
    assert value(foo, 'rootservice_cluster_name') == 'ob'


def test_a_hung_proxy_is_replaced(foo):
    pid = foo.start(OBPROXYD_HUNG_LIMIT='3')
    os.kill(pid, signal.SIGSTOP)
    assert foo.other_pid(pid, 15) and not runs(pid)


def test_a_proxy_that_stays_silent_from_the_start_is_replaced(foo):
    environment = {'OBPROXYD_HUNG_LIMIT': '2', 'OBPROXYD_START_LIMIT': '4', 'OBPROXY_STANDIN_FAULT': 'never_answer'}
    assert foo.call('start', **environment).returncode == 1
    pid = foo.pids()[0]
    wait_for(lambda: not runs(pid), 15)


def test_instances_leave_each_other_alone(make):
    foo, bar = make('foo'), make('foo.x-y')
    one, two = foo.start(), bar.start()
    os.kill(one, signal.SIGKILL)
    three = foo.other_pid(one, 5)
    assert bar.call('stop').returncode == 0
    assert foo.pids() == [three] and greets(foo.sql)
    assert not runs(two) and foo.call('status').returncode == 0


def test_a_hot_restart_is_no_crash(foo):
    first_start(foo)
    parent = foo.start()
    with Client(foo.sql, PASSWORD) as client:
        client.query('alter proxyconfig set hot_upgrade_exit_timeout = 4000000')
        client.query('alter proxyconfig set proxy_local_cmd = 2')
    child = wait_for(lambda: [pid for pid in foo.pids() if pid != parent])[0]
    foo.other_pid(parent, 30)
    # three more looks of the watchdog, told by its own processor time, find nothing to repair
    watchdog = foo.watchdogs()[0]
    switches = lambda: int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', open(f'/proc/{watchdog}/status').read(), re.M)[1])
    seen = switches()
    wait_for(lambda: switches() >= seen + 4, 20)
    assert foo.pids() == [child] and foo.launches() == 1
    os.kill(child, signal.SIGKILL)
    foo.other_pid(child, 5)


def test_a_stale_pid_file_harms_nobody(foo):
    innocent = subprocess.Popen(['sleep', '600'], cwd=foo.home)
    try:
        (foo.home / 'run' / 'obproxyd.pid').write_text(f'{innocent.pid}\n')
        assert foo.call('status').returncode == 3
        foo.start()
        assert (foo.home / 'run' / 'obproxyd.pid').read_text() != f'{innocent.pid}\n'
        (foo.home / 'run' / 'obproxyd.pid').write_text(f'{innocent.pid}\n')
        foo.call('stop')
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_the_watchdogs_death_is_not_the_proxys(foo):
    pid = foo.start()
    for number in (signal.SIGKILL, signal.SIGTERM):
        watchdog = foo.watchdogs()[0]
        os.kill(watchdog, number)
        wait_for(lambda: not runs(watchdog))
        assert foo.pids() == [pid] and greets(foo.sql)
        assert foo.start() == pid
        wait_for(lambda: len(foo.watchdogs()) == 1)
    assert foo.launches() == 1


def test_a_lost_pid_file_does_not_double_the_watchdog(foo):
    foo.start()
    first = foo.watchdogs()
    (foo.home / 'run' / 'obproxyd.pid').unlink()
    foo.call('start')
    wait_for(lambda: (foo.home / 'run' / 'obproxyd.pid').exists())
    wait_for(lambda: foo.watchdogs() == first)


def test_boot_respects_a_stop(foo):
    pid = foo.start()
    foo.call('stop')
    assert foo.call('start', '--boot').returncode == 0
    assert not foo.watchdogs() and not foo.pids()
    other = foo.start()
    assert other != pid
    for process in foo.watchdogs() + foo.pids():
        os.kill(process, signal.SIGKILL)
    wait_for(lambda: not foo.pids())
    assert foo.call('start', '--boot').returncode == 0
    wait_for(lambda: greets(foo.sql))
    assert len(foo.watchdogs()) == 1


def test_systemds_stop_is_not_remembered_and_spares_an_orphan(foo):
    pid = foo.start()
    assert foo.call('stop', '--boot', MAINPID='').returncode == 0
    assert foo.pids() == [pid]
    assert foo.call('stop', '--boot', MAINPID=str(foo.watchdogs()[0])).returncode == 0
    assert not foo.pids() and not foo.watchdogs()
    assert not (foo.home / 'run' / 'stopped').exists()


def test_a_unit_s_watchdog_waits_while_another_works(foo):
    """systemd's ExecStart beside one that was started by hand."""
    pid = foo.start()
    by_hand = foo.watchdogs()[0]
    unit = subprocess.Popen([str(foo.script), '-c', 'run'])
    try:
        os.kill(by_hand, signal.SIGTERM)
        wait_for(lambda: (foo.home / 'run' / 'obproxyd.pid').exists()
                 and (foo.home / 'run' / 'obproxyd.pid').read_text().strip() == str(unit.pid))
        assert foo.pids() == [pid] and unit.poll() is None
    finally:
        unit.terminate()
        assert unit.wait(10) == 0


def test_a_start_that_fails_says_why_and_is_damped(foo):
    done = foo.call('start', OBPROXY_STANDIN_FAULT='die_at_start')
    assert done.returncode == 1
    assert 'does not answer' in done.stderr and 'obproxy.log' in done.stderr
    began = time.monotonic()
    wait_for(lambda: foo.launches() >= 5, 20)
    assert time.monotonic() - began > 4, 'the pauses grow'
    assert foo.call('stop').returncode == 0
    assert not foo.watchdogs()


def test_somebody_elses_port_is_not_an_answer(foo):
    with socket.create_server(('', foo.sql)):
        assert foo.call('start').returncode == 1
        assert foo.call('checkalive').returncode != 0


def test_a_proxy_that_ignores_sigterm_is_stopped(foo):
    pid = foo.start()
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state(pid) == 'T')
    assert foo.call('stop', OBPROXYD_STOP_LIMIT='1').returncode == 0
    assert not runs(pid)


def test_a_graceful_stop(foo):
    pid = foo.start()
    assert foo.call('stop', '-g').returncode == 0
    assert not runs(pid) and not foo.watchdogs()


@pytest.mark.parametrize('arguments', [
    ('start', '-p', '1'), ('start', '-n', 'other'), ('start', '-r'), ('start', '-t', 'x'), ('start', '-u', 'x'),
    ('start', '-i', 'x'), ('start', '-s', 'x'), ('sing',), ('start', '--nonsense'), ('start', '-p')])
def test_what_makes_no_sense_is_refused(foo, arguments):
    done = foo.call(*arguments)
    assert done.returncode == 2 and done.stderr
    assert not foo.pids() and not foo.watchdogs()


def test_its_own_port_and_name_are_accepted(foo):
    assert foo.call('start', '-p', str(foo.sql), '-n', foo.cluster).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_root_hands_over_to_the_instances_user(make, tmp_path):
    instance = make(user='daemon')
    for path in [*tmp_path.parents, tmp_path]:
        if path != path.parent and not path.stat().st_mode & 1:
            path.chmod(path.stat().st_mode | 0o111)
    for path in [instance.home, *instance.home.rglob('*')]:
        if not path.is_symlink():
            shutil.chown(path, 'daemon', 'daemon')
    pid = instance.start()
    for one in [pid, *instance.watchdogs()]:
        assert os.stat(f'/proc/{one}').st_uid != 0
    assert instance.call('status').returncode == 0
    assert instance.call('stop').returncode == 0
    assert (instance.home / 'run' / 'stopped').owner() == 'daemon'


def test_another_user_is_refused(make):
    if os.geteuid() != 0 or getpass.getuser() == 'daemon':
        pytest.skip('needs root')
    instance = make()
    instance.home.chmod(0o755)
    instance.script.chmod(0o755)
    for path in instance.home.parents:
        if not path.stat().st_mode & 1:
            path.chmod(path.stat().st_mode | 0o111)
    done = subprocess.run(['runuser', '-u', 'daemon', '--', str(instance.script), '-c', 'start'],
                          capture_output=True, text=True)
    assert done.returncode == 4 and not instance.pids()
