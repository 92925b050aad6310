"""What breaks a rule is not taken over, and nothing is changed anywhere; a dead host stops nobody else."""
import os
import re

import faults
from lab import Lab
from probe import Proxy, hosts

testinfra_hosts = hosts(1)

SYS, OLD = 'sys-mol-2d7e60b1', 'old-mol-1'
LAB = Lab(os.path.basename(os.environ['LAB_STATE']))
ONE = [{'hostId': 1, 'sqlPort': 3883}]


def state(host):
    """What a takeover would change on the host with the proxy that could be taken over."""
    return (Proxy(host, 3883).started(), host.check_output('ls /etc/obproxy /etc/systemd/system /data/other'),
            host.check_output("ps -eo pid=,args= | grep '[o]bproxyd.sh'"), Proxy(host, 3883).answers(OLD))


def test_every_host_and_every_broken_rule_is_named_and_nothing_is_changed(host, play):
    before = state(host)
    done = play('take_over', 'epsilon', {'hosts': [
        *ONE, {'hostId': 2, 'sqlPort': 3999}, {'hostId': 3, 'sqlPort': 4001}, {'hostId': 4, 'sqlPort': 4002},
        {'hostId': 5, 'sqlPort': 2883}, {'hostId': 6, 'sqlPort': 4003}]})
    assert done.returncode != 0
    report = done.stdout + done.stderr
    for name, found, expected in (
            ('host1', 'Nothing is changed here', 'host2, host3, host4, host5, host6'),
            ('host2', 'on port 2883', 'an obproxy that listens on port 3999'),
            ('host3', 'version: found 1.7.4', 'version 1.8.0 or later'),
            ('host4', 'work mode: found CONFIG_URL', 'RS_LIST'),
            ('host5', 'no obproxy process', 'an obproxy that listens on port 2883'),
            ('host6', 'OB links: found cheers', 'hooray')):
        words = report[report.index(f'{name}: task'):]
        assert found in words[:600]
        assert expected in words[:600]
    assert state(host) == before


def test_a_wrong_password_is_said_to_be_wrong(host, play):
    before = state(host)
    done = play('take_over', 'epsilon', {'hosts': ONE}, obproxy_current_sys_password='not-it')
    assert done.returncode != 0
    assert 'root@proxysys refuses every password' in done.stdout + done.stderr
    assert 'not-it' not in done.stdout + done.stderr
    assert state(host) == before


def test_a_dead_host_stops_nobody_else_and_two_on_a_host_do_not_meet(host, play):
    pid, neighbour = Proxy(host, 3883).started(), Proxy(host, 2883).started()
    faults.kill(LAB, 5)
    try:
        done = play('take_over', 'epsilon', {'hosts': [*ONE, {'hostId': 5, 'sqlPort': 2883}]})
    finally:
        faults.start(LAB, 5)
    assert done.returncode != 0
    assert re.search(r'host1 +\d+ +SUCCESSFUL +\[10/10\] Finish node', done.stdout)
    assert 'host5: task' in done.stdout + done.stderr
    assert Proxy(host, 3883).started() == pid
    assert Proxy(host, 2883).started() == neighbour
    assert Proxy(host, 3883).answers(SYS)
    assert host.file('/etc/obproxy/epsilon-3883.json').exists
    assert host.file('/data/other/obproxyd.sh.before-take-over').exists
