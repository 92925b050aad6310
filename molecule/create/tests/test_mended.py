"""Where anything at all differs from what was asked for, the next run mends that, and leaves the proxy running."""
import hashlib

import pytest
from playbooks import playbook
from probe import Proxy, hosts, until

testinfra_hosts = hosts(3)

SYS, PROXYRO = 'sys-mol-5bfa91c2', 'ro-mol-77d3e0aa'
HOME = '/opt/obproxy/alpha-2883'
STORED = hashlib.sha1(PROXYRO.encode()).hexdigest()

DIFFERENCES = {
    'script': (f"sh -c 'echo : >>{HOME}/obproxyd.sh'", lambda host, proxy: not host.file(f'{HOME}/obproxyd.sh').content_string.endswith('\n:\n')),
    'rights': (f'chmod 777 {HOME}/etc', lambda host, proxy: host.file(f'{HOME}/etc').mode == 0o750),
    'limits': ('rm /etc/security/limits.d/obproxy-admin.conf', lambda host, proxy: host.file('/etc/security/limits.d/obproxy-admin.conf').exists),
    'parameter': ('alter proxyconfig set client_max_connections = 77', lambda host, proxy: proxy.parameter(SYS, 'client_max_connections') == '16384'),
    'password': ("alter proxyconfig set observer_sys_password = 'another'",
                 lambda host, proxy: proxy.parameter(SYS, 'observer_sys_password').lower() == STORED),
}


@pytest.mark.parametrize('what', DIFFERENCES)
def test_a_difference_is_mended(host, what):
    proxy = Proxy(host, 2883)
    until(lambda: proxy.answers(SYS), 90)
    difference, is_mended = DIFFERENCES[what]
    before = proxy.pid()
    if difference.startswith('alter'):
        proxy.query(SYS, difference)
    else:
        host.check_output(difference)
    assert not is_mended(host, proxy)
    code, output = playbook('create')
    assert code == 0, output
    assert is_mended(host, proxy)
    assert proxy.pid() == before


def test_what_is_as_it_is_to_be_costs_a_host_one_task(host):
    name = host.backend.get_hostname()
    code, output = playbook('create')
    assert code == 0, output
    [told] = [line for line in output.splitlines() if line.startswith(name) and 'unreachable=' in line]
    assert ' ok=1 ' in f' {" ".join(told.split())} ' and 'changed=0' in told
