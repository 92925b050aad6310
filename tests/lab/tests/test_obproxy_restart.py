"""How the stand-in leaves, what it remembers, and the hot restart."""
from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'obproxy'))

from obproxy_harness import listens, sha1, state, wait_for  # noqa: E402

pytest_plugins = ('obproxy_harness',)

EMPTY = 'obproxy_sys_password='
HOT_RESTART = 'alter proxyconfig set proxy_local_cmd=2'


def gone(pid: int) -> bool:
    return state(pid) in ('', 'Z')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_an_abrupt_stop(launch, number):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    client = proxy.connect()
    os.kill(pid, number)
    wait_for(lambda: gone(pid), 0.6)
    with pytest.raises(pymysql.MySQLError):
        client.ping(reconnect=False)


def test_local_command_1_is_a_quick_exit(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    proxy.query('alter proxyconfig set proxy_local_cmd=1')
    wait_for(lambda: gone(pid), 0.6)


def test_an_idle_proxy_leaves_gracefully_within_2_seconds(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    os.kill(pid, signal.SIGUSR1)
    wait_for(lambda: not listens(proxy.sql), 1)
    wait_for(lambda: gone(pid), 3)


def test_a_graceful_exit_gives_sessions_their_time(launch):
    proxy = launch()
    pid = proxy.start(options=f'{EMPTY},hot_upgrade_exit_timeout=2200000')
    client = proxy.connect()
    begun = time.monotonic()
    os.kill(pid, signal.SIGUSR1)
    wait_for(lambda: not listens(proxy.sql), 1)
    client.ping(reconnect=False)
    with client.cursor() as cursor, pytest.raises(pymysql.MySQLError):
        cursor.execute('ping proxy')
    wait_for(lambda: gone(pid), 4)
    assert 2.1 < time.monotonic() - begun < 3.5


@pytest.mark.parametrize(('version', 'file'), [
    ('4.3.1.0', 'proxyconfig_v1.db'), ('4.2.3.0', 'obproxy_config.bin'),
    ('3.2.3', 'obproxy_config.bin'), ('1.9.1.1', 'obproxy_config.bin')])
def test_the_next_start_knows_everything(launch, version, file):
    proxy = launch(version)
    pid = proxy.start('-c', 'foo', '-r', '127.0.0.1:2881', options=f'{EMPTY},proxy_idc_name=z1')
    proxy.query("alter proxyconfig set proxy_mem_limited='4G'")
    proxy.query("alter proxyconfig set obproxy_sys_password='pw'")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not proxy.pids())
    assert [path.name for path in (proxy.home / 'etc').iterdir()] == [file]
    proxy.run()
    wait_for(lambda: listens(proxy.sql))
    assert listens(proxy.exporter)
    rows = {row['name']: row['value'] for row in proxy.query('show proxyconfig diff', 'pw')}
    assert (rows['proxy_mem_limited'], rows['obproxy_sys_password']) == ('4G', sha1('pw'))
    assert (rows['rootservice_list'], rows['proxy_idc_name']) == ('127.0.0.1:2881', 'z1')


def test_the_command_line_goes_before_what_is_persisted(launch):
    proxy = launch()
    pid = proxy.start(options=f'{EMPTY},work_thread_num=5,task_thread_num=3')
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not proxy.pids())
    proxy.start(options='work_thread_num=6')
    assert (proxy.value('work_thread_num'), proxy.value('task_thread_num')) == ('6', '3')
    assert (proxy.home / 'etc' / 'proxyconfig_v1.db').read_bytes().startswith(b'SQLite format 3')


def test_a_pending_value_is_shown_but_not_in_force(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    old, new = proxy.sql, launch().sql
    proxy.query(f'alter proxyconfig set listen_port={new}')
    assert proxy.value('listen_port') == str(new)
    assert listens(old) and not listens(new)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not proxy.pids())
    proxy.run()
    wait_for(lambda: listens(new))
    assert not listens(old)


def test_hot_restart_refuses_nobody(launch):
    proxy = launch()
    old = proxy.start(options=f'{EMPTY},hot_upgrade_exit_timeout=700000')
    begun = time.monotonic()
    proxy.query(HOT_RESTART)
    seen, both = [], False
    while not gone(old):
        seen.append(int(proxy.query('show proxysession')[0]['pid']))
        both = both or len(proxy.pids()) == 2
        assert time.monotonic() - begun < 5
    new, = proxy.pids()
    assert new != old and both
    assert set(seen) >= {new} and seen == sorted(seen, key=lambda pid: pid == new)
    assert listens(proxy.exporter) and listens(proxy.rpc)
    assert proxy.log('obproxy_diagnosis.log').count('result: reboot success') == 2


def test_the_child_of_a_hot_restart_has_argv_0_only(launch):
    proxy = launch()
    old = proxy.start(options=f'{EMPTY},hot_upgrade_exit_timeout=300000', LD_LIBRARY_PATH='/nowhere')
    proxy.query(HOT_RESTART)
    new, = wait_for(lambda: set(proxy.pids()) - {old})
    process = Path(f'/proc/{new}')
    wait_for(lambda: gone(old))
    assert (process / 'cmdline').read_text() == f'{proxy.program}\0'
    variables = dict(line.split('=', 1) for line in (process / 'environ').read_text().split('\0') if line)
    assert variables.pop('OBPROXY_ROOT') == str(proxy.home)
    assert all(name.startswith('OBPROXY_INHERITED_') for name in variables) and len(variables) == 3
    sockets = [link for link in map(os.readlink, (process / 'fd').glob('*')) if link.startswith('socket:')]
    assert len(sockets) == 5, 'three that listen, and a pair of its own for signals'


def test_only_what_is_persisted_is_in_force_afterwards(launch):
    proxy = launch()
    old = proxy.start(options=f'{EMPTY},work_thread_num=5,hot_upgrade_exit_timeout=100000')
    proxy.query('alter proxyconfig set work_thread_num=9')
    proxy.query(HOT_RESTART)
    wait_for(lambda: gone(old))
    assert proxy.value('work_thread_num') == '9'
    proxy.query(HOT_RESTART)
    wait_for(lambda: proxy.log('obproxy_diagnosis.log').count('reboot success') == 3)


def test_hot_upgrade_by_a_link_that_is_flipped(trees, launch, tmp_path):
    proxy = launch('4.2.3.0')
    link = tmp_path / 'bin'
    link.symlink_to(trees['4.2.3.0'] / 'bin')
    proxy.program = link / 'obproxy'
    old = proxy.start(options='hot_upgrade_exit_timeout=300000,proxy_idc_name=z1')
    link.unlink()
    link.symlink_to(trees['4.3.1.0'] / 'bin')
    proxy.query(HOT_RESTART)
    wait_for(lambda: gone(old))
    assert '4.3.1.0' in proxy.query('show proxyinfo binary')[0]['info']
    assert proxy.value('proxy_idc_name') == 'z1'
    assert Path(f'/proc/{proxy.pids()[0]}/exe').resolve() == trees['4.3.1.0'] / 'bin' / 'obproxy'


def test_the_parent_goes_on_when_the_child_dies(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    (proxy.home / 'etc' / 'standin.fault').write_text('die_at_start')
    proxy.query(HOT_RESTART)
    wait_for(lambda: 'hot restart, pid: %d, result: reboot failed' % pid in proxy.log('obproxy_diagnosis.log'))
    assert proxy.pids() == [pid]
    assert proxy.query('select proxy_version()')
    (proxy.home / 'etc' / 'standin.fault').unlink()
    proxy.query('alter proxyconfig set hot_upgrade_exit_timeout=0')
    proxy.query(HOT_RESTART)
    wait_for(lambda: gone(pid))
    assert proxy.query('select proxy_version()')


def test_a_stuck_child_is_killed_in_the_end(launch):
    proxy = launch()
    pid = proxy.start(options=f'{EMPTY},hot_upgrade_rollback_timeout=1s')
    (proxy.home / 'etc' / 'standin.fault').write_text('hang_at_start')
    proxy.query(HOT_RESTART)
    wait_for(lambda: len(proxy.pids()) == 2)
    assert proxy.query('select proxy_version()')
    wait_for(lambda: proxy.pids() == [pid])


def test_before_321_there_is_no_hot_restart(launch):
    proxy = launch('1.9.1.1')
    pid = proxy.start()
    proxy.query(HOT_RESTART)
    wait_for(lambda: 'no hot restart' in proxy.log())
    assert proxy.pids() == [pid]


def test_a_stopped_process_accepts_and_does_not_answer(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(pymysql.MySQLError):
        pymysql.connect(host='127.0.0.1', port=proxy.sql, user='root@proxysys', read_timeout=0.3)
    os.kill(pid, signal.SIGCONT)
    assert proxy.query('select proxy_version()')


def test_an_idle_proxy_sleeps(launch):
    """No time of a processor worth the name: a hundred of them share a machine."""
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    wait_for(lambda: state(pid) == 'S')

    def switches() -> int:
        lines = Path(f'/proc/{pid}/status').read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if 'ctxt_switches' in line)
    before = switches()
    time.sleep(0.5)
    assert switches() - before <= 2
