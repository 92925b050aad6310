"""Servers are stopped and stay so, whatever happens to them, until they are started."""

import faults
from conftest import LAB, SYS
from probe import hosts, until

testinfra_hosts = hosts(1)

STOPPED = {'obproxyServerIds': ['host2', 'host3']}
UP = 'systemctl is-system-running 2>/dev/null | grep -Eq "running|degraded" || pgrep -x cron'


def what_runs(proxy):
    return proxy.host.run('pgrep -x obproxy; pgrep -f "[o]bproxyd.sh"').stdout.split()


def test_stopped_servers_stay_so_and_are_started_again(play, proxies, registry):
    first, second, third = proxies.values()
    running = [proxy.started() for proxy in proxies.values()]
    code, output = play('stop', '--check', **STOPPED)
    assert code == 0, output
    assert [proxy.started() for proxy in proxies.values()] == running

    code, output = play('stop', **STOPPED)
    assert code == 0 and 'SIGUSR1: gone after' in output, output
    assert [what_runs(proxy) for proxy in (second, third)] == [[], []]
    assert first.started() == running[0]
    assert registry('select status from obproxy_servers order by id') == [('RUNNING',), ('UNAVAILABLE',), ('UNAVAILABLE',)]

    for number in (2, 3):
        faults.reboot(LAB, number)
        until(lambda number=number: proxies[number].host.run(UP).rc == 0, 60)
    assert [what_runs(proxy) for proxy in (second, third)] == [[], []]
    code, output = play('stop', **STOPPED)
    assert code == 0 and 'Nothing was sent' in output, output

    code, output = play('restart')
    assert code == 0 and 'stopped on purpose: server 2, server 3' in output, output
    assert first.started() != running[0]
    assert [what_runs(proxy) for proxy in (second, third)] == [[], []]

    for turn in (1, 2):
        code, output = play('start', **STOPPED)
        assert code == 0, output
        assert all(proxy.answers(SYS) for proxy in (second, third))
        if turn == 1:
            running = [proxy.started() for proxy in proxies.values()]
    assert [proxy.started() for proxy in proxies.values()] == running
    assert registry('select status, operate_status from obproxy_servers') == [('RUNNING', 'NORMAL')] * 3
    for proxy in (second, third):
        pid = proxy.pid()
        proxy.host.check_output(f'kill -9 {pid}')
        until(lambda proxy=proxy, pid=pid: proxy.pids() not in ([], [pid]))
