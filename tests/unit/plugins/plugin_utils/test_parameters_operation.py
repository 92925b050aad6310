# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that change a cluster's parameters."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plugin_utils.test_operations import (  # noqa: F401  pylint: disable=unused-import
    finish, fleet, refused)


def change(fleet, **values):
    return fleet.operate('parameters', {'parameters': [{'name': name, 'value': value} for name, value in values.items()]})


def said(fleet, version):
    with fleet.registry.transaction(writes=False) as store:
        return store.history.read(1, version).values()


def test_a_change_is_a_new_version(fleet):
    plan = change(fleet, syslog_level='WARN', work_thread_num=8, enable_sharding=True)
    assert plan['changed'] and plan['parameter_version'] == 2
    assert plan['parameter_changes'] == [
        {'name': 'enable_sharding', 'before': None, 'after': 'true'}, {'name': 'syslog_level', 'before': 'INFO', 'after': 'WARN'},
        {'name': 'work_thread_num', 'before': '4', 'after': '8'}]
    assert plan['diff'] == {'before': {'enable_sharding': None, 'syslog_level': 'INFO', 'work_thread_num': '4'},
                            'after': {'enable_sharding': 'true', 'syslog_level': 'WARN', 'work_thread_num': '8'}}
    assert said(fleet, 1) == {'work_thread_num': '4', 'syslog_level': 'INFO'}
    assert said(fleet, 2) == {'work_thread_num': '8', 'syslog_level': 'WARN', 'enable_sharding': 'true'}
    assert [(row['version'], row['creator']) for row in fleet.rows('parameter_versions')] == [(1, 'admin'), (2, 'admin')]
    assert fleet.rows('clusters')[0]['parameter_version'] == 2


def test_the_roles_are_told_all_that_a_server_is_to_have(fleet):
    fleet.hosts['beta']['obproxy_parameters'] = [{'name': 'proxy_id', 'value': 7}]
    hosts = change(fleet, syslog_level='WARN')['hosts']
    assert hosts['beta']['parameters'] == [{'name': 'work_thread_num', 'value': '4'}, {'name': 'syslog_level', 'value': 'WARN'}]
    assert hosts['beta']['record'] == {
        'parameter_version': 2, 'startup_parameters': [{'name': 'work_thread_num', 'value': '4'}],
        'parameters': [{'name': 'syslog_level', 'value': 'WARN'}], 'own_parameters': [{'name': 'proxy_id', 'value': '7'}]}
    assert hosts['beta']['own_parameters'] == hosts['beta']['record']['own_parameters'] and hosts['alpha']['own_parameters'] == []
    assert hosts['alpha']['parameter_version'] == 2 and hosts['alpha']['others_may_know'] is False


def test_what_says_the_same_is_no_change(fleet):
    change(fleet, proxy_mem_limited='2G', slow_query_time_threshold='60s')
    plan = change(fleet, proxy_mem_limited=2147483648, slow_query_time_threshold='1m')
    assert not plan['changed'] and plan['parameter_version'] == 2 and plan['hosts']['alpha']['parameter_version'] == 2
    assert not fleet.operate('parameters', {})['changed']
    assert len(fleet.rows('parameter_versions')) == 2


def test_null_takes_a_parameter_out(fleet):
    change(fleet, syslog_level=None)
    assert said(fleet, 2) == {'work_thread_num': '4'}
    assert 'is missing' in refused(fleet, 'parameters', {'parameters': [{'name': 'work_thread_num'}]})[0]['parameters[0].value']


def test_servers_of_their_own_mind_change_the_version_too(fleet):
    fleet.hosts['beta']['obproxy_parameters'] = [{'name': 'proxy_id', 'value': 7}]
    assert fleet.operate('parameters', {'obproxyServerIds': [1]})['changed'] is False
    plan = fleet.operate('parameters', {})
    assert plan['parameter_changes'] == [{'name': 'proxy_id', 'before': None, 'after': '7', 'obproxyServerId': 2}]
    assert plan['diff']['after'] == {'proxy_id of server 2': '7'}
    # The inventory's word about a host counts when its server is asked.
    del fleet.hosts['beta']['obproxy_parameters']
    assert fleet.operate('parameters', {'obproxyServerIds': [1]})['parameter_version'] == 2
    assert fleet.operate('parameters', {})['parameter_version'] == 3


@pytest.mark.parametrize('name, value, field, words', [
    ('work_thread_nun', 8, 'parameters[0].name', 'did you mean work_thread_num?'),
    ('work_thread_num', 0, 'parameters[0].value', 'a whole number in [1,128]'),
    ('app_name', 'bar', 'parameters[0].name', 'that is not set by the collection itself'),
    ('listen_port', 2899, 'parameters[0].name', 'that is not set by the collection itself'),
    ('obproxy_sys_password', 'x', 'parameters[0].name', 'no password in a request'),
    ('refresh_config', True, 'parameters[0].name', 'a command that OBProxy carries out once'),
    ('init_sql', 'a\\b', 'parameters[0].value', 'without a backslash'),
])
def test_what_is_refused(fleet, name, value, field, words):
    faults, status = refused(fleet, 'parameters', {'parameters': [{'name': name, 'value': value}]})
    assert words in faults[field] and status == 400
    assert fleet.rows('clusters')[0]['parameter_version'] == 1


def test_a_parameter_given_twice_is_refused(fleet):
    body = {'parameters': [{'name': 'enable_qos', 'value': value} for value in ('true', 'false')]}
    assert 'only once' in refused(fleet, 'parameters', body)[0]['parameters[1].name']


def test_a_version_that_is_not_covered_is_left_to_the_live_proxy(fleet):
    with fleet.registry.transaction() as store:
        for server_id in (1, 2):
            store.update_server(server_id, version='obproxy-ce-4.3.6.1-2.el8.x86_64.rpm')
    assert change(fleet, work_thread_nun='many')['changed']


def test_a_check_writes_no_version(fleet):
    body = {'parameters': [{'name': 'syslog_level', 'value': 'WARN'}]}
    plan = fleet.operate('parameters', body, check_mode=True)
    assert plan['changed'] and plan['parameter_version'] == 2 and len(fleet.rows('parameter_versions')) == 1


def test_a_cluster_without_servers_has_parameters_too(world, sample):
    world.plan('create', sample('create_request'))
    plan = world.operate('parameters', {'parameters': [{'name': 'syslog_level', 'value': 'WARN'}]}, cluster='1')
    assert list(plan['run']['hosts']['localhost']['subtasks']) == ['start_node', 'finish'] and plan['parameter_version'] == 2


@pytest.mark.parametrize('operation, body', [
    ('start', {}), ('restart', {}), ('credentials', {}), ('links', {'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]}),
    ('upgrade', {'shortRpmName': 'obproxy-ce-4.3.1.1-1'})])
def test_what_sets_no_parameters_leaves_a_server_s_version_of_them(fleet, operation, body):
    fleet.sql('UPDATE obproxy_servers SET parameter_version = 1')
    change(fleet, syslog_level='WARN')
    (fleet.folder / 'packages' / 'obproxy-ce-4.3.1.1-1.el8.x86_64.rpm').touch()
    assert {one['parameter_version'] for one in fleet.operate(operation, body)['hosts'].values()} == {1}
