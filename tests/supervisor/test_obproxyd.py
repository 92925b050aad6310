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
from pathlib import Path

import pytest
import yaml
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client
from conftest import ROOT, greets, runs, state, wait_for

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


def naps(pid: int) -> int:
    """How often a process has gone to sleep."""
    return int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', Path(f'/proc/{pid}/status').read_text(), re.M)[1])


def test_shellcheck_finds_nothing(proxy):
    assert shutil.which('shellcheck'), 'shellcheck is missing'
    done = subprocess.run(['shellcheck', str(proxy.script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_exit_codes_are_truthful(proxy):
    assert proxy.call('status').returncode == 3
    assert proxy.call('checkalive').returncode == 3
    pid = proxy.start()
    assert greets(proxy.sql)
    assert proxy.call('status').returncode == 0
    assert proxy.call('checkalive').returncode == 0
    assert proxy.start() == pid, 'a second start is no restart'
    assert len(proxy.watchdogs()) == 1
    assert proxy.call('stop').returncode == 0
    assert not runs(pid) and not greets(proxy.sql) and not proxy.watchdogs()
    assert proxy.call('status').returncode == 3
    assert proxy.call('stop').returncode == 0


def test_a_stopped_process_is_not_alive(proxy):
    pid = proxy.start()
    os.kill(pid, signal.SIGSTOP)
    assert proxy.call('status').returncode == 0
    assert proxy.call('checkalive').returncode == 1


def test_the_watchdog_shows_its_name(proxy):
    proxy.start()
    listing = subprocess.run(['ps', '-efww'], capture_output=True, text=True, check=False).stdout
    assert re.search(rf'{re.escape(str(proxy.script))} -c run', listing)


def test_nobody_waits_for_the_watchdog(proxy):
    """A caller's descriptors are closed, or ssh would hang."""
    reading, writing = os.pipe()
    done = subprocess.run([str(proxy.script), '-c', 'start'], stdout=writing, stderr=writing, pass_fds=[writing],
                          check=False)
    os.close(writing)
    assert done.returncode == 0
    with os.fdopen(reading) as output:
        assert proxy.name in output.read()


def test_the_first_start_has_its_arguments_once(proxy):
    first_start(proxy)
    proxy.start()
    assert value(proxy, 'rootservice_list') == '10.0.0.1:2881;10.0.0.2:2881'
    wait_for(lambda: not (proxy.home / 'run' / 'first_start').exists())


def test_kill_is_repaired_with_the_configuration(proxy):
    first_start(proxy)
    pid = proxy.start()
    with Client(proxy.sql, PASSWORD) as client:
        client.query("alter proxyconfig set long_async_task_timeout = '33s'")
    wait_for(lambda: not (proxy.home / 'run' / 'first_start').exists())
    before = value(proxy, 'long_async_task_timeout')
    for dummy in range(3):
        os.kill(pid, signal.SIGKILL)
        pid = proxy.other_pid(pid, 5)
    assert value(proxy, 'long_async_task_timeout') == before
    assert value(proxy, 'rootservice_cluster_name') == 'ob'


def test_a_hung_proxy_is_replaced(proxy):
    pid = proxy.start(OBPROXYD_HUNG_LIMIT='3')
    # Until the watchdog, too, has had an answer, this would be a proxy that is slow to start.
    wait_for(lambda: 'listens on' in proxy.log())
    os.kill(pid, signal.SIGSTOP)
    assert proxy.other_pid(pid, 15) and not runs(pid)


def test_a_proxy_that_stays_silent_from_the_start_is_replaced(proxy):
    environment = {'OBPROXYD_HUNG_LIMIT': '2', 'OBPROXYD_START_LIMIT': '4', 'OBPROXY_STANDIN_FAULT': 'never_answer'}
    assert proxy.call('start', **environment).returncode == 1
    pid = proxy.pids()[0]
    wait_for(lambda: not runs(pid), 15)


def test_instances_leave_each_other_alone(make):
    proxy, other = make('foo'), make('foo.x-y')
    one, two = proxy.start(), other.start()
    os.kill(one, signal.SIGKILL)
    three = proxy.other_pid(one, 5)
    assert other.call('stop').returncode == 0
    assert proxy.pids() == [three] and greets(proxy.sql)
    assert not runs(two) and proxy.call('status').returncode == 0


def test_a_hot_restart_is_no_crash(proxy):
    first_start(proxy)
    parent = proxy.start()
    with Client(proxy.sql, PASSWORD) as client:
        client.query('alter proxyconfig set hot_upgrade_exit_timeout = 4000000')
        client.query('alter proxyconfig set proxy_local_cmd = 2')
    child = wait_for(lambda: [pid for pid in proxy.pids() if pid != parent])[0]
    proxy.other_pid(parent, 30)
    # the watchdog has looked again, told by how often it has slept, and found nothing to repair
    watchdog = proxy.watchdogs()[0]
    seen = naps(watchdog)
    wait_for(lambda: naps(watchdog) >= seen + 4, 20)
    assert proxy.pids() == [child] and proxy.launches() == 1
    os.kill(child, signal.SIGKILL)
    proxy.other_pid(child, 5)


def test_a_stale_pid_file_harms_nobody(proxy):
    innocent = subprocess.Popen(['sleep', '600'], cwd=proxy.home)
    try:
        (proxy.home / 'run' / 'obproxyd.pid').write_text(f'{innocent.pid}\n')
        assert proxy.call('status').returncode == 3
        proxy.start()
        assert (proxy.home / 'run' / 'obproxyd.pid').read_text() != f'{innocent.pid}\n'
        (proxy.home / 'run' / 'obproxyd.pid').write_text(f'{innocent.pid}\n')
        proxy.call('stop')
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_the_watchdogs_death_is_not_the_proxys(proxy):
    pid = proxy.start()
    for number in (signal.SIGKILL, signal.SIGTERM):
        watchdog = proxy.watchdogs()[0]
        os.kill(watchdog, number)
        wait_for(lambda: not runs(watchdog))
        assert proxy.pids() == [pid] and greets(proxy.sql)
        assert proxy.start() == pid
        wait_for(lambda: len(proxy.watchdogs()) == 1)
    assert proxy.launches() == 1


def test_a_lost_pid_file_does_not_double_the_watchdog(proxy):
    proxy.start()
    first = proxy.watchdogs()
    (proxy.home / 'run' / 'obproxyd.pid').unlink()
    proxy.call('start')
    wait_for((proxy.home / 'run' / 'obproxyd.pid').exists)
    wait_for(lambda: proxy.watchdogs() == first)


def test_boot_respects_a_stop(proxy):
    pid = proxy.start()
    proxy.call('stop')
    assert proxy.call('start', '--boot').returncode == 0
    assert not proxy.watchdogs() and not proxy.pids()
    other = proxy.start()
    assert other != pid
    for process in proxy.watchdogs() + proxy.pids():
        os.kill(process, signal.SIGKILL)
    wait_for(lambda: not proxy.pids())
    assert proxy.call('start', '--boot').returncode == 0
    wait_for(lambda: greets(proxy.sql))
    assert len(proxy.watchdogs()) == 1


def test_boot_does_not_start_what_was_never_configured(proxy):
    assert proxy.call('start', '--boot').returncode == 0
    assert subprocess.run(['pgrep', '-f', str(proxy.script)], check=False, stdout=subprocess.PIPE).stdout == b''
    first_start(proxy)
    assert proxy.call('start', '--boot').returncode == 0
    wait_for(lambda: greets(proxy.sql))


def test_the_checked_commands_suffice(proxy, tmp_path):
    tasks = yaml.safe_load((ROOT / 'roles' / 'prepare_install' / 'tasks' / 'survey.yml').read_text())
    checked = re.findall(r"'(\w+)'", tasks[0]['oceanbase.obproxy.obproxy_host_info']['commands'])
    coreutils = ['cat', 'id', 'nohup', 'readlink', 'rm', 'stat', 'tail']
    path = tmp_path / 'path'
    path.mkdir()
    for name in checked + coreutils:
        (path / name).symlink_to(shutil.which(name))
    assert proxy.call('start', PATH=str(path)).returncode == 0
    os.kill(proxy.pids()[0], signal.SIGKILL)
    wait_for(lambda: proxy.call('checkalive', PATH=str(path)).returncode == 0)
    assert proxy.call('stop', PATH=str(path)).returncode == 0
    assert 'command not found' not in proxy.log()


def test_systemds_stop_is_not_remembered_and_spares_an_orphan(proxy):
    pid = proxy.start()
    assert proxy.call('stop', '--boot', MAINPID='').returncode == 0
    assert proxy.pids() == [pid]
    assert proxy.call('stop', '--boot', MAINPID=str(proxy.watchdogs()[0])).returncode == 0
    assert not proxy.pids() and not proxy.watchdogs()
    assert not (proxy.home / 'run' / 'stopped').exists()


def test_a_unit_s_watchdog_waits_while_another_works(proxy):
    """systemd's ExecStart beside one that was started by hand."""
    pid = proxy.start()
    by_hand = proxy.watchdogs()[0]
    unit = subprocess.Popen([str(proxy.script), '-c', 'run'])
    try:
        os.kill(by_hand, signal.SIGTERM)
        wait_for(lambda: (proxy.home / 'run' / 'obproxyd.pid').exists()
                 and (proxy.home / 'run' / 'obproxyd.pid').read_text().strip() == str(unit.pid))
        assert proxy.pids() == [pid] and unit.poll() is None
    finally:
        unit.terminate()
        assert unit.wait(10) == 0


def test_a_start_that_fails_says_why_and_is_damped(proxy):
    done = proxy.call('start', OBPROXY_STANDIN_FAULT='die_at_start')
    assert done.returncode == 1
    assert 'does not answer' in done.stderr and 'obproxy.log' in done.stderr
    began = time.monotonic()
    wait_for(lambda: proxy.launches() >= 5, 20)
    assert time.monotonic() - began > 4, 'the pauses grow'
    assert proxy.call('stop').returncode == 0
    assert not proxy.watchdogs()


def test_somebody_elses_port_is_not_an_answer(proxy):
    with socket.create_server(('', proxy.sql)):
        assert proxy.call('start').returncode == 1
        assert proxy.call('checkalive').returncode != 0


def test_a_proxy_that_ignores_sigterm_is_stopped(proxy):
    pid = proxy.start()
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state(pid) == 'T')
    assert proxy.call('stop', OBPROXYD_STOP_LIMIT='1').returncode == 0
    assert not runs(pid)


def test_a_graceful_stop(proxy):
    pid = proxy.start()
    assert proxy.call('stop', '-g').returncode == 0
    assert not runs(pid) and not proxy.watchdogs()


@pytest.mark.parametrize('arguments', [
    ('start', '-p', '1'), ('start', '-n', 'other'), ('start', '-r'), ('start', '-t', 'x'), ('start', '-u', 'x'),
    ('start', '-i', 'x'), ('start', '-s', 'x'), ('sing',), ('start', '--nonsense'), ('start', '-p')])
def test_what_makes_no_sense_is_refused(proxy, arguments):
    done = proxy.call(*arguments)
    assert done.returncode == 2 and done.stderr
    assert not proxy.pids() and not proxy.watchdogs()


def test_its_own_port_and_name_are_accepted(proxy):
    assert proxy.call('start', '-p', str(proxy.sql), '-n', proxy.cluster).returncode == 0


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
                          capture_output=True, text=True, check=False)
    assert done.returncode == 4 and not instance.pids()
