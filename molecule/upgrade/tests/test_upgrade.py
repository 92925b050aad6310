"""A cluster goes from version to version: up without a refused client, back by itself at a broken one, and down."""
import json
import re

import pytest
from playbooks import playbook, registry
from probe import Proxy, hosts, until

testinfra_hosts = hosts(1)

SYS = 'sys-mol-5e27c9b1'
OLD, NEW, NEWEST = 'obproxy-ce-4.2.3.0-3', 'obproxy-ce-4.3.1.0-4', 'obproxy-ce-4.3.2.0-1'
FAULT = '/opt/obproxy/tau-2883/etc/standin.fault'


def upgrade(*options, **body):
    return playbook('upgrade', *options, obproxy_cluster_id='tau', **body)


def versions():
    return [row[0].partition('.el')[0] for row in registry('select version from obproxy_servers order by id')]


@pytest.fixture
def proxies(host):
    return [Proxy(host.get_host(hosts(number)[0]), 2883) for number in (1, 2, 3)]


def program(name):
    return f"/home/admin/obproxy-{name.split('-')[2]}/bin/obproxy"


def check_all(proxies, name, packages):
    """Every server is of this package: by /proc, by its own word, by its host's record and by RPM."""
    for proxy in proxies:
        assert proxy.exe() == program(name)
        assert name.split('-')[2] in proxy.query(SYS, 'select proxy_version()')[0][0]
        assert proxy.parameter(SYS, 'hot_upgrade_exit_timeout') == '4000000' and proxy.parameter(SYS, 'work_thread_num') == '6'
        assert 'odp_' in proxy.metrics(2884)
        assert json.loads(proxy.host.check_output('cat /etc/obproxy/tau-2883.json'))['version'].startswith(name + '.')
        installed = proxy.host.check_output("rpm -qa --qf '%{NAME}-%{VERSION}-%{RELEASE} ' obproxy-ce").split()
        assert {one.partition('.el')[0] for one in installed} == set(packages)
    assert versions() == [name] * 3
    assert registry('select status, operate_status from obproxy_servers') == [('RUNNING', 'NORMAL')] * 3
    scraped = json.loads(proxies[0].host.check_output('cat /etc/prometheus/file_sd/obproxy-tau.json'))
    assert [entry['labels']['version'] for entry in scraped] == [name.split('-')[2]] * 3


def report(proxy):
    return json.loads(proxy.host.check_output('cat /opt/application/report.json'))


@pytest.mark.parametrize('body, field', [
    ({'shortRpmName': OLD}, 'have it'), ({'version': f'{NEW}.el8.aarch64.rpm'}, 'a package for x86_64'),
    ({'shortRpmName': 'obproxy-1.9.1.1-1919579'}, '4.x serves OceanBase 4.x')])
def test_what_does_not_fit_is_refused(proxies, body, field):
    before = [proxy.started() for proxy in proxies]
    code, output = upgrade(**body)
    assert code != 0 and field in ' '.join(output.split())
    assert [proxy.started() for proxy in proxies] == before


def test_a_broken_new_version_goes_back_by_itself_and_stops_the_roll(proxies):
    before = [proxy.started() for proxy in proxies]
    code, output = upgrade('--check', '--diff', shortRpmName=NEW)
    assert code == 0, output
    assert [proxy.started() for proxy in proxies] == before and versions() == [OLD] * 3

    proxies[1].host.check_output(f'echo die_at_start > {FAULT}')
    code, output = upgrade(shortRpmName=NEW)
    text = ' '.join(output.split())
    assert code != 0 and f'gone back to {OLD}' in text and re.search(r'host3 \d+ UNFINISHED', text), output
    assert proxies[0].exe() == program(NEW)
    assert [proxy.started() for proxy in proxies[1:]] == before[1:]
    assert versions() == [NEW, OLD, OLD]
    assert {row[0] for row in registry('select status from obproxy_servers')} == {'RUNNING'}
    assert {proxy.host.package('obproxy-ce').is_installed for proxy in proxies} == {True}


def test_the_next_run_goes_on_and_nobody_is_refused(proxies):
    proxies[1].host.check_output(f'rm {FAULT}')
    first = proxies[0].started()
    code, output = upgrade(shortRpmName=NEW)
    assert code == 0, output
    assert proxies[0].started() == first
    check_all(proxies, NEW, {OLD, NEW})
    for proxy in proxies:
        seen = report(proxy)
        until(lambda proxy=proxy, seen=seen: report(proxy)['greeted'] > seen['greeted'])
        counts = report(proxy)
        print(counts)
        assert counts['greeted'] > 100 and [counts[key] for key in ('refused', 'dropped', 'cut')] == [0, 0, 0]
    code, output = upgrade(shortRpmName=NEW)
    assert code != 0 and 'all 3 servers have it' in ' '.join(output.split())


def test_down_to_a_version_that_cannot_read_the_configuration(proxies):
    code, output = upgrade('-e', 'obproxy_max_unavailable=2', version=f'{OLD}.el8.x86_64.rpm')
    assert code == 0, output
    check_all(proxies, OLD, {OLD, NEW})
    for proxy in proxies:
        assert not proxy.answers('') and proxy.parameter(SYS, 'rootservice_list') == '127.0.0.1:2881'


def test_the_package_before_the_last_one_is_removed(proxies):
    code, output = upgrade('-e', 'obproxy_max_unavailable=100%', '-e', 'obproxy_restart_mode=cold', shortRpmName=NEWEST)
    assert code == 0, output
    check_all(proxies, NEWEST, {OLD, NEWEST})
