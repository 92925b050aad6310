"""A real Prometheus scrapes the servers, raises an alert when one is dead, and forgets those that are removed."""
import json
import urllib.parse

import pytest
from playbooks import playbook
from probe import Proxy, hosts, until

testinfra_hosts = hosts(1)

HOME = '/opt/obproxy/mu-2883'
TEXTFILE, PROPERTIES = '/var/lib/textfiles/obproxy.prom', '/home/admin/ocp_agent/conf/config_properties/obproxy.yaml'


class Prometheus:
    """The one on the host, asked by its API."""

    def __init__(self, host):
        self._host = host

    def ask(self, path):
        return json.loads(self._host.check_output(f"curl -sf 'http://127.0.0.1:9090/api/v1/{path}'"))['data']

    def targets(self):
        """Return (health, labels) of the exporters by their servers' ids."""
        found = [one for one in self.ask('targets?state=active')['activeTargets'] if one['labels']['job'] == 'obproxy']
        return {one['labels']['obproxy_server_id']: (one['health'], one['labels']) for one in found}

    def value(self, metric):
        found = self.ask(f'query?query={urllib.parse.quote(metric)}')['result']
        return [float(one['value'][1]) for one in found]

    def firing(self):
        return {one['labels']['alertname'] for one in self.ask('alerts')['alerts'] if one['state'] == 'firing'}


@pytest.fixture
def prometheus(host):
    return Prometheus(host)


def test_every_server_is_up_with_its_labels(prometheus):
    until(lambda: [health for health, _labels in prometheus.targets().values()] == ['up', 'up'])
    labels = {key: labels for key, (_health, labels) in prometheus.targets().items()}
    for server_id, found in labels.items():
        assert found.pop('instance').endswith(':2884')
        assert found == {'job': 'obproxy', 'obproxy_cluster': 'mu', 'obproxy_cluster_id': '1', 'obproxy_server_id': server_id,
                         'version': '4.3.1.0', 'work_mode': 'RS_LIST', **({'idc': 'north-1'} if server_id == '1' else {})}


def test_what_the_exporter_lacks_comes_from_the_host(prometheus):
    labels = '{name="mu-2883",obproxy_cluster="mu",obproxy_server_id="1"}'
    for metric, expected in (('obproxy_process_up', 1), ('obproxyd_process_up', 1), ('obproxy_sql_up', 1), ('obproxy_stopped', 0),
                             ('obproxy_client_max_connections', 4096), ('obproxy_memory_limit_bytes', 2 ** 30)):
        until(lambda metric=metric, expected=expected: prometheus.value(metric + labels) == [expected])
    assert prometheus.value('obproxy_info{version="4.3.1.0",cluster="mu"}') == [1]
    assert prometheus.value('obproxy_process_resident_memory_bytes')[0] > 2 ** 20


def test_ocp_s_agent_is_told(host):
    text = host.file(PROPERTIES).content_string
    assert '  - key: obproxy.mu-2883.cluster.name\n    value: "mu"\n' in text
    assert '  - key: obproxy.mu-2883.sql.port\n    value: 2883\n' in text


def test_nothing_alarms_without_a_reason(prometheus):
    until(lambda: len(prometheus.ask('rules')['groups'][0]['rules']) == 10)
    until(lambda: prometheus.firing() == set())


def test_a_dead_proxy_raises_an_alert_until_its_watchdog_is_back(host, prometheus):
    proxy = Proxy(host, 2883)
    before, watchdog = proxy.pid(), host.check_output(f'cat {HOME}/run/obproxyd.pid')
    assert host.run(f'kill -STOP {watchdog} && kill -9 {before}').rc == 0
    try:
        until(lambda: {'ObproxyProcessDead', 'ObproxyExporterUnavailable'} <= prometheus.firing(), 90)
        assert 'ObproxyWatchdogDead' not in prometheus.firing()
    finally:
        host.run(f'kill -CONT {watchdog}')
    until(lambda: prometheus.firing() == {'ObproxyRestarted'}, 90)
    assert proxy.pid() != before


def carried_out(name, **variables):
    code, output = playbook(name, obproxy_cluster_id='mu', **variables)
    assert code == 0, output


def test_what_is_removed_is_forgotten(host, prometheus):
    carried_out('remove', obproxy_request={'obproxyServerIds': [2]})
    until(lambda: list(prometheus.targets()) == ['1'])
    carried_out('delete', obproxy_request={})
    until(lambda: prometheus.targets() == {})
    assert host.check_output('ls -A /etc/prometheus/file_sd') == ''
    for left in (TEXTFILE, PROPERTIES, '/etc/obproxy', '/usr/local/libexec/obproxy_agent.py', '/etc/systemd/system/obproxy-agent.timer'):
        assert not host.file(left).exists
    until(lambda: prometheus.firing() <= {'ObproxyRestarted'}, 90)
