# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions, by real playbooks."""

from __future__ import annotations

import json
import socket

import pytest


@pytest.fixture
def create(playbooks, create_body):
    """Run the playbooks' own way to create, with a request file."""
    playbooks.write('create.json', create_body)

    def run(*more, arguments=(), name='obproxy_plan', **environment):
        return playbooks.run(playbooks.saved(playbooks.PLAN, *more, name=name), '-e', '@create.json', *arguments, **environment)
    return run


RUN = {'run': '{{ obproxy_plan.run }}'}
UPDATE = {'oceanbase.obproxy.obproxy_update_status': {**RUN, 'servers': '{{ up }}'}, 'register': 'updated'}
FINISH = {'oceanbase.obproxy.obproxy_finish': RUN}
RESULT = {'oceanbase.obproxy.obproxy_run_result': RUN, 'register': 'outcome'}
ARTIFACT = {'oceanbase.obproxy.obproxy_run_result': {**RUN, 'fail': False}}


def test_an_answer_in_the_envelope(create, playbooks, sample):
    code, output = create(arguments=['-e', 'awx_user_name=jane'])
    assert code == 0, output
    answer = playbooks.result
    assert set(sample('create_response')) | {'run', 'hosts'} <= set(answer)
    assert (answer['successful'], answer['status'], answer['changed'], answer['server']) == (True, 200, True, socket.gethostname())
    assert answer['data']['creator'] == 'jane'
    assert len(answer['traceId']) == 16 and int(answer['traceId'], 16) >= 0
    assert 'invocation' not in answer and 's3cret' not in output + json.dumps(answer)
    assert create()[0] == 0 and playbooks.result['changed'] is False


def test_a_refusal_in_the_envelope(create, playbooks, create_body, world):
    create_body.update(prot=1, workMode='x')
    del create_body['port']
    playbooks.write('create.json', create_body)
    code, output = create()
    answer = playbooks.result
    assert code != 0
    assert (answer['successful'], answer['status'], answer['error']['code'], answer['changed']) == (False, 400, 400, False)
    assert [fault['field'] for fault in answer['error']['faults']] == ['prot', 'workMode']
    assert answer['msg'].splitlines() == [fault['message'] for fault in answer['error']['faults']]
    assert not world.path.exists()


@pytest.mark.parametrize('given', ['3601', '0', 'long'])
def test_a_lease_that_would_hold_a_cluster_for_too_long_is_refused(create, playbooks, world, given):
    assert create(arguments=('-e', f'obproxy_lease_seconds={given}'))[0] != 0
    fault, = playbooks.result['error']['faults']
    assert (fault['field'], fault['given'], fault['expected']) == ('obproxy_lease_seconds', given, 'whole seconds from 1 to 3600')
    assert not world.path.exists()


def test_check_mode_writes_nothing(create, playbooks, world):
    code, output = create({**UPDATE, 'vars': {'up': '{{ obproxy_plan.hosts.values() | list }}'}}, FINISH, RESULT, arguments=['--check'])
    assert code == 0, output
    assert playbooks.result['changed'] and not world.path.exists()


def test_a_whole_run_without_the_callback(create, playbooks, world):
    up = {'up': '{{ obproxy_plan.hosts.values() | list }}'}
    code, output = create({**UPDATE, 'vars': up}, FINISH, RESULT, name='outcome')
    assert code == 0, output
    assert 'not recorded' in output.replace('\n', ' ')
    outcome = playbooks.result
    assert outcome['data']['status'] == 'SUCCESSFUL' and outcome['data']['finishTime']
    assert {subtask['status'] for subtask in outcome['data']['subtasks']} == {'SUCCESSFUL'}
    assert [(row['status'], row['operate_status']) for row in world.rows('servers')] == [('RUNNING', 'NORMAL')] * 2
    assert [(row['address'], row['port']) for row in world.rows('exporters')] == [('10.0.0.11', 2884), ('beta', 2884)]
    code, output = create({**UPDATE, 'vars': up}, name='updated')
    assert code == 0 and playbooks.result['changed'] is False, output


def test_a_failed_host_is_named_and_the_artifact_is_left(create, playbooks):
    one = {'up': '{{ [obproxy_plan.hosts.alpha] }}'}
    code, output = create({**UPDATE, 'vars': one}, FINISH, ARTIFACT, RESULT, name='outcome', ANSIBLE_SHOW_CUSTOM_STATS='true')
    outcome = playbooks.result
    assert code != 0
    assert (outcome['successful'], outcome['status']) == (False, 500)
    first, *_others, last = outcome['msg'].splitlines()
    assert first.startswith('beta: task 1, Prepare create obproxy: ')
    assert 'run the same command again; what is done already is left alone' in output and 'task_retry -e obproxy_task_id=' in output
    assert 'alpha' not in outcome['msg']
    assert outcome['data']['status'] == 'FAILED'
    stats = output.partition('CUSTOM STATS')[2]
    assert '"obproxy_run"' in stats and '"FAILED"' in stats


def test_without_hosts_the_result_completes_the_task(create, playbooks, create_body):
    create_body['obproxyInstallParam'] = {'hostIds': []}
    playbooks.write('create.json', create_body)
    code, output = create(RESULT, name='outcome')
    assert code == 0, output
    assert [subtask['status'] for subtask in playbooks.result['data']['subtasks']] == ['SUCCESSFUL', 'SUCCESSFUL']
    assert 'not recorded' not in output.replace('\n', ' ')


def test_options_in_snake_case_and_both_ways_at_once(playbooks, create, add_body):
    create()
    add = {'cluster_id': 'foo', 'host_ids': ['gamma'], 'sql_port': 2883, 'exporter_port': 2884, 'version': add_body['version']}
    task = {'oceanbase.obproxy.obproxy_batch_add': add, 'register': 'obproxy_plan'}
    code, output = playbooks.run(playbooks.saved(task))
    assert code == 0, output
    assert list(playbooks.result['run']['hosts']) == ['gamma']
    add['request'] = {}
    code, output = playbooks.run(playbooks.saved(task))
    assert code != 0 and 'either the whole body in request, or its fields' in playbooks.result['msg']


def test_variables_of_the_hosts_and_templates_that_fail(playbooks, create, world):
    settings = dict(world.variables)
    settings['obproxy_sys_password'] = '{{ not_there }}'
    groups = {'all': {'hosts': world.hosts, 'vars': {'ansible_connection': 'local'}, 'children': {
        'proxies': {'hosts': dict.fromkeys(world.hosts), 'vars': settings}}}}
    playbooks.write('inventory.json', groups)
    code, output = create()
    assert code != 0
    assert [fault['field'] for fault in playbooks.result['error']['faults']] == ['obproxy_sys_password']
    settings['obproxy_sys_password'] = '{{ "from" ~ "-a-vault" }}'
    playbooks.write('inventory.json', groups)
    code, output = create()
    assert code == 0, output


def test_a_registry_that_is_gone_at_the_end_costs_neither_the_message_nor_the_artifact(create, playbooks):
    gone = {'oceanbase.obproxy.obproxy_run_result': {**RUN, 'fail': False, 'registry_url': 'sqlite:////dev/null/registry.db'},
            'register': 'outcome'}
    code, output = create(gone, name='outcome', ANSIBLE_SHOW_CUSTOM_STATS='true')
    assert code == 0, output
    outcome = playbooks.result
    assert (outcome['successful'], outcome['results']) == (False, [])
    assert '/dev/null/registry.db' in outcome['msg'] and "this run's own output" in outcome['msg']
    assert '"obproxy_run": {' in output and '"status": "FAILED"' in output


def test_a_registry_that_cannot_be_reached(create, playbooks):
    code, output = create(arguments=['-e', 'obproxy_registry_url=nosuch://me:url-s3cret@127.0.0.1/x'])
    assert code != 0
    assert (playbooks.result['status'], playbooks.result['successful']) == (500, False)
    assert 'url-s3cret' not in json.dumps(playbooks.result) and 'driver' in playbooks.result['msg']
