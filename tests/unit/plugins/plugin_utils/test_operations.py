# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of operations on servers that a cluster has."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError

OFFLINE = ['Start node', 'Prepare offline obproxy', 'Wait node', 'Stop and uninstall obproxy', 'Delete obproxy info',
           'Offline obproxy exporter', 'Unreserve host', 'Finish node']


@pytest.fixture
def fleet(world, create_body):
    """A world with the cluster foo on alpha and beta, both running."""
    run = world.plan('create', create_body)['run']
    finish(world, run)
    return world


def finish(world, run, status='RUNNING'):
    with world.registry.transaction() as store:
        servers = [{'server_id': row['id']} for row in store.servers(cluster_id=run['cluster_id'])]
        _outcome.update_servers(store, run['id'], servers, status, False)
        _outcome.close_run(store, run['id'])


def refused(world, operation, body=None, cluster='foo'):
    with pytest.raises(RequestError) as caught:
        world.operate(operation, body, cluster)
    return {fault.field: fault.message for fault in caught.value.faults}, caught.value.status


def test_a_removal_of_several_servers_is_ocp_s_offline_graph(fleet):
    task = fleet.operate('remove', {'obproxyServerIds': [1, 2]})['data']
    names = {row['id']: row['name'] for row in task['subtasks']}
    assert list(dict.fromkeys(names.values())) == ['Start node', 'Prepare offline obproxy', *OFFLINE[2:]]
    by_name = {}
    for row in task['subtasks']:
        by_name.setdefault(row['name'], []).append(row)
    assert [len(by_name[name]) for name in OFFLINE] == [1, 2, 1, 2, 1, 2, 1, 1]
    for earlier, later in zip(OFFLINE, OFFLINE[1:]):
        for row in by_name[later]:
            assert [names[key] for key in row['upstreams']] == [earlier] * len(by_name[earlier])
    assert [row['parallelIdx'] for row in by_name['Stop and uninstall obproxy']] == [0, 1]
    assert task['context']['listMap'] == {'host_ids': ['1', '2'], 'obproxy_server_ids': ['1', '2']}


@pytest.mark.parametrize('given, hosts', [
    ({}, {'alpha', 'beta'}), ({'obproxyServerIds': [2]}, {'beta'}), ({'obproxy_server_ids': ['alpha']}, {'alpha'})])
def test_servers_are_chosen_by_id_or_host(fleet, given, hosts):
    plan = fleet.operate('stop', given)
    assert set(plan['hosts']) == set(plan['run']['hosts']) == hosts
    assert {row['operate_status'] for row in fleet.rows('servers') if row['id'] in {
        one['server_id'] for one in plan['hosts'].values()}} == {'OPERATING'}


def test_a_server_that_is_not_the_cluster_s_is_named(fleet):
    faults, status = refused(fleet, 'stop', {'obproxyServerIds': [1, 9, 'nowhere', 1]})
    assert status == 400
    assert set(faults) == {'obproxyServerIds[1]', 'obproxyServerIds[2]', 'obproxyServerIds[3]'}
    assert 'it has 1 (host 1), 2 (host 2)' in faults['obproxyServerIds[1]']
    assert {row['operate_status'] for row in fleet.rows('servers')} == {'NORMAL'}


@pytest.mark.parametrize('operation', ['stop', 'start', 'restart', 'credentials', 'upgrade', 'parameters', 'remove'])
@pytest.mark.parametrize('key, given', [('obproxyServerIds', []), ('obproxy_server_ids', '[]')])
def test_a_choice_that_came_out_empty_is_not_all_servers(fleet, operation, key, given):
    before = fleet.rows('runs')
    assert refused(fleet, operation, {key: given})[0][key].endswith('expected at least one server')
    assert fleet.rows('runs') == before


def test_an_unknown_field_or_cluster_is_refused(fleet):
    assert 'did you mean obproxyServerIds?' in refused(fleet, 'stop', {'obproxyServerId': [1]})[0]['obproxyServerId']
    assert refused(fleet, 'stop', cluster='bar')[1] == 404
    assert 'is missing' in refused(fleet, 'remove')[0]['obproxyServerIds']


def test_a_host_that_the_inventory_has_lost_is_refused_unless_it_is_to_be_skipped(fleet):
    del fleet.hosts['beta']
    assert "server 2 of foo is on it" in refused(fleet, 'remove', {'obproxyServerIds': [2]})[0]['hosts']
    plan = fleet.operate('remove', {'obproxyServerIds': [1, 2], 'skipHostOperationServerIds': [2]})
    assert (set(plan['hosts']), plan['skipped_servers']) == ({'alpha'}, [2])
    assert plan['skipped_targets'] == [{'address': 'beta:2884', 'labels': {
        'obproxy_cluster': 'foo', 'obproxy_cluster_id': '1', 'obproxy_server_id': '2', 'version': '4.3.1.0', 'work_mode': 'CONFIG_URL'}}]


def test_where_all_hosts_are_gone_the_controller_does_what_is_shared(fleet):
    plan = fleet.operate('delete', {'skipHostOperationServerIds': [1, 2]})
    assert plan['skipped_servers'] == [1, 2]
    assert set(plan['hosts']) == set(plan['run']['hosts']) == {'localhost'}
    assert list(plan['run']['hosts']['localhost']['subtasks']) == [
        'start_node', 'prepare_offline', 'wait_node', 'delete_info', 'offline_exporter', 'unreserve_host', 'finish']
    assert plan['hosts']['localhost']['timeouts']['offline_exporter'] == 30
    assert [target['address'] for target in plan['skipped_targets']] == ['10.0.0.11:2884', 'beta:2884']


def test_the_same_removal_again_is_for_what_is_left(fleet):
    fleet.sql('DELETE FROM obproxy_servers WHERE id = 1')
    plan = fleet.operate('remove', {'obproxyServerIds': [1, 2], 'skipHostOperationServerIds': [1]})
    assert (set(plan['hosts']), plan['changed']) == ({'beta'}, True)
    assert plan['notes'] == ['Taken as gone already: foo has no server 1.']
    finish(fleet, plan['run'])
    fleet.sql('DELETE FROM obproxy_servers WHERE id = 2')
    plan = fleet.operate('remove', {'obproxyServerIds': [1, 'beta']})
    assert not plan['changed'] and [row['name'] for row in plan['data']['subtasks']] == ['Start node', 'Finish node']
    assert len(plan['notes']) == 2 and fleet.rows('clusters')


def test_a_removal_of_what_nobody_knows_or_another_cluster_has_is_refused(fleet, create_body):
    create_body.update(name='bar', obproxyInstallParam={**create_body['obproxyInstallParam'], 'hostIds': [3]})
    fleet.plan('create', create_body)
    faults, status = refused(fleet, 'remove', {'obproxyServerIds': [1, 3, 'nowhere', True]})
    assert set(faults) == {'obproxyServerIds[1]', 'obproxyServerIds[2]', 'obproxyServerIds[3]'} and status == 404


def test_the_same_links_again_are_set_where_they_failed(fleet):
    two = {'clusterName': 'other', 'obClusterId': 2, 'username': 'proxyro'}
    fleet.variables['obproxy_ob_clusters']['other'] = fleet.variables['obproxy_ob_clusters']['hooray']
    finish(fleet, fleet.operate('links', {'obLinks': [two], 'obClusterNames': ['hooray']})['run'])
    plan = fleet.operate('links', {'obLinks': [two], 'obClusterNames': ['hooray']})
    assert not plan['changed'] and set(plan['hosts']) == {'alpha', 'beta'}
    assert plan['notes'] == ['Taken as gone already: foo has no link with hooray.']
    assert 'obClusterNames[0]' in refused(fleet, 'links', {'obClusterNames': [['hooray']]})[0]


def test_the_root_servers_that_are_yet_to_be_left_keep_their_password(world, create_body):
    create_body['workMode'] = 'RS_LIST'
    clusters = world.variables['obproxy_ob_clusters']
    clusters['hooray'] = {**clusters['hooray'], 'root_servers': ['10.1.0.1:2881']}
    clusters['other'] = {**clusters['hooray'], 'root_servers': ['10.1.0.2:2881']}
    finish(world, world.plan('create', create_body)['run'])
    other = {'clusterName': 'other', 'obClusterId': 2, 'username': 'proxyro'}
    hosts = world.operate('links', {'obLinks': [other], 'obClusterNames': ['hooray']})['hosts']
    assert hosts and {server['credentials_state'] for server in hosts.values()} == {'staged'}


def test_an_empty_cluster_is_gone_with_its_plan(world, sample):
    world.plan('create', sample('create_request'))
    task = world.operate('delete', cluster='1')['data']
    assert [row['name'] for row in task['subtasks']] == ['Start node', 'Finish node']
    assert world.rows('clusters') == []


def test_a_check_plans_beside_a_run_and_writes_nothing(fleet):
    before = fleet.rows('runs'), fleet.rows('servers')
    assert fleet.operate('delete', check_mode=True)['run']['check_mode']
    assert (fleet.rows('runs'), fleet.rows('servers')) == before


def test_a_second_run_on_the_cluster_is_refused(fleet):
    fleet.operate('stop')
    with pytest.raises(RequestError) as caught:
        fleet.plan_beside('create', {'name': 'foo', 'workMode': 'CONFIG_URL', 'obLinks': []})
    assert 'holds it' in str(caught.value)


def test_servers_that_a_run_has_never_come_to_go_on_as_they_were(fleet):
    run = fleet.operate('remove', {'obproxyServerIds': [1, 2]})['run']
    assert {row['status'] for row in fleet.rows('servers')} == {'DELETING'}
    with fleet.registry.transaction() as store:
        store.tasks.mark_recorded(run['id'])
        subtasks = run['hosts']['alpha']['subtasks']
        for role in ('start_node', 'prepare_offline'):
            store.tasks.move([(subtasks[role], 'READY', None, None), (subtasks[role], 'RUNNING', None, None)])
        _outcome.close_run(store, run['id'])
    assert [(row['status'], row['operate_status']) for row in fleet.rows('servers')] == [
        ('UNAVAILABLE', 'NORMAL'), ('RUNNING', 'NORMAL')]


def test_what_a_failed_run_has_not_come_to_is_what_it_was(fleet):
    fleet.sql("UPDATE obproxy_servers SET status = 'UNAVAILABLE' WHERE id = 2")
    run = fleet.operate('remove', {'obproxyServerIds': [1, 2]})['run']
    with fleet.registry.transaction() as store:
        store.tasks.mark_recorded(run['id'])
        _outcome.close_run(store, run['id'])
    assert [row['status'] for row in fleet.rows('servers')] == ['RUNNING', 'UNAVAILABLE']


def test_links_that_cannot_be_set_take_no_server_away(fleet):
    run = fleet.operate('links', {'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]})['run']
    with fleet.registry.transaction() as store:
        store.tasks.mark_recorded(run['id'])
        subtask = run['hosts']['alpha']['subtasks']['sync_parameters']
        store.tasks.move([(subtask, 'READY', None, None), (subtask, 'RUNNING', None, None), (subtask, 'FAILED', None, 'refused')])
        _outcome.close_run(store, run['id'])
    assert {row['status'] for row in fleet.rows('servers')} == {'RUNNING'}


def test_a_stop_that_nobody_recorded_is_told_by_its_servers(fleet):
    run = fleet.operate('stop')['run']
    finish(fleet, run, 'UNAVAILABLE')
    assert fleet.rows('runs')[-1]['status'] == 'SUCCESSFUL'
    assert {row['operate_status'] for row in fleet.rows('servers')} == {'NORMAL'}


def test_a_failed_operation_is_run_again_as_a_whole(fleet):
    run = fleet.operate('stop')['run']
    with fleet.registry.transaction() as store:
        results = _outcome.close_run(store, run['id'])['results']
    message = _outcome.failure_message('stop', results)
    assert 'run the same command again' in message
    assert 'task_retry' not in message
