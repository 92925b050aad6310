"""Parameters are what the cluster says, on both versions of OBProxy; told by logins to the admin port."""
import json
import re

import pytest
import testinfra
from playbooks import registry
from probe import Proxy, hosts, until

SYS = 'sys-mol-6f0c4e11'
SCRIPT = '/opt/obproxy/delta-2883/obproxyd.sh'
CHANGE = {'proxy_mem_limited': 4294967296, 'enable_reroute': True, 'slow_query_time_threshold': '60s', 'work_thread_num': 8}
PASSED = 0


@pytest.fixture(scope='module')
def machines():
    return {f'host{number}': testinfra.get_host(hosts(number)[0]) for number in (1, 2)}


@pytest.fixture
def proxies(machines):
    return {name: Proxy(machine, 2883) for name, machine in machines.items()}


def values(proxies, name):
    return [value(proxy, name) for proxy in proxies.values()]


def value(proxy, wanted):
    return next(row[1] for row in proxy.query(SYS, 'show proxyconfig') if row[0] == wanted)


def version():
    """The parameters' version, of the cluster and of each server."""
    servers = [row[0] for row in registry('select parameter_version from obproxy_servers order by id')]
    return registry('select parameter_version from obproxy_clusters')[0][0], servers


def changed(said):
    """How much each host says that it has changed."""
    return {name: int(count) for name, count in re.findall(r'^(\w+) +: ok=\d+ +changed=(\d+)', said, re.M)}


def test_a_new_server_has_what_its_host_and_the_cluster_say(proxies):
    assert values(proxies, 'proxy_id') == ['0', '7']
    assert values(proxies, 'syslog_level') == ['INFO', 'INFO']
    assert value(proxies['host1'], 'rpc_request_max_retries') == '250'


def test_check_mode_shows_each_server_and_changes_nothing(proxies, change):
    known = version()[0]
    code, said = change('--check', '--diff', **CHANGE)
    assert code == PASSED, said
    assert len(re.findall(r'^\+ +"proxy_mem_limited": "4294967296"', said, re.M)) == 3
    assert values(proxies, 'proxy_mem_limited') == ['2G', '2G'] and version() == (known, [known] * 2)


def test_a_change_reaches_all_and_what_is_left_to_do_is_said(proxies, machines, change):
    known = version()[0]
    code, said = change(**CHANGE)
    assert code == PASSED, said
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G']
    assert values(proxies, 'enable_reroute') == ['true', 'true']
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s']
    assert version() == (known + 1, [known + 1] * 2)
    left = said[said.index('Say what awaits a restart'):]
    assert re.search(r'"pending_restart": {\s+"work_thread_num": \[\s+"host1",\s+"host2"\s', left)
    assert re.search(r'"unknown": {\s+"rpc_request_max_retries": \[\s+"host2"\s', left)
    for machine in machines.values():
        record = json.loads(machine.file('/etc/obproxy/delta-2883.json').content_string)
        assert record['parameter_version'] == known + 1 and {'name': 'work_thread_num', 'value': '8'} in record['startup_parameters']
        assert SYS not in json.dumps(record)


def test_other_spellings_of_the_same_change_nothing(proxies, change):
    known = version()[0]
    code, said = change(proxy_mem_limited='4096', enable_reroute='1', slow_query_time_threshold='1m')
    assert code == PASSED and set(changed(said).values()) == {0}, said
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s'] and version() == (known, [known] * 2)


def test_drift_is_found_and_mended(proxies, play):
    known = version()[0]
    proxies['host2'].query(SYS, "alter proxyconfig set proxy_mem_limited = '3G'")
    proxies['host1'].query(SYS, "alter proxyconfig set enable_qos = 'true'")
    code, told = play('parameter_info', obproxy_from_version=1)
    assert code == PASSED, told
    assert re.search(r'proxy_mem_limited .*live: 4G on host1; 3G on host2', told)
    drift = re.findall(r'drift +(\w+) +(\w+) is (\w+),', told)
    assert drift == [('host1', 'enable_qos', 'true'), ('host2', 'proxy_mem_limited', '3G')]
    assert re.search(r'pending restart +host1 +work_thread_num', told)
    assert re.search(r'difference.*work_thread_num +4 -> 8', told, re.S)
    assert play('parameters', body={})[0] == PASSED
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G']
    # Nobody has said what it should be.
    assert value(proxies['host1'], 'enable_qos') == 'true' and version() == (known, [known] * 2)


def test_what_is_wrong_offline_changes_nothing(proxies, change):
    known = version()[0]
    code, said = change(work_thread_nun=8, proxy_mem_limited='1M', app_name='bar')
    assert code != PASSED
    for words in ('did you mean work_thread_num?', 'in [100MB,100G]', 'app_name'):
        assert words in said
    assert values(proxies, 'proxy_mem_limited') == ['4G', '4G'] and version() == (known, [known] * 2)


def test_a_value_that_only_the_proxy_knows_to_be_bad(proxies, change):
    known = version()[0]
    before = values(proxies, 'syslog_level')
    code, said = change(syslog_level='LOUD')
    assert code != PASSED
    assert re.search(r'syslog_level: OBProxy refused the value LOUD.*Invalid config', said, re.S)
    assert values(proxies, 'syslog_level') == before and version() == (known + 1, [known] * 2)
    assert change(syslog_level='WDIAG')[0] == PASSED
    assert values(proxies, 'syslog_level') == ['WDIAG', 'WDIAG'] and version() == (known + 2, [known + 2] * 2)


def test_a_server_that_is_down_gets_it_later(proxies, machines, change, play):
    known = version()[0]
    assert machines['host2'].run(f'{SCRIPT} -c stop').rc == 0
    try:
        code, said = change(enable_reroute=False)
    finally:
        machines['host2'].run(f'{SCRIPT} -c start')
    assert code != PASSED and 'host2: task' in said
    assert value(proxies['host1'], 'enable_reroute') == 'false' and version() == (known + 1, [known + 1, known])
    until(lambda: proxies['host2'].answers(SYS), 60)
    code, told = play('parameter_info')
    assert re.search(f'behind +host2 +version {known}"', told), told
    assert change(enable_reroute=False)[0] == PASSED
    assert values(proxies, 'enable_reroute') == ['false', 'false'] and version() == (known + 1, [known + 1] * 2)


def test_nothing_is_pending_after_a_restart_and_null_takes_a_parameter_out(proxies, machines, change):
    known = version()[0]
    assert machines['host1'].run(f'{SCRIPT} -c stop && {SCRIPT} -c start').rc == 0
    until(lambda: proxies['host1'].answers(SYS), 60)
    code, said = change(slow_query_time_threshold=None)
    assert code == PASSED, said
    left = said[said.index('Say what awaits a restart'):]
    assert '"pending_restart": {}' in left
    assert values(proxies, 'slow_query_time_threshold') == ['60s', '60s'] and version() == (known + 1, [known + 1] * 2)


def test_what_awaits_a_restart_is_rolled_where_that_is_wanted(proxies, play, change):
    before = {name: proxy.pid() for name, proxy in proxies.items()}
    body = {'parameters': [{'name': 'work_thread_num', 'value': 6}]}
    code, said = play('parameters', body=body, obproxy_restart_pending=True)
    assert code == PASSED, said
    assert said.index('OBProxy parameters, cluster delta') < said.index('OBProxy restart, cluster delta')
    for name, proxy in proxies.items():
        until(lambda one=proxy, old=before[name]: old not in one.pids() and len(one.pids()) == 1, 90)
        assert value(proxy, 'work_thread_num') == '6'
    code, said = change(work_thread_num=6)
    assert code == PASSED and '"pending_restart": {}' in said[said.index('Say what awaits a restart'):]
