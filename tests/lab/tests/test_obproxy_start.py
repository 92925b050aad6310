"""The stand-in's start: command line, home, ports, and every way in which it does not start."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'obproxy'))

from obproxy_harness import ANY_KERNEL, greets, listens, sha1, wait_for  # noqa: E402

pytest_plugins = ('obproxy_harness',)

EMPTY = 'obproxy_sys_password='
on_other_kernel = pytest.mark.skipif('.el' in os.uname().release, reason='this is an EL kernel')


def test_looks_like_the_real_one(launch):
    proxy = launch()
    pid = proxy.start('-c', 'foo', '-r', '127.0.0.1:2881')
    process = Path(f'/proc/{pid}')
    assert (process / 'exe').resolve() == proxy.tree / 'bin' / 'obproxy'
    assert (process / 'comm').read_text() == 'obproxy\n'
    assert (process / 'cmdline').read_text().split('\0')[:-1] == [
        str(proxy.program), *proxy.arguments(), '-c', 'foo', '-r', '127.0.0.1:2881']
    assert (process / 'exe').read_bytes()[:4] == b'\x7fELF'


def test_returns_at_once_with_nothing_of_its_terminal(launch):
    proxy = launch()
    begun = time.monotonic()
    pid = proxy.start()
    assert time.monotonic() - begun < 2
    assert {os.readlink(f'/proc/{pid}/fd/{number}') for number in (0, 1, 2)} == {'/dev/null'}
    assert os.getsid(pid) == pid


def test_stays_in_the_foreground_when_told(launch):
    proxy = launch()
    process = subprocess.Popen([proxy.program, *proxy.arguments(), '-N'], cwd=proxy.home)
    wait_for(lambda: greets(proxy.sql))
    assert proxy.pids() == [process.pid]
    process.terminate()
    assert process.wait(2) == 0


def test_version_goes_to_stderr(launch):
    done = launch('4.2.3.0').run('-V')
    assert (done.returncode, done.stdout) == (0, '')
    assert done.stderr.startswith('obproxy (OceanBase CE 4.2.3.0 3)\n')
    assert 'OceanBase 1.9.1.1 1919579)' in launch('1.9.1.1').run('-V').stderr


def test_home_is_the_working_directory_or_what_the_environment_says(launch, tmp_path):
    proxy = launch()
    proxy.start()
    folders = {'etc', 'log', '.conf', 'control-config', 'sharding-config'}
    assert {path.name for path in proxy.home.iterdir()} == folders
    other = launch()
    other.start(OBPROXY_ROOT=str(tmp_path / 'elsewhere'))
    assert {path.name for path in (tmp_path / 'elsewhere').iterdir()} == folders
    assert not list(other.home.iterdir())


def test_one_package_serves_two_instances(launch):
    one, two = launch(), launch()
    assert one.start(options=EMPTY) != two.start(options=EMPTY)
    one.query("alter proxyconfig set proxy_mem_limited='4G'")
    assert (one.value('proxy_mem_limited'), two.value('proxy_mem_limited')) == ('4G', '2G')


def test_three_ports_from_43_on(launch):
    new, old = launch(), launch('4.2.3.0')
    new.start()
    old.start()
    for port in (new.sql, new.exporter, new.rpc, old.sql, old.exporter):
        wait_for(lambda port=port: listens(port))
    without = launch()
    without.start(options='enable_obproxy_rpc_service=false')
    wait_for(lambda: listens(without.exporter))
    assert not listens(without.rpc)


@pytest.mark.parametrize('arguments', [
    ['-p', '80'], ['-p', '65536'], ['-p', 'x'], ['-x'], ['stray'],
    ['-o', 'work_thread_num=129'], ['-o', "proxy_mem_limited='2G'"], ['-o', 'enable_prometheus=maybe'],
    ['-o', 'hot_upgrade_exit_timeout=10s'], ['-o', 'novalue'],
])
def test_gone_with_exit_code_0(launch, arguments):
    proxy = launch()
    proxy.start_in_vain(*arguments)
    assert not listens(proxy.sql)
    assert not (proxy.home / 'etc' / 'proxyconfig_v1.db').exists()


def test_the_rpc_flag_is_unknown_before_43(launch):
    proxy = launch('4.2.3.0')
    proxy.start_in_vain('-s', str(proxy.rpc))
    assert not listens(proxy.sql)


def test_an_unknown_name_is_ignored_and_commas_split(launch):
    proxy = launch()
    proxy.start(options=f'{EMPTY},no_such_item=1,work_thread_num=7,proxy_idc_name=a')
    assert (proxy.value('work_thread_num'), proxy.value('proxy_idc_name')) == ('7', 'a')
    assert 'no_such_item' in proxy.log()


@pytest.mark.parametrize('name', ['sql', 'rpc'])
def test_gone_when_a_port_is_taken(launch, name):
    proxy = launch()
    with socket.create_server(('', getattr(proxy, name))):
        proxy.start_in_vain()
        assert 'reboot failed' in proxy.log('obproxy_diagnosis.log')
        assert str(getattr(proxy, name)) in proxy.log()


def test_starts_without_metrics_when_their_port_is_taken(launch):
    proxy = launch()
    with socket.create_server(('', proxy.exporter)):
        proxy.start(options=EMPTY)
        assert proxy.query('select proxy_version()')
    assert not listens(proxy.exporter)
    assert 'reboot success' in proxy.log('obproxy_diagnosis.log')


def test_a_second_start_of_the_same_exits_and_leaves_the_first(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    proxy.run(*proxy.arguments(), '-o', 'work_thread_num=3')
    wait_for(lambda: proxy.pids() == [pid] and 'reboot failed' in proxy.log('obproxy_diagnosis.log'))
    assert proxy.value('work_thread_num') == '128'


def test_two_in_one_home_with_other_ports_both_run(launch):
    one = launch(home='same')
    one.start(options=EMPTY)
    two = launch(home='same')
    two.start()
    assert len(one.pids()) == 2


def test_an_unreachable_observer_does_not_matter(launch):
    proxy = launch()
    proxy.start('-r', '192.0.2.77:2881;192.0.2.78:2881', '-c', 'foo', options=EMPTY)
    assert proxy.value('rootservice_list') == '192.0.2.77:2881;192.0.2.78:2881'
    assert proxy.value('rootservice_cluster_name') == 'foo'


@pytest.mark.parametrize(('version', 'name'), [
    ('4.3.1.0', 'proxyconfig_v1.db'), ('4.2.3.0', 'obproxy_config.bin'), ('3.2.3', 'obproxy_config.bin')])
def test_gone_when_what_is_persisted_is_corrupt(launch, version, name):
    proxy = launch(version)
    (proxy.home / 'etc').mkdir()
    (proxy.home / 'etc' / name).write_bytes(b'not what it should be' * 40)
    proxy.start_in_vain()
    assert (proxy.home / 'etc' / name).read_bytes() == b'not what it should be' * 40
    assert 'corrupt' in proxy.log()


@on_other_kernel
def test_older_versions_want_an_el_kernel(launch):
    old = launch('4.2.3.0')
    old.run(*old.arguments())
    wait_for(lambda: 'reboot failed' in old.log('obproxy_diagnosis.log') and not old.pids())
    assert 'enable_strict_kernel_release' in old.log()
    old.run(*old.arguments(), '-o', ANY_KERNEL)
    wait_for(lambda: listens(old.sql))
    strict = launch()
    strict.start_in_vain(options='enable_strict_kernel_release=true')
    assert 'enable_strict_kernel_release' in strict.log()


def test_needs_an_address_that_is_not_loopback(launch):
    unshare = shutil.which('unshare')
    lonely = [unshare, '--user', '--map-root-user', '--net', 'sh', '-c',
              'ip link set lo up 2>/dev/null; exec "$0" "$@"']
    if unshare is None or subprocess.run([*lonely, 'true'], capture_output=True, check=False).returncode:
        pytest.skip('no network namespace to be had here')
    proxy = launch()
    subprocess.run([*lonely, str(proxy.program), *proxy.arguments()], cwd=proxy.home, check=True)
    wait_for(lambda: 'no address but loopback' in proxy.log() and not proxy.pids())


def test_a_plain_password_on_the_command_line_lets_nobody_in(launch):
    proxy = launch()
    proxy.start(options='obproxy_sys_password=secret')
    for password in ('secret', ''):
        with pytest.raises(pymysql.MySQLError) as caught:
            proxy.connect(password)
        assert caught.value.args[0] == 1045


def test_a_hash_on_the_command_line_lets_its_password_in(launch):
    proxy = launch()
    proxy.start(options=f"obproxy_sys_password={sha1('secret')}")
    assert proxy.value('obproxy_sys_password', 'secret') == sha1('secret')


def test_observer_passwords_come_from_the_environment_from_431_on(launch):
    new, old = launch(), launch('4.2.3.0')
    new.start(options=EMPTY, observer_sys_password=sha1('a'), obproxy_sys_password=sha1('b'))
    old.start(options=EMPTY, observer_sys_password=sha1('a'))
    assert (new.value('observer_sys_password'), old.value('observer_sys_password')) == (sha1('a'), '')
    assert new.value('obproxy_sys_password') == ''


def test_fault_die_at_start(launch):
    proxy = launch()
    proxy.start_in_vain(OBPROXY_STANDIN_FAULT='die_at_start')
    assert proxy.log('obproxy_diagnosis.log') == ''


def test_fault_never_answer_comes_and_goes_by_file(launch):
    proxy = launch()
    proxy.start(options=EMPTY)
    fault = proxy.home / 'etc' / 'standin.fault'
    fault.write_text('never_answer\n')
    with socket.create_connection(('127.0.0.1', proxy.sql)) as client:
        client.settimeout(0.3)
        with pytest.raises(socket.timeout):
            client.recv(1)
    fault.unlink()
    assert proxy.query('select proxy_version()')


def test_fault_slow(launch):
    proxy = launch()
    proxy.start(options=EMPTY, OBPROXY_STANDIN_FAULT='slow=0.2')
    begun = time.monotonic()
    proxy.query('select proxy_version()')
    assert time.monotonic() - begun > 0.6


def test_fault_no_metrics_and_die_after(launch):
    proxy = launch()
    proxy.start(OBPROXY_STANDIN_FAULT='no_metrics, die_after=0.3')
    assert not listens(proxy.exporter)
    wait_for(lambda: not proxy.pids())
