"""Parameters are what the cluster says, on both versions of OBProxy; told by logins to the admin port."""
import json
import os
import re
import sqlite3

import faults
import pytest
import testinfra
from lab import Lab
from probe import Proxy, until

SYS = 'sys-mol-6f0c4e11'
STATE = os.environ['LAB_STATE']
LAB = Lab(os.path.basename(STATE))
CHANGE = {'proxy_mem_limited': 4294967296, 'enable_sharding': True, 'slow_query_time_threshold': '60s', 'work_thread_num': 8}
PASSED = 0


@pytest.fixture(scope='module')
def machines():
    return {name: testinfra.get_host(f'ssh://{name}', ssh_config=os.environ['LAB_SSH_CONFIG']) for name in ('host1', 'host2')}


@pytest.fixture
def proxies(machines):
    return {name: Proxy(machine, 2883) for name, machine in machines.items()}


def values(proxies, name):
    return [proxy.parameter(SYS, name) for proxy in proxies.values()]


def version():
    with sqlite3.connect(f'{STATE}/ansible/obproxy/registry.db') as registry:
        servers = [row[0] for row in registry.execute('select parameter_version from obproxy_servers order by id')]
        return registry.execute('select parameter_version from obproxy_clusters').fetchone()[0], servers


def changed(done):
    """How much each host says that it has changed."""
    return {name: int(count) for name, count in re.findall(r'^(\w+) +: ok=\d+ +changed=(\d+)', done.stdout, re.M)}


def test_a_new_server_has_what_its_host_and_the_cluster_say(proxies):
    assert values(proxies, 'proxy_id') == ['0', '7']
    assert values(proxies, 'syslog_level') == ['INFO', 'INFO']
    assert proxies['host1'].parameter(SYS, 'rpc_request_max_retries') == '250'


def test_check_mode_shows_each_server_and_changes_nothing(proxies, change):
    done = change('--check', '--diff', **CHANGE)
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert len(re.findall(r'^\+.*proxy_mem_limited.*4294967296', done.stdout, re.M)) == 3
    assert values(proxies, 'proxy_mem_limited') == ['2G', '2G'] and version() == (1, [1, 1])


def test_a_change_reaches_all_and_what_is_left_to_do_is_said(proxies, machines, change):
    done = change(**CHANGE)
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G']
    assert values(proxies, 'enable_sharding') == ['true', 'true']
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s']
    assert version() == (2, [2, 2])
    left = done.stdout[done.stdout.index('Say what awaits a restart'):]
    assert re.search(r'pending_restart:.*work_thread_num:\s+- host1\s+- host2', left, re.S)
    assert re.search(r'unknown:\s+rpc_request_max_retries:\s+- host2', left)
    for machine in machines.values():
        record = json.loads(machine.file('/etc/obproxy/delta-2883.json').content_string)
        assert record['parameter_version'] == 2 and {'name': 'work_thread_num', 'value': '8'} in record['startup_parameters']
        assert SYS not in json.dumps(record)


def test_other_spellings_of_the_same_change_nothing(proxies, change):
    done = change(proxy_mem_limited='4096', enable_sharding='1', slow_query_time_threshold='1m')
    assert done.returncode == PASSED and set(changed(done).values()) == {0}, done.stdout
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s'] and version() == (2, [2, 2])


def test_drift_is_found_and_mended(proxies, play):
    proxies['host2'].query(SYS, "alter proxyconfig set proxy_mem_limited = '3G'")
    proxies['host1'].query(SYS, "alter proxyconfig set enable_qos = 'true'")
    told = play('parameter_info', obproxy_from_version=1)
    assert told.returncode == PASSED, told.stdout + told.stderr
    assert re.search(r'proxy_mem_limited .*live: "4G" on host1; "3G" on host2', told.stdout)
    drift = re.findall(r'drift +(\w+) +(\w+) is "(\w+)"', told.stdout)
    assert drift == [('host1', 'enable_qos', 'true'), ('host2', 'proxy_mem_limited', '3G')]
    assert re.search(r'pending restart +host1 +work_thread_num', told.stdout)
    assert re.search(r'difference.*work_thread_num +"4" -> "8"', told.stdout, re.S)
    assert play('parameters', body={}).returncode == PASSED
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G']
    # Nobody has said what it should be.
    assert proxies['host1'].parameter(SYS, 'enable_qos') == 'true' and version() == (2, [2, 2])


def test_what_is_wrong_offline_changes_nothing(proxies, change):
    done = change(work_thread_nun=8, proxy_mem_limited='1M', app_name='bar')
    assert done.returncode != PASSED
    for words in ('did you mean work_thread_num?', 'in [100MB,100G]', 'app_name'):
        assert words in done.stdout
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G'] and version() == (2, [2, 2])


def test_a_value_that_only_the_proxy_knows_to_be_bad(proxies, change):
    done = change(syslog_level='LOUD')
    assert done.returncode != PASSED
    assert re.search(r'syslog_level: OBProxy refused the value LOUD.*Invalid config', done.stdout, re.S)
    assert values(proxies, 'syslog_level') == ['INFO', 'INFO'] and version() == (3, [2, 2])
    assert change(syslog_level='WDIAG').returncode == PASSED
    assert values(proxies, 'syslog_level') == ['WDIAG', 'WDIAG'] and version() == (4, [4, 4])


def test_a_server_that_is_down_gets_it_later(proxies, machines, change, play):
    faults.kill(LAB, 2)
    done = change(enable_sharding=False)
    faults.start(LAB, 2)
    assert done.returncode != PASSED and 'host2: task' in done.stdout
    assert proxies['host1'].parameter(SYS, 'enable_sharding') == 'false' and version() == (5, [5, 4])
    until(lambda: proxies['host2'].answers(SYS), 60)
    told = play('parameter_info')
    assert re.search(r'behind +host2 +version 4', told.stdout), told.stdout
    assert change(enable_sharding=False).returncode == PASSED
    assert values(proxies, 'enable_sharding') == ['false', 'false'] and version() == (5, [5, 5])


def test_nothing_is_pending_after_a_restart_and_null_takes_a_parameter_out(proxies, machines, change):
    script = '/opt/obproxy/delta-2883/obproxyd.sh'
    assert machines['host1'].run(f'{script} -c stop && {script} -c start').rc == 0
    until(lambda: proxies['host1'].answers(SYS), 60)
    done = change(slow_query_time_threshold=None)
    assert done.returncode == PASSED, done.stdout + done.stderr
    left = done.stdout[done.stdout.index('Say what awaits a restart'):]
    assert 'pending_restart: {}' in left
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s'] and version() == (6, [6, 6])
