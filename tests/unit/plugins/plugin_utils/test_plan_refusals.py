# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are refused: which field, which status, and that nothing is written."""

from __future__ import annotations

import pytest

BAD, UNKNOWN, TAKEN = 400, 404, 409


def put(body, path, value):
    *parents, last = path
    for key in parents:
        body = body[key]
    if value is KeyError:
        del body[last]
    else:
        body[last] = value


INSTALL = 'obproxyInstallParam'
WRONG = [
    (('name',), KeyError, 'name', 'a string'),
    (('name',), 'a/b', 'name', 'letters'),
    (('name',), '../x', 'name', 'letters'),
    (('name',), 'a..b', 'name', 'letters'),
    (('name',), 'foo\n', 'name', 'letters'),
    (('name',), 'foo; rm -rf /', 'name', 'letters'),
    (('name',), '1foo', 'name', 'letters'),
    (('name',), 'x' * 65, 'name', 'letters'),
    (('name',), 'f\u00fc', 'name', 'letters'),
    (('name',), '\ud800', 'name', 'UTF-8'),
    (('name',), ['foo'], 'name', 'a string'),
    (('nam',), 'x', 'nam', 'name'),
    (('address',), '$(reboot)', 'address', 'host name'),
    (('port',), 65536, 'port', '65535'),
    (('port',), True, 'port', 'an integer'),
    (('port',), 'many', 'port', 'an integer'),
    (('workMode',), 'URL', 'workMode', 'RS_LIST'),
    (('obLinks',), KeyError, 'obLinks', 'a list'),
    (('obLinks',), {'clusterName': 'x'}, 'obLinks', 'a list'),
    (('obLinks', 0), 'hooray', 'obLinks[0]', 'clusterName'),
    (('obLinks', 0, 'clusterName'), KeyError, 'obLinks[0].clusterName', 'a string'),
    (('obLinks', 0, 'clusterName'), 'a b', 'obLinks[0].clusterName', 'letters'),
    (('obLinks', 0, 'obClusterId'), 'one', 'obLinks[0].obClusterId', 'an integer'),
    (('obLinks', 0, 'obClusterId'), 0, 'obLinks[0].obClusterId', 'positive'),
    (('obLinks', 0, 'username'), 'root', 'obLinks[0].username', 'proxyro'),
    (('obLinks', 0, 'clusterNam'), 'x', 'obLinks[0].clusterNam', 'clusterName'),
    ((INSTALL, 'sqlPort'), 1024, 'obproxyInstallParam.sqlPort', '1025'),
    ((INSTALL, 'sqlPort'), KeyError, 'obproxyInstallParam.sqlPort', '1025'),
    ((INSTALL, 'sqlPort'), 2883.5, 'obproxyInstallParam.sqlPort', 'an integer'),
    ((INSTALL, 'exportPort'), 65536, 'obproxyInstallParam.exportPort', '65535'),
    ((INSTALL, 'exportPort'), 2883, 'obproxyInstallParam.exportPort', 'another port'),
    ((INSTALL, 'exporterPort'), 2885, 'obproxyInstallParam.exportPort', 'several'),
    ((INSTALL, 'hostIds'), KeyError, 'obproxyInstallParam.hostIds', 'a list'),
    ((INSTALL, 'hostIds'), [1, '1'], 'obproxyInstallParam.hostIds[1]', 'only once'),
    ((INSTALL, 'hostIds'), [1, 'alpha'], 'obproxyInstallParam.hostIds[1]', 'only once'),
    ((INSTALL, 'version'), KeyError, 'obproxyInstallParam.version', 'rpm'),
    ((INSTALL, 'version'), '4.3.1.0', 'obproxyInstallParam.version', '<name>-<version>'),
    ((INSTALL, 'version'), 'observer-4.3.1.0-4.el8.x86_64.rpm', 'obproxyInstallParam.version', 'obproxy-ce'),
    ((INSTALL, 'version'), 'obproxy-ce-4.3.1.0-4.el8.s390x.rpm', 'obproxyInstallParam.version', 'aarch64'),
    ((INSTALL, 'version'), '../obproxy-ce-4.3.1.0-4.el8.x86_64.rpm', 'obproxyInstallParam.version', '<name>-<version>'),
    ((INSTALL, 'version'), 'obproxy-ce-4.3.1.0-4.el8.aarch64.rpm', 'obproxy_package_dir', 'holds obproxy-ce-4.3.1.0-4.el8.aarch64.rpm'),
    (('parameters', 0, 'name'), 'a b', 'parameters[0].name', 'letters'),
    (('parameters', 0, 'name'), 'observer_sys_password1', 'parameters[0].name', 'obproxy_sys_password'),
    (('parameters', 0, 'name'), 'listen_port', 'parameters[0].name', 'collection itself'),
    (('parameters', 0, 'name'), 'WORK_THREAD_NUM', 'parameters[0].name', 'only once'),
    (('parameters', 0, 'value'), 'a\nb', 'parameters[0].value', 'line breaks'),
    (('parameters', 0, 'value'), 'a\0b', 'parameters[0].value', 'control'),
    (('parameters', 0, 'value'), 'a\\b', 'parameters[0].value', 'backslash'),
    (('parameters', 0, 'value'), 'a\'b"', 'parameters[0].value', 'quotes'),
    (('parameters', 0, 'value'), ['a'], 'parameters[0].value', 'a string'),
    (('parameters', 0, 'value'), None, 'parameters[0].value', 'a string'),
    (('startupParameters', 0, 'name'), 'obproxy_sys_password', 'startupParameters[0].name', 'vault'),
    (('startupParameters', 0, 'value'), '1,2', 'startupParameters[0].value', "','"),
]


@pytest.mark.parametrize('path, value, field, expected', WRONG)
def test_a_wrong_field_is_named(world, create_body, path, value, field, expected):
    put(create_body, path, value)
    faults, status = world.refused('create', create_body)
    assert list(faults) == [field]
    assert status == faults[field].status == BAD
    assert expected in faults[field].expected
    assert field in faults[field].message
    assert not world.path.exists()


@pytest.mark.parametrize('key', [1, None, True, 1.5, ('a', 1), 'a\nb', '\x1b[2J', '\ud800', 'x' * 100000], ids=repr)
@pytest.mark.parametrize('path', [(), (INSTALL,), ('obLinks', 0), ('name',)], ids=str)
def test_a_key_of_any_kind(world, create_body, path, key):
    put(create_body, [*path, key], 2 ** 20000) if path != ('name',) else put(create_body, path, {key: 1, 'b': 2})
    faults, status = world.refused('create', create_body)
    assert (len(faults), status) == (1, BAD)
    message = next(iter(faults.values())).message
    assert len(message) < 500 and message.isprintable()


@pytest.mark.parametrize('links', [[], ['a', 'b']])
def test_a_list_of_root_servers_is_of_one_cluster(world, create_body, links):
    create_body['workMode'] = 'RS_LIST'
    create_body['obLinks'] = [{'clusterName': name, 'obClusterId': index, 'username': 'proxyro'}
                              for index, name in enumerate(links, start=1)]
    create_body['obproxyInstallParam']['hostIds'] = []
    faults, _status = world.refused('create', create_body)
    assert list(faults) == ['obLinks'] and 'exactly one' in faults['obLinks'].expected


def test_no_request_at_all(world):
    faults, status = world.refused('create', {})
    assert (list(faults), status) == (['request', 'name', 'obLinks'], BAD)
    assert '-e @request.json' in faults['request'].message


def test_all_faults_at_once_and_the_nearest_key(world, create_body):
    create_body.update(nmae='x', port=0, workMode='no')
    create_body['obproxyInstallParam'].update(hostIds=[1, 99, 'gama'], sqlPort=80)
    world.variables.clear()
    faults, status = world.refused('create', create_body)
    assert status == BAD
    assert set(faults) == {
        'nmae', 'port', 'workMode', 'obproxyInstallParam.sqlPort', 'obproxyInstallParam.hostIds[1]',
        'obproxyInstallParam.hostIds[2]', 'obproxy_sys_password', 'obproxy_ob_clusters.hooray', 'obproxy_package_dir'}
    assert 'did you mean name?' in faults['nmae'].message
    assert 'did you mean gamma?' in faults['obproxyInstallParam.hostIds[2]'].message


@pytest.mark.parametrize('given', [99, '99', 'nobody', 2 ** 70, -1, 0, True, {'id': 1}, 'x' * 100000])
def test_a_host_that_is_not_there(world, create_body, given):
    create_body['obproxyInstallParam']['hostIds'] = [given]
    faults, status = world.refused('create', create_body)
    assert (list(faults), status) == (['obproxyInstallParam.hostIds[0]'], UNKNOWN)
    assert len(faults['obproxyInstallParam.hostIds[0]'].message) < 500


def test_one_field_by_two_names(world, create_body):
    create_body['obproxyInstallParam']['exporter_port'] = 2999
    fault = world.refused('create', create_body)[0]['obproxyInstallParam.exporter_port']
    assert '"exporter_port": 2999' in fault.message and '"exportPort": 2884' in fault.message
    create_body['obproxyInstallParam']['exporter_port'] = 2884
    assert world.plan('create', create_body)['changed']


def test_two_hosts_with_one_id(world, create_body):
    world.hosts['gamma']['obproxy_host_id'] = 2
    faults, status = world.refused('create', create_body)
    assert status == BAD and 'beta, gamma' in faults['obproxyInstallParam.hostIds[1]'].message


@pytest.mark.parametrize('cluster, status', [
    (None, BAD), (7, UNKNOWN), ('7', UNKNOWN), ('bar', UNKNOWN), (2 ** 80, UNKNOWN), (-1, UNKNOWN),
    ('9' * 5000, UNKNOWN), ('\u0661', UNKNOWN), ('\ud800', UNKNOWN)])
def test_a_cluster_that_is_not_there(world, add_body, cluster, status):
    faults, given = world.refused('batch_add', add_body, cluster)
    assert (list(faults), given) == (['cluster_id'], status)
    assert not world.path.exists()


def test_bodies_without_hosts(world, create_body):
    world.plan('create', create_body)
    assert list(world.refused('batch_add', {'hostIds': []}, 1)[0]) == ['sqlPort', 'exporterPort', 'version', 'hostIds']
    assert list(world.refused('take_over', {'hosts': []}, 1)[0]) == ['hosts']
    assert list(world.refused('take_over', {'hosts': [{'hostId': 1}]}, 1)[0]) == ['hosts[0].sqlPort']


def test_the_same_name_with_another_body(world, create_body):
    world.plan('create', create_body)
    before = [world.rows(table) for table in ('clusters', 'servers', 'tasks', 'runs')]
    create_body.update(port=2999, parameters=[])
    create_body['obproxyInstallParam'].update(hostIds=[1, 3], sqlPort=2993)
    faults, status = world.refused('create', create_body)
    assert status == TAKEN
    assert set(faults) == {'port', 'parameters', 'obproxyInstallParam.hostIds', 'obproxyInstallParam.sqlPort'}
    assert faults['port'].expected == '2883' and 'foo' in faults['port'].message
    assert [world.rows(table) for table in ('clusters', 'servers', 'tasks', 'runs')] == before


@pytest.mark.parametrize('ports, taken', [
    ((2883, 2990), 'sqlPort'), ((2990, 2884), 'exporterPort'), ((2885, 2990), 'sqlPort'), ((2884, 2990), 'sqlPort')])
def test_ports_of_another_server_on_the_host(world, create_body, add_body, ports, taken):
    world.plan('create', create_body)
    create_body.update(name='bar')
    create_body['obproxyInstallParam']['hostIds'] = []
    world.plan('create', create_body)
    add_body.update(hostIds=['alpha'], sqlPort=ports[0], exporterPort=ports[1])
    faults, status = world.refused('batch_add', add_body, 'bar')
    assert (list(faults), status) == ([taken], TAKEN)
    assert 'foo-2883' in faults[taken].message


@pytest.mark.parametrize('key, value', [
    ('sqlPort', 2993), ('exporterPort', 2994), ('version', 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm')])
def test_a_host_that_is_in_the_cluster_with_something_else(world, create_body, add_body, key, value):
    world.plan('create', create_body)
    add_body.update({'hostIds': [1], key: value})
    faults, status = world.refused('batch_add', add_body, 1)
    assert (list(faults), status) == ([key], TAKEN)


@pytest.mark.parametrize('name, field', [
    ('obproxy_sys_password', 'obproxy_sys_password'), ('obproxy_config_server_url', 'obproxy_config_server_url'),
    ('obproxy_ob_clusters', 'obproxy_ob_clusters.hooray'), ('obproxy_package_dir', 'obproxy_package_dir')])
def test_what_no_variable_gives(world, create_body, name, field):
    del world.variables[name]
    faults, status = world.refused('create', create_body)
    assert (list(faults), status) == ([field], BAD)
    assert not world.path.exists()


def test_a_linked_cluster_without_what_is_needed(world, create_body):
    create_body['workMode'] = 'RS_LIST'
    world.variables['obproxy_ob_clusters'] = {1: {}}
    assert set(world.refused('create', create_body)[0]) == {
        'obproxy_ob_clusters.hooray.proxyro_password', 'obproxy_ob_clusters.hooray.root_servers'}
    world.variables['obproxy_ob_clusters'] = {'1': {'proxyro_password': 'x', 'root_servers': ['10.0.0.1']}}
    assert set(world.refused('create', create_body)[0]) == {'obproxy_ob_clusters.hooray.root_servers'}


@pytest.mark.parametrize('secret', ['s3\\cret', 's3\'c"ret'])
def test_passwords_that_obproxy_cannot_be_told(world, create_body, secret):
    world.variables['obproxy_ob_clusters']['hooray']['proxyro_password'] = secret
    world.hosts['beta']['obproxy_sys_password'] = secret
    del world.variables['obproxy_sys_password']
    world.hosts['alpha']['obproxy_sys_password'] = 'fine\'s'
    faults, status = world.refused('create', create_body)
    assert (set(faults), status) == ({'obproxy_sys_password', 'obproxy_ob_clusters.hooray.proxyro_password'}, BAD)
    assert secret not in str(faults) and 'backslash' in faults['obproxy_sys_password'].message


def test_a_package_by_url_needs_address_and_checksum(world, create_body):
    world.variables['obproxy_package_source'] = 'url'
    assert set(world.refused('create', create_body)[0]) == {'obproxy_package_url', 'obproxy_package_checksum'}


def test_no_fault_repeats_a_secret(world, create_body):
    world.variables['obproxy_ob_clusters'] = [{'proxyro_password': 'ro-s3cret'}]
    world.variables['obproxy_config_server_url'] = 'ftp://me:url-s3cret@ocp/'
    create_body['parameters'] = [{'name': 'observer_sys_password', 'value': 'par-s3cret'}]
    create_body['obproxy_sys_password'] = 'key-s3cret'
    faults, _status = world.refused('create', create_body)
    assert {'obproxy_ob_clusters', 'obproxy_config_server_url', 'parameters[0].name', 'obproxy_sys_password'} <= set(faults)
    assert 's3cret' not in str(faults)


@pytest.mark.parametrize('given, field, words', [
    ({'instal_package': 60}, 'obproxy_timeouts.instal_package', 'did you mean install_package?'),
    ({'install_package': 'soon'}, 'obproxy_timeouts.install_package', 'whole seconds'),
    ({'install_package': -1}, 'obproxy_timeouts.install_package', 'whole seconds'),
    ([7200], 'obproxy_timeouts', 'a dict of seconds')])
def test_timeouts_that_are_none(world, create_body, given, field, words):
    world.variables['obproxy_timeouts'] = given
    faults, status = world.refused('create', create_body)
    assert list(faults) == [field] and words in faults[field].message and status == 400


def test_given_timeouts_are_the_subtasks(world, create_body):
    world.variables['obproxy_timeouts'] = {'install_package': '7200', 'start_obproxy': 0}
    plan = world.plan('create', create_body)
    timeouts = plan['hosts']['alpha']['timeouts']
    assert (timeouts['install_package'], timeouts['start_obproxy'], timeouts['prepare_install']) == (7200, 0, 300)
    assert {row['timeout'] for row in world.rows('subtasks') if row['role'] == 'install_package'} == {7200}


def test_a_flag_that_is_none(world, create_body):
    world.variables['obproxy_rollback_on_failure'] = 'perhaps'
    assert list(world.refused('create', create_body)[0]) == ['obproxy_rollback_on_failure']
