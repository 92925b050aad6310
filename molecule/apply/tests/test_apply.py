"""A cluster becomes what the inventory's variables say, and stays as it is when it is so."""
import copy
import json
import os
import subprocess

from playbooks import playbook, registry
from probe import Proxy, hosts

testinfra_hosts = hosts(1)

SYS = 'sys-mol-90af3d51'
RPM = os.path.basename(os.environ.get('OBPROXY_RPM') or 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm')
CLUSTER = {
    'name': 'tau', 'workMode': 'CONFIG_URL', 'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}],
    'obproxyInstallParam': {'hostIds': ['host1', 'host2'], 'sqlPort': 2883, 'exportPort': 2884, 'version': RPM},
    'parameters': [{'name': 'client_max_connections', 'value': '16384'}, {'name': 'proxy_mem_limited', 'value': '2G'}],
}


def run(*options, clusters=None):
    return playbook('apply', *options, **({'obproxy_clusters': clusters} if clusters else {}))


def operations():
    return [row[0] for row in registry('select operation from obproxy_runs order by id')]


def exports():
    """Return what each server tells of itself, as a user gets it."""
    inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
    done = subprocess.run(
        ['ansible', 'all:!localhost', '-i', inventory, '-o', '-m', 'oceanbase.obproxy.obproxy_instance_info', '-a', json.dumps({'sys_passwords': [SYS]})],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True, timeout=300,
        env={**os.environ, 'ANSIBLE_HOME': f"{os.environ['LAB_STATE']}/ansible", 'ANSIBLE_FORCE_COLOR': '0', 'ANSIBLE_NOCOLOR': '1'})
    answers = [json.loads(line.split(' => ', 1)[1]) for line in done.stdout.splitlines() if ' => ' in line]
    return [one['request'] for answer in answers for one in answer['instances']]


def test_what_is_exported_can_be_pasted_and_nothing_is_to_be_done(host):
    found = exports()
    assert len(found) == 2 and sorted(map(str, found[0]['parameters'])) == sorted(map(str, found[1]['parameters']))
    for body in found:
        code, output = run('-e', 'obproxy_apply_remove=true', clusters=[body])
        assert code == 0 and '"operations": []' in output and ' changed=0 ' in output.split('localhost ')[-1], output
    assert operations() == ['create']


def test_what_differs_is_shown_then_carried_out_then_there_is_nothing_left(host):
    second = host.get_host(hosts(2)[0])
    proxies = [Proxy(one, 2883) for one in (host, second)]
    before = [proxy.started() for proxy in proxies]
    assert operations() == ['create']

    code, output = run()
    assert code == 0 and '"operations": []' in output, output
    assert operations() == ['create']

    other = copy.deepcopy(CLUSTER)
    other.update(address='tau.example.com', parameters=[{'name': 'client_max_connections', 'value': '8192'}, CLUSTER['parameters'][1]])
    other['obLinks'].append({'clusterName': 'second', 'obClusterId': 2, 'username': 'proxyro'})
    other['obproxyInstallParam']['hostIds'] = ['host1']
    code, output = run('--check', '--diff', clusters=[other])
    assert code == 0, output
    assert '-parameter client_max_connections: 16384' in output and '+parameter client_max_connections: 8192' in output
    assert '+OB cluster second' in output and 'server on host2' not in output
    assert operations() == ['create']

    code, output = run(clusters=[other])
    assert code == 0, output
    assert operations() == ['create', 'links', 'parameters']
    assert registry('select address from obproxy_clusters') == [('tau.example.com',)]
    assert [proxy.parameter(SYS, 'client_max_connections') for proxy in proxies] == ['8192', '8192']
    assert [proxy.started() for proxy in proxies] == before

    code, output = run('-e', 'obproxy_apply_remove=true', clusters=[other])
    assert code == 0, output
    assert operations()[3:] == ['remove']
    assert proxies[1].pids() == [] and proxies[0].answers(SYS)

    code, output = run('-e', 'obproxy_apply_remove=true', clusters=[other])
    assert code == 0 and '"operations": []' in output, output
    assert operations()[3:] == ['remove']

    code, output = run(clusters=[{**other, 'workMode': 'RS_LIST'}])
    assert code != 0 and 'obproxy_clusters[tau].workMode is "RS_LIST"; expected CONFIG_URL' in output
    code, output = run(clusters=[{**other, 'port': 3306}, {**CLUSTER, 'name': 'upsilon'}])
    assert code != 0 and '2 clusters differ, nothing was done' in output and 'tau, upsilon' in output
