"""Two instances share a host, and never touch each other."""
import pytest
from probe import Proxy, hosts, until

testinfra_hosts = hosts(1)

SYS = 'sys-mol-c01d55e8'


@pytest.mark.parametrize('killed, other', [(2883, 3883), (3883, 2883)])
def test_the_death_of_one_is_not_the_other_s(host, killed, other):
    one, two = Proxy(host, killed), Proxy(host, other)
    before, untouched = one.pid(), two.started()
    assert host.run(f'kill -9 {before}').rc == 0
    until(lambda: one.pids() not in ([], [before]), 5)
    until(lambda: one.answers(SYS))
    assert two.started() == untouched


@pytest.mark.parametrize('name, stopped, other', [('beta-2883', 2883, 3883), ('gamma-3883', 3883, 2883)])
def test_obproxyd_sh_handles_its_own_instance_only(host, name, stopped, other):
    script = f'/opt/obproxy/{name}/obproxyd.sh'
    one, two = Proxy(host, stopped), Proxy(host, other)
    untouched = two.started()
    assert host.run(f'{script} -c status').rc == 0
    assert host.run(f'{script} -c stop').rc == 0
    assert (one.pids(), host.run(f'{script} -c status').rc) == ([], 3)
    assert two.started() == untouched
    assert host.run(f'{script} -c start').rc == 0
    assert host.run(f'{script} -c checkalive').rc == 0
    assert one.answers(SYS)
    assert two.started() == untouched


def test_each_has_its_own_configuration(host):
    assert Proxy(host, 2883).parameter(SYS, 'app_name') == 'beta'
    assert Proxy(host, 3883).parameter(SYS, 'app_name') == 'gamma'
    for port in (2883, 3883):
        assert 'GetObProxyConfig' in Proxy(host, port).parameter(SYS, 'obproxy_config_server_url')


def test_every_linked_cluster_has_its_own_proxyro_password(host):
    rows = Proxy(host, 2883).query(SYS, "select cluster_name, value from proxy_config where name='observer_sys_password'")
    values = {row[0]: row[1] for row in rows if row[0] in ('hooray', 'cheers')}
    assert len(values) == len(set(values.values())) == 2
