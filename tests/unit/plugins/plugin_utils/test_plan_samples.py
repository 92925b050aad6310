# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCP's own samples, and the graphs that come of requests."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import OLD_RPM, RPM

STAMP = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d')


def by_name(task):
    """Return a task with its subtasks by name, their neighbours by name, and without what differs from run to run."""
    names = {subtask['id']: subtask['name'] for subtask in task['subtasks']}
    assert len(names) == len(task['subtasks'])
    subtasks = {}
    for subtask in task['subtasks']:
        subtask = dict(subtask)
        del subtask['id']
        for side in ('upstreams', 'downstreams'):
            subtask[side] = [names[key] for key in subtask[side]]
        subtasks[subtask['name']] = subtask
    rest = {key: value for key, value in task.items() if key not in ('id', 'executor', 'startTime', 'subtasks')}
    return rest, subtasks


def test_create_without_hosts_answers_as_the_sample(world, sample):
    plan = world.plan('create', sample('create_request'))
    expected = sample('create_response')['data']
    assert by_name(plan['data']) == by_name(expected)
    assert set(plan['data']) == set(expected)
    assert STAMP.fullmatch(plan['data']['startTime'])
    assert (plan['hosts'], plan['run']['hosts']) == ({}, {})


def test_create_without_hosts_needs_no_variables(world, sample):
    world.variables.clear()
    assert world.plan('create', sample('create_request'))['changed']


def test_batch_add_answers_as_the_sample(world, sample, create_body):
    create_body.update(name='test')
    create_body['obproxyInstallParam'].update(hostIds=[1], version=OLD_RPM)
    world.plan('create', create_body)
    plan = world.plan('batch_add', sample('batch_add_request'), 1)
    (task,), (expected,) = plan['data']['contents'], sample('batch_add_response')['data']['contents']
    assert by_name(task) == by_name(expected)
    assert set(task) == set(expected)
    assert [subtask['name'] for subtask in task['subtasks']] == [
        'Prepare obproxy install', 'Prepare create obproxy', 'Check if process not exist', 'Check if command exists',
        'Install rpm by package and version', 'Start obproxy process', 'Sync obproxy parameter',
        'Set obproxy user and password for connect', 'Refresh ocp agent config', 'Register obproxy exporter',
        'Update obproxy status', 'Finish node']


def test_take_over_takes_the_sample(world, sample, create_body):
    create_body['obproxyInstallParam']['hostIds'] = [2]
    world.plan('create', create_body)
    plan = world.plan('take_over', sample('take_over_request'), 'foo')
    (task,) = plan['data']['contents']
    (expected,) = sample('take_over_response')['data']['contents']
    assert set(task) == set(expected)
    assert set(task['context']['stringMap']) == set(expected['context']['stringMap'])
    assert set(task['subtasks'][0]) == set(expected['subtasks'][0])
    assert [subtask['className'].rpartition('.')[2] for subtask in task['subtasks']] == [
        'PrepareTakeOverTask', 'CheckTakeOverRulesTask', 'CheckCommandTask', 'AdoptObproxyTask', 'SyncObproxyParameterTask',
        'SetObproxyUserPasswordForObTask', 'RefreshAgentConfigTask', 'RegisterObproxyExporterTask',
        'UpdateObproxyStatusTask', 'FinishTask']
    assert list(plan['run']['hosts']['alpha']['subtasks']) == [
        'prepare_take_over', 'check_take_over_rules', 'check_command', 'adopt_obproxy', 'sync_parameters',
        'set_credentials', 'refresh_agent', 'register_exporter', 'update_status', 'finish']
    assert world.rows('servers')[1]['status'] == 'TAKINGOVER'


def test_create_with_hosts_is_one_task_with_a_chain_per_host(world, create_body):
    plan = world.plan('create', create_body)
    task = plan['data']
    assert len(task['subtasks']) == 2 + 2 * 10
    rows = {subtask['id']: subtask for subtask in task['subtasks']}
    first, last = task['subtasks'][0], task['subtasks'][-1]
    assert (first['name'], first['status'], first['upstreams']) == ('Prepare obproxy install', 'READY', [])
    assert (last['name'], last['downstreams'], len(last['upstreams'])) == ('Finish node', [], 2)
    assert {row['status'] for row in task['subtasks'][1:]} == {'PENDING'}
    for index, start in enumerate(first['downstreams']):
        chain, row = [], rows[start]
        while row is not last:
            chain.append(row)
            assert row['parallelIdx'] == index
            row = rows[row['downstreams'][0]]
        assert len(chain) == 10
        assert (chain[0]['name'], chain[-1]['name']) == ('Prepare create obproxy', 'Update obproxy status')
    for row in rows.values():
        assert all(row['id'] in rows[key]['upstreams'] for key in row['downstreams'])
    assert task['context']['parallel'] is True
    assert task['context']['listMap']['host_ids'] == ['1', '2']
    assert all(isinstance(value, str) for value in task['context']['stringMap'].values())
    alpha, beta = (plan['run']['hosts'][name]['subtasks'] for name in ('alpha', 'beta'))
    assert {role for role in alpha if alpha[role] == beta[role]} == {'prepare_install', 'finish'}
    assert (alpha['prepare_install'], alpha['finish']) == (first['id'], last['id'])


def test_the_roles_are_told_all_of_a_server(world, create_body):
    plan = world.plan('create', create_body)
    task_id = plan['data']['id']
    told = plan['hosts']['alpha']
    # For the record, out of which a lost registry is made again.
    assert told.pop('request')['host_ids'] == [1, 2]
    assert told.pop('timeouts') == {step.role: step.timeout for step in _dag.INSTALL}
    assert told == {
        'cluster_id': 1, 'cluster_name': 'foo', 'server_id': 1, 'host_id': 1, 'task_id': task_id, 'name': 'foo-2883',
        'sql_port': 2883, 'exporter_port': 2884, 'rpc_port': 2885, 'version': RPM,
        'package': {'name': 'obproxy-ce', 'version': '4.3.1.0', 'release': '4.el8', 'arch': 'x86_64', 'file': RPM},
        'work_mode': 'CONFIG_URL', 'config_url': 'http://ocp:8080/services?Action=GetObProxyConfig', 'rs_list': '',
        'ob_cluster_name': '', 'ob_links': [{'cluster_name': 'hooray', 'ob_cluster_id': 1, 'username': 'proxyro'}],
        'startup_parameters': [{'name': 'work_thread_num', 'value': '4'}],
        'parameters': [{'name': 'syslog_level', 'value': 'INFO'}], 'parameter_version': 1, 'idc': None,
        'own_parameters': [], 'others_may_know': False, 'is_running': False, 'trace_id': '0123456789abcdef'}


def test_with_a_list_of_root_servers(world, create_body):
    create_body['workMode'] = 'RS_LIST'
    server = world.plan('create', create_body)['hosts']['beta']
    assert (server['rs_list'], server['ob_cluster_name'], server['config_url']) == (
        '10.0.0.1:2881;10.0.0.2:2881', 'hooray', '')


@pytest.mark.parametrize('key', ['exportPort', 'export_port', 'exporterPort', 'exporter_port'])
def test_every_spelling_of_the_exporters_port(world, create_body, add_body, key):
    install = create_body['obproxyInstallParam']
    install[key] = install.pop('exportPort')
    add_body[key] = add_body.pop('exporterPort')
    assert world.plan('create', create_body)['hosts']['alpha']['exporter_port'] == 2884
    assert world.plan('batch_add', add_body, '1')['hosts']['gamma']['exporter_port'] == 2884


def test_snake_case_means_the_same(world, create_body):
    snake = json.loads(re.sub('"(\\w+)": ', lambda found: re.sub('[A-Z]', lambda letter: '_' + letter[0].lower(), found[0]),
                              json.dumps(create_body)))
    assert 'ob_links' in snake and 'host_ids' in snake['obproxy_install_param']
    world.plan('create', create_body)
    assert not world.plan('create', snake)['changed']


def test_values_as_command_lines_bring_them(world, create_body, add_body):
    world.plan('create', create_body)
    plan = world.plan('batch_add', {'hostIds': '3, delta', 'sqlPort': '2883', 'exporterPort': '2884', 'version': RPM[:-4]}, 'foo')
    assert sorted(plan['hosts']) == ['delta', 'gamma']
    assert plan['hosts']['gamma']['version'] == RPM
    assert plan['hosts']['delta']['host_id'] == 4


def test_null_is_absent_and_other_types_become_text(world, create_body):
    create_body.update(address=None, startupParameters=None, workMode=None, parameters=[
        {'name': 'a', 'value': True}, {'name': 'b', 'value': 7}, {'name': 'c', 'value': ''}, {'name': 'd', 'value': '\u00fc\u4e2d'}])
    server = world.plan('create', create_body)['hosts']['alpha']
    assert server['work_mode'] == 'CONFIG_URL'
    assert [item['value'] for item in server['parameters']] == ['true', '7', '', '\u00fc\u4e2d']


def test_no_password_is_returned_or_stored(world, create_body):
    plan = world.plan('create', create_body)
    assert 's3cret' not in json.dumps(plan)
    assert b's3cret' not in world.path.read_bytes()
