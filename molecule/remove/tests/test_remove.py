"""Servers leave a cluster and their hosts; the cluster goes; what is others' stays."""
import json
import os

import faults
from lab import Lab
from playbooks import playbook, registry
from probe import Proxy, hosts

testinfra_hosts = hosts(2)

SYS = 'sys-mol-8c11e0d7'
STATE = os.environ['LAB_STATE']
RPM = os.path.basename(os.environ.get('OBPROXY_RPM') or 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm')
LOOK = ('rpm -qa obproxy obproxy-ce; ls -A /etc/obproxy /opt/obproxy/* /etc/cron.d /etc/systemd/system/obproxy*; '
        'pgrep -a obproxy; true')


def run(name, *options, body=None):
    return playbook(name, *options, **{'obproxy_cluster_id': 'rho', **(body or {})})


def server_on(name):
    return registry(f"select s.id from obproxy_servers s join obproxy_hosts h on h.id = s.host_id join obproxy_clusters c "
                    f"on c.id = s.cluster_id where h.name = '{name}' and c.name = 'rho'")[0][0]


def scraped(host, cluster):
    """Return what Prometheus on host1 is told to scrape of a cluster."""
    text = host.run(f'cat /etc/prometheus/file_sd/obproxy-{cluster}.json').stdout
    return {address for entry in json.loads(text or '[]') for address in entry['targets']}


def test_servers_and_clusters_go_and_what_is_others_stays(host):
    first = host.get_host(hosts(1)[0])
    beside = Proxy(first, 3883).started()
    before = host.check_output(LOOK)
    removed = {'obproxyServerIds': [server_on('host2')]}

    assert run('remove', '--check', '--diff', body=removed)[0] == 0
    assert host.check_output(LOOK) == before
    assert len(registry("select 1 from obproxy_servers")) == 3

    code, output = run('remove', '-e', 'obproxy_keep_data=true', body=removed)
    assert code == 0, output
    assert Proxy(host, 2883).pids() == []
    assert host.run('pgrep -f [o]bproxyd.sh').stdout == ''
    assert host.check_output('find /opt/obproxy -mindepth 2 -maxdepth 2 | sort').split() == [
        '/opt/obproxy/rho-2883/etc', '/opt/obproxy/rho-2883/log']
    assert host.check_output('rpm -qa obproxy obproxy-ce; ls -A /etc/cron.d | grep obproxy || true') == ''
    assert not host.file('/etc/obproxy').exists
    assert host.user('admin').exists
    assert len(scraped(first, 'rho')) == 1
    assert len(registry('select 1 from obproxy_servers')) == 2

    code, output = run('remove', body=removed)
    assert code == 0 and 'Taken as gone already: rho has no server' in output

    added = {'hostIds': ['host2'], 'sqlPort': 2883, 'exporterPort': 2884, 'version': RPM}
    code, output = run('batch_add', body=added)
    assert code == 0, output
    assert Proxy(host, 2883).answers(SYS)

    lost = server_on('host2')
    faults.kill(Lab(os.path.basename(STATE)), 2)
    code, output = run('delete')
    assert code != 0 and 'host2' in output
    assert Proxy(first, 2883).pids() == []
    assert registry('select id, status, operate_status from obproxy_servers where cluster_id = 1') == [(lost, 'UNAVAILABLE', 'NORMAL')]

    code, output = run('cluster_info', '-e', 'obproxy_live=true')
    assert code == 0, output
    assert '"UNAVAILABLE"' in output and '"message": ' in output and '"RUNNING"' not in output
    assert run('update', body={'address': 'rho.example.com', 'port': 3306})[0] == 0
    assert registry("select address, port from obproxy_clusters where name = 'rho'") == [('rho.example.com', 3306)]
    code, output = run('update', body={'address': 'a b'})
    assert code != 0 and 'address is "a b"; expected a host name' in output

    code, output = run('delete', body={'skipHostOperationServerIds': [lost]})
    assert code == 0, output
    assert registry('select name from obproxy_clusters') == [('sigma',)]
    assert scraped(first, 'rho') == set()

    assert Proxy(first, 3883).started() == beside
    assert Proxy(first, 3883).answers(SYS)
    assert first.check_output('rpm -qa obproxy obproxy-ce') != ''
    assert len(scraped(first, 'sigma')) == 1

    assert run('delete', '-e', 'obproxy_cluster_id=sigma')[0] == 0
    left = ('rpm -qa obproxy obproxy-ce; pgrep -a obproxy; ls -A /etc/obproxy /opt/obproxy /etc/prometheus/file_sd 2>/dev/null; '
            'ls /etc/cron.d /etc/systemd/system | grep obproxy; true')
    assert first.check_output(left) in ('', '/etc/prometheus/file_sd:')
