"""Proxies that were started in five ways belong to the cluster, are the same processes, and lost no session."""
import json
import re
import time

import pytest
from probe import Proxy, hosts, until

testinfra_hosts = hosts(1, 2, 3, 4, 6)

SYS, OLD = 'sys-mol-2d7e60b1', 'old-mol-1'
OWNERS = {'host3': 'proxyman'}
HOMES = {'host1': '/home/admin/obproxy-4.3.1.0', 'host2': '/data/bare', 'host3': '/srv/hot', 'host4': '/data/unit', 'host6': '/data/obd'}


@pytest.fixture
def name(host):
    return host.backend.host.name


@pytest.fixture
def proxy(host, name):
    return Proxy(host, 2883, OWNERS.get(name, 'admin'))


@pytest.fixture
def before(host):
    """What ran before the takeover: pids and start times."""
    lines = [line.split() for line in host.file('/opt/fleet/before').content_string.splitlines()]
    return {(int(pid), start) for pid, start in lines}


def watchdogs(host):
    """Every shell that carries out an obproxyd.sh, by pid."""
    found = [line.split(None, 1) for line in host.run("ps -eo pid=,args=").stdout.splitlines()]
    return {int(pid): command.strip() for pid, command in found if re.match(r'(/\S+/)?(ba)?sh \S*obproxyd\.sh', command)}


def test_the_process_is_the_one_that_ran_before(proxy, before):
    assert proxy.started() in before


def test_no_session_was_lost(host):
    """Written each second by who holds them, with statements of his own over sockets that were opened before."""
    held = until(lambda: json.loads(host.file('/opt/fleet/held-2883.json').content_string))
    assert held['at'] > time.time() - 30
    assert (held['opened'], held['answer']) == (20, 20)


def test_the_cluster_s_password_is_in_force_and_the_old_one_is_not(proxy):
    assert proxy.answers(SYS)
    assert not proxy.answers(OLD)


def test_the_cluster_s_parameters_are_set_and_the_others_stay(proxy):
    assert proxy.parameter(SYS, 'client_max_connections') == '16384'
    assert proxy.parameter(SYS, 'work_thread_num') == '4'
    assert proxy.parameter(SYS, 'proxy_mem_limited').lower() in ('1g', '1gb', '1073741824')


def test_the_watchdog_is_ours_and_the_former_one_is_gone(host, name):
    found = watchdogs(host)
    mine = [pid for pid, command in found.items() if f'{HOMES[name]}/obproxyd.sh -c run' in command]
    assert len(mine) == 1
    others = [command for pid, command in found.items() if pid not in mine]
    assert others == (['bash /data/other/obproxyd.sh /data/other 127.0.0.1 3883'] if name == 'host1' else [])


def test_the_record_tells_what_was_found(host, name, proxy):
    assert host.file('/etc/obproxy/delta-2883.json').mode == 0o600
    record = json.loads(host.file('/etc/obproxy/delta-2883.json').content_string)
    assert (record['exporter_port'], record['rpc_port']) == (2890, 2892)
    assert (record['home'], record['user']) == (HOMES[name], OWNERS.get(name, 'admin'))
    assert proxy.link('cwd') == record['home']
    assert 'odp_' in proxy.metrics(record['exporter_port'])


def test_a_killed_one_is_back_once_with_its_configuration(host, name, proxy):
    first = proxy.pid()
    assert host.run(f'kill -9 {first}').rc == 0
    until(lambda: proxy.pids() not in ([], [first]), 10)
    until(lambda: proxy.answers(SYS))
    assert proxy.parameter(SYS, 'proxy_mem_limited').lower() in ('1g', '1gb', '1073741824')
    assert proxy.link('cwd') == HOMES[name]
    time.sleep(3)  # as long as any of the former watchdogs would take to start a second one
    command = f'pgrep -x obproxy -u {OWNERS.get(name, "admin")}'
    homes = [host.run(f'runuser -u {OWNERS.get(name, "admin")} -- readlink /proc/{pid}/cwd').stdout.strip()
             for pid in host.run(command).stdout.split()]
    assert homes.count(HOMES[name]) == 1
