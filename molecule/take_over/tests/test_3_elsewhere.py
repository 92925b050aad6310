"""What is said of a running proxy is a request: created elsewhere by it, there is another such proxy."""
from probe import Proxy, hosts

testinfra_hosts = hosts(5)

SYS, OLD = 'sys-mol-2d7e60b1', 'old-mol-1'
OWN = ('app_name', 'listen_port', 'prometheus_listen_port', 'rpc_listen_port', 'obproxy_sys_password', 'observer_sys_password')


def differing(proxy):
    return {row[0]: row[1] for row in proxy.query(SYS, 'show proxyconfig diff') if row[0] not in OWN}


def test_an_exported_proxy_can_be_created_on_another_host(host, play, survey):
    import testinfra
    source = Proxy(testinfra.get_host(hosts(2)[0]), 2883)
    found = survey('host2', 2883, SYS)
    body = {**found['request'], 'name': 'twin'}
    body['obproxyInstallParam'] = {**body['obproxyInstallParam'], 'hostIds': [5]}
    done = play('create', body=body)
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(Proxy(host, 2883)) == differing(source)
    twin = survey('host5', 2883, SYS)['request']
    assert {**twin, 'name': ''} == {**found['request'], 'name': ''}
