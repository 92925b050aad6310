"""Whichever way exporters are registered, a real Prometheus scrapes them with their labels, and lets go of them."""
import json
import os
import subprocess
import sys
import urllib.request

from conftest import outcome, register, serving, start_module, until

from ansible_collections.oceanbase.obproxy.plugins.module_utils._exporter_consul import Consul

LABELS = {'obproxy_cluster': 'foo', 'obproxy_cluster_id': '1', 'obproxy_server_id': '7', 'version': '4.3.1.0', 'idc': 'north-1',
          'work_mode': 'RS_LIST'}
HTTP_SD = 'ansible_collections.oceanbase.obproxy.plugins.plugin_utils.http_sd'


def targets(addresses, **more):
    return [{'address': address, 'labels': {**LABELS, 'obproxy_server_id': str(7 + number), **more}}
            for number, address in enumerate(addresses)]


def seen(prometheus):
    """{address: labels} of the targets that are up, without what Prometheus adds."""
    return {address: {name: value for name, value in labels.items() if name not in ('instance', 'job')}
            for address, (health, labels) in prometheus.targets().items() if health == 'up'}


def expected(registered):
    return {one['address']: one['labels'] for one in registered}


def test_prometheus_scrapes_what_is_registered_until_it_is_not(tmp_path, prometheus, exporters):
    options, both = {'cluster': 'foo', 'directory': str(tmp_path / 'file_sd')}, targets(exporters)
    assert register(**options, targets=both)['changed']
    running = prometheus(file_sd_configs=[{'files': [f'{tmp_path}/file_sd/obproxy-*.json']}])
    until(lambda: seen(running) == expected(both))
    upgraded = targets(exporters[:1], version='4.3.2.0')
    register(**options, targets=upgraded)
    until(lambda: seen(running) == {**expected(both), **expected(upgraded)})
    register(**options, targets=both[1:], state='absent')
    until(lambda: list(running.targets()) == exporters[:1])
    register(**options, targets=both, state='absent')
    until(lambda: not running.targets())
    assert os.listdir(tmp_path / 'file_sd') == []


def catalogued(url):
    """{address: labels} of what Consul tells of the service; Debian's Prometheus can't ask it."""
    with urllib.request.urlopen(f'{url}/v1/health/service/obproxy-exporter', timeout=10) as answer:
        services = [entry['Service'] for entry in json.load(answer)]
    assert all(service['Tags'] == ['obproxy', 'foo'] for service in services)
    return {f"{service['Address']}:{service['Port']}": service['Meta'] for service in services}


def test_consul_tells_what_is_registered_until_it_is_not(consul):
    options, both = {'backend': 'consul', 'cluster': 'foo', 'consul_url': consul}, targets(['10.0.0.1:2884', '10.0.0.2:2884'])
    assert register(**options, targets=both, _ansible_check_mode=True)['changed']
    assert not catalogued(consul)
    assert register(**options, targets=both)['targets'] == 2
    assert not register(**options, targets=both)['changed']
    until(lambda: catalogued(consul) == expected(both))
    upgraded = targets(['10.0.0.1:2884'], version='4.3.2.0')
    assert register(**options, targets=upgraded)['changed']
    until(lambda: catalogued(consul) == {**expected(both), **expected(upgraded)})
    assert register(**options, targets=both[1:], state='absent')['targets'] == 1
    until(lambda: catalogued(consul) == expected(upgraded))
    assert register(**options, targets=both, state='absent')['targets'] == 0
    until(lambda: not catalogued(consul))
    assert not register(**options, targets=both, state='absent')['changed']


def test_consul_has_a_server_that_has_moved_once(consul):
    options = {'backend': 'consul', 'cluster': 'foo', 'consul_url': consul}
    register(**options, targets=targets(['10.0.0.1:2884', '10.0.0.2:2884']))
    assert register(**options, targets=targets(['10.0.0.9:2884']))['targets'] == 2
    until(lambda: sorted(catalogued(consul)) == ['10.0.0.2:2884', '10.0.0.9:2884'])
    assert register(**options, targets=targets(['10.0.0.1:2884', '10.0.0.2:2884']), state='absent')['targets'] == 0
    until(lambda: not catalogued(consul))


def test_what_consul_does_not_know_is_deregistered(consul):
    """Somebody else may have done it meanwhile."""
    Consul(consul, None).deregister('obproxy-exporter-10.0.0.1:2884')


def test_twenty_at_once_lose_nothing(tmp_path):
    options = {'cluster': 'many', 'directory': str(tmp_path)}
    addresses = [f'10.1.{number}.1:2884' for number in range(20)]
    servers = targets(addresses)
    started = [start_module(**options, targets=[server]) for server in servers]
    assert [one.get('msg') for one in map(outcome, started) if not one.get('changed')] == []
    assert written(tmp_path) == set(addresses)
    started = [start_module(**options, targets=[server], state='absent') for server in servers[:10]]
    assert [one.get('msg') for one in map(outcome, started) if not one.get('changed')] == []
    assert written(tmp_path) == set(addresses[10:])


def written(folder):
    return {address for entry in json.loads((folder / 'obproxy-many.json').read_text()) for address in entry['targets']}


def test_prometheus_asks_the_registry(tmp_path, prometheus, exporters):
    """A script behind a web server prints the document."""
    environment = {**os.environ, 'OBPROXY_REGISTRY_URL': f'sqlite:///{tmp_path}/registry.db'}
    script = ('import sys, json\n'
              'from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _registry\n'
              'address = sys.argv[1].split(":")\n'
              'with _registry.Registry().transaction() as store:\n'
              '    cluster = store.add_cluster([], [], name="foo", work_mode="RS_LIST", ob_links=[], request={})\n'
              '    store.put_host(3, "h3", address[0])\n'
              '    server = store.add_server(cluster_id=cluster["id"], host_id=3, sql_port=2883, status="RUNNING", idc_name="north-1",\n'
              '                              parameter_version=1, version="obproxy-ce-4.3.1.0-4.el8.x86_64.rpm")\n'
              '    store.put_exporter(server, address[0], int(address[1]))\n')
    subprocess.run([sys.executable, '-c', script, exporters[0]], env=environment, check=True)

    def document():
        done = subprocess.run([sys.executable, '-m', HTTP_SD], env=environment, capture_output=True, text=True, check=True)
        return 'application/json', done.stdout
    with serving(document) as address:
        running = prometheus(http_sd_configs=[{'url': f'http://{address}/obproxy', 'refresh_interval': '30s'}])
        until(lambda: seen(running) == {exporters[0]: {**LABELS, 'obproxy_server_id': '1'}})


def test_a_consul_that_refuses_or_is_not_there_is_named(consul_with_token):
    options = {'backend': 'consul', 'cluster': 'foo', 'targets': targets(['10.0.0.1:2884'])}
    refused = register(**options, consul_url=consul_with_token.url, consul_token='wr0ng-t0ken')
    assert refused['failed'] and '403' in refused['msg'] and 'obproxy_consul_token' in refused['msg']
    assert 'wr0ng-t0ken' not in json.dumps(refused)
    assert consul_with_token.services == {}
    taken = register(**options, consul_url=consul_with_token.url, consul_token='r1ght-t0ken')
    assert taken['changed'] and 'r1ght-t0ken' not in json.dumps(taken)
    gone = register(**options, consul_url='http://127.0.0.1:1')
    assert gone['failed'] and 'http://127.0.0.1:1 does not answer' in gone['msg']
    wrong = register(**options, consul_url='http://me:s3cret@127.0.0.1:1')
    assert wrong['failed'] and 's3cret' not in wrong['msg']
