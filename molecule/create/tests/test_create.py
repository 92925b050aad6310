"""A cluster of three servers is there, runs as it was asked to, and comes back whatever happens to it."""
import base64
import os
import re
import sqlite3

import pytest
from probe import Proxy, hosts, until

testinfra_hosts = hosts(1, 2, 3)

SYS, PROXYRO = 'sys-mol-5bfa91c2', 'ro-mol-77d3e0aa'
HOME = '/opt/obproxy/alpha-2883'


@pytest.fixture
def proxy(host):
    return Proxy(host, 2883)


def test_the_installed_program_runs_as_its_user(host, proxy):
    assert host.process.get(pid=proxy.pid()).user == 'admin'
    assert re.fullmatch(r'/home/admin/obproxy-[\d.]+/bin/obproxy', proxy.exe())
    assert proxy.link('cwd') == HOME


def test_the_watchdog_shows_as_obproxyd_sh(host):
    assert f'{HOME}/obproxyd.sh' in host.check_output('ps -ef')


def test_the_cluster_s_parameters_are_in_force(proxy):
    assert proxy.parameter(SYS, 'client_max_connections') == '16384'
    assert proxy.parameter(SYS, 'work_thread_num') == '4'
    assert proxy.parameter(SYS, 'proxy_mem_limited').lower() in ('1g', '1gb', '1073741824')
    assert proxy.parameter(SYS, 'rootservice_list') == '127.0.0.1:2881;127.0.0.2:2881'


def test_only_the_given_password_logs_in(proxy):
    assert proxy.answers(SYS)
    assert not proxy.answers('')
    assert not proxy.answers('wrong')


def test_the_exporter_answers(proxy):
    assert 'odp_current_session' in proxy.metrics(2884)


def test_no_secret_is_left_on_the_host(host):
    """In no file, no process, no journal. The search itself must not leave it there: sudo logs commands."""
    for secret in (SYS, PROXYRO):
        pattern = f"echo {base64.b64encode(secret.encode()).decode()} | base64 -d | grep -rlaF -f -"
        assert host.run(f'{pattern} /etc /opt /home /var /run /tmp /root').stdout == ''
        assert host.run(f'{pattern} /proc/[0-9]*/cmdline /proc/[0-9]*/environ').stdout == ''
    assert not host.file(f'{HOME}/run/first_start').exists
    assert host.file('/etc/obproxy/alpha-2883.json').mode == 0o600


def test_no_secret_is_in_the_registry():
    folder = os.environ['LAB_STATE']
    with open(f'{folder}/ansible/obproxy/registry.db', 'rb') as stream:
        content = stream.read()
    assert SYS.encode() not in content
    assert PROXYRO.encode() not in content
    assert os.stat(f'{folder}/ansible/obproxy/registry.db').st_mode & 0o777 == 0o600


def test_the_registry_says_that_all_run():
    with sqlite3.connect(f"{os.environ['LAB_STATE']}/ansible/obproxy/registry.db") as registry:
        assert set(registry.execute('select status, operate_status from obproxy_servers')) == {('RUNNING', 'NORMAL')}
        assert set(registry.execute('select distinct status from obproxy_tasks')) == {('SUCCESSFUL',)}
        assert set(registry.execute('select distinct status from obproxy_subtasks')) == {('SUCCESSFUL',)}


def test_a_killed_proxy_is_back_with_its_configuration(host, proxy):
    before = proxy.pid()
    assert host.run(f'kill -9 {before}').rc == 0
    until(lambda: proxy.pids() not in ([], [before]), 5)
    until(lambda: proxy.answers(SYS))
    assert proxy.parameter(SYS, 'client_max_connections') == '16384'


def test_a_reboot_brings_it_back(host, proxy):
    import faults
    from lab import Lab
    faults.reboot(Lab(os.path.basename(os.environ['LAB_STATE'])), int(host.backend.host.name[4:]))
    until(lambda: proxy.answers(SYS), 90)
