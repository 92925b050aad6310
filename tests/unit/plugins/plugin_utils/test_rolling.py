# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of rolls: batches, what has to serve meanwhile, and where the next run goes on."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError

GATE = 'check_cluster_health'


@pytest.fixture
def fleet(world, create_body):
    """A world with the cluster foo on alpha, beta and gamma, all running."""
    create_body['obproxyInstallParam']['hostIds'] = [1, 2, 3]
    settle(world, world.plan('create', create_body)['run'])
    return world


def settle(world, run, status='RUNNING', hosts=None):
    """Let servers come to a state, and the run to its end, as if nobody had recorded it."""
    with world.registry.transaction() as store:
        names = {host_id: name for name, host_id in store.hosts().items()}
        servers = [{'server_id': row['id']} for row in store.servers(cluster_id=run['cluster_id'])
                   if hosts is None or names[row['host_id']] in hosts]
        _outcome.update_servers(store, run['id'], servers, status, False)
        return _outcome.close_run(store, run['id'])['results']


def record(world, run, *moves):
    """Let subtasks (host, role, end) come to their ends, and close the run."""
    with world.registry.transaction() as store:
        store.tasks.mark_recorded(run['id'])
        for host, role, end in moves:
            subtask = run['hosts'][host]['subtasks'][role]
            if next(row for task in store.tasks.tasks(run['id']) for row in task['subtasks'] if row['id'] == subtask)['status'] == 'PENDING':
                store.tasks.move([(subtask, 'READY', None, None)])
            store.tasks.move([(subtask, 'RUNNING', None, None), (subtask, end, None, 'broken' if end == 'FAILED' else None)])
        return _outcome.close_run(store, run['id'])['results']


def chain(run, host):
    return [(host, role, 'SUCCESSFUL') for role in run['hosts'][host]['subtasks'] if role not in ('start_node', 'finish')]


def batches(plan):
    return [batch['hosts'] for batch in plan['batches']]


@pytest.mark.parametrize('given, expected', [
    (None, [['alpha'], ['beta'], ['gamma']]), (2, [['alpha', 'beta'], ['gamma']]), ('100%', [['alpha', 'beta', 'gamma']]),
    ('34%', [['alpha'], ['beta'], ['gamma']]), ('67%', [['alpha', 'beta'], ['gamma']]), ('1%', [['alpha'], ['beta'], ['gamma']])])
def test_a_batch_is_a_number_or_a_part_of_the_whole_cluster(fleet, given, expected):
    fleet.variables['obproxy_max_unavailable'] = given
    plan = fleet.operate('restart')
    assert batches(plan) == expected
    assert set(plan['members']) == {'alpha', 'beta', 'gamma'}
    for batch in plan['batches']:
        assert sorted(batch['hosts'] + batch['others']) == ['alpha', 'beta', 'gamma']


def test_servers_that_are_not_chosen_have_to_serve(fleet):
    plan = fleet.operate('restart', {'obproxyServerIds': [2]})
    assert batches(plan) == [['beta']] and set(plan['hosts']) == {'beta'}
    assert sorted(plan['batches'][0]['others']) == ['alpha', 'gamma']


@pytest.mark.parametrize('name, value', [
    ('obproxy_max_unavailable', 0), ('obproxy_max_unavailable', '101%'), ('obproxy_max_unavailable', 'all'), ('obproxy_max_unavailable', True),
    ('obproxy_restart_mode', 'warm'), ('obproxy_before_restart', ['/no/such.yml']), ('obproxy_after_restart', {'a': 1})])
def test_a_variable_that_makes_no_sense_is_named(fleet, name, value):
    fleet.variables[name] = value
    before = fleet.rows('runs')
    with pytest.raises(RequestError) as caught:
        fleet.operate('restart')
    assert [fault.field for fault in caught.value.faults] == [name]
    assert fleet.rows('runs') == before


def test_hooks_are_files_or_a_role(fleet):
    path = fleet.folder / 'drain.yml'
    path.write_text('[]')
    fleet.variables.update(obproxy_before_restart=[str(path)], obproxy_after_restart='our.lb.enable')
    hooks = fleet.operate('restart')['hosts']['alpha']['hooks']
    assert hooks == {'before': {'files': [str(path)], 'role': ''}, 'after': {'files': [], 'role': 'our.lb.enable'}}


def test_the_next_run_goes_on_where_it_stopped(fleet):
    run = fleet.operate('restart')['run']
    results = record(fleet, run, ('alpha', 'start_node', 'SUCCESSFUL'), *chain(run, 'alpha'), ('beta', GATE, 'SUCCESSFUL'),
                     ('beta', 'drain_obproxy', 'SUCCESSFUL'), ('beta', 'restart_obproxy', 'FAILED'))
    assert [entry['status'] for entry in results] == ['SUCCESSFUL', 'FAILED', 'PENDING']
    assert 'Not begun, and left as they were: gamma' in _outcome.failure_message('restart', results)
    plan = fleet.operate('restart')
    assert batches(plan) == [['beta'], ['gamma']]
    assert plan['batches'][0]['others'] == ['gamma', 'alpha']
    assert f"run {run['id']} stopped: server 1 done already" in plan['notes'][0]

    record(fleet, plan['run'], ('beta', 'start_node', 'SUCCESSFUL'), ('beta', GATE, 'FAILED'))
    assert batches(fleet.operate('restart')) == [['beta'], ['gamma']]
    assert batches(fleet.operate('restart', {'obproxyServerIds': [1]})) == [['alpha']]


def test_what_an_earlier_run_has_broken_is_first_and_not_asked_until_then(fleet):
    run = fleet.operate('restart')['run']
    record(fleet, run, ('alpha', 'start_node', 'SUCCESSFUL'), ('beta', GATE, 'SUCCESSFUL'), ('beta', 'drain_obproxy', 'FAILED'),
           ('gamma', GATE, 'SUCCESSFUL'), ('gamma', 'drain_obproxy', 'FAILED'))
    plan = fleet.operate('restart')
    assert batches(plan) == [['beta'], ['gamma'], ['alpha']]
    assert [sorted(batch['others']) for batch in plan['batches']] == [['alpha'], ['alpha', 'beta'], ['beta', 'gamma']]


@pytest.fixture
def stopped_roll(fleet):
    """A roll that did alpha and failed at beta."""
    run = fleet.operate('restart')['run']
    record(fleet, run, ('alpha', 'start_node', 'SUCCESSFUL'), *chain(run, 'alpha'), ('beta', 'check_cluster_health', 'SUCCESSFUL'),
           ('beta', 'drain_obproxy', 'SUCCESSFUL'), ('beta', 'restart_obproxy', 'FAILED'))
    return run['id']


def test_a_repaired_server_is_done_too_and_the_roll_goes_on(fleet, stopped_roll):
    settle(fleet, fleet.operate('restart', {'obproxyServerIds': [2]})['run'])
    plan = fleet.operate('restart')
    assert batches(plan) == [['gamma']]
    assert f'where run {stopped_roll} stopped: server 1, server 2 done already' in plan['notes'][0]
    settle(fleet, plan['run'])
    assert len(fleet.operate('restart')['batches']) == 3


def test_single_servers_alone_are_nothing_to_go_on_with(fleet):
    settle(fleet, fleet.operate('restart', {'obproxyServerIds': [2]})['run'])
    assert len(fleet.operate('restart')['batches']) == 3


@pytest.mark.parametrize('operation, body', [
    ('parameters', {'parameters': [{'name': 'syslog_level', 'value': 'WARN'}]}),
    ('links', {'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]}),
    ('upgrade', {'shortRpmName': 'obproxy-ce-4.3.1.1-1'})])
def test_what_was_done_before_a_change_is_to_be_done_again(fleet, stopped_roll, operation, body):
    (fleet.folder / 'packages' / 'obproxy-ce-4.3.1.1-1.el8.x86_64.rpm').touch()
    settle(fleet, fleet.operate(operation, body)['run'])
    assert batches(fleet.operate('restart')) == [['beta'], ['alpha'], ['gamma']]


def test_what_was_done_long_ago_is_to_be_done_again(fleet, stopped_roll):
    fleet.sql(f"UPDATE obproxy_runs SET start_time = '2026-01-01 00:00:00.000000' WHERE id = {stopped_roll}")
    assert batches(fleet.operate('restart')) == [['beta'], ['alpha'], ['gamma']]


def test_a_roll_that_succeeded_is_not_gone_on_with(fleet):
    settle(fleet, fleet.operate('restart')['run'])
    assert len(fleet.operate('restart')['batches']) == 3


def test_what_was_stopped_on_purpose_is_left_out_unless_it_is_named(fleet):
    settle(fleet, fleet.operate('stop', {'obproxyServerIds': [3]})['run'], 'UNAVAILABLE', ['gamma'])
    plan = fleet.operate('restart')
    assert batches(plan) == [['alpha'], ['beta']] and 'gamma' not in plan['members']
    assert 'stopped on purpose: server 3' in plan['notes'][0]
    fleet.variables['obproxy_max_unavailable'] = '50%'
    assert batches(fleet.operate('restart')) == [['alpha'], ['beta']]
    assert batches(fleet.operate('restart', {'obproxyServerIds': [3]})) == [['gamma']]


def test_a_version_without_hot_restart_is_refused_before_anything_is_done(fleet):
    with fleet.registry.transaction() as store:
        store.update_server(2, version='obproxy-1.9.1.1-1919579.el7.x86_64.rpm')
    with pytest.raises(RequestError) as caught:
        fleet.operate('restart')
    assert 'beta is 1.9.1.1' in caught.value.faults[0].message
    fleet.variables['obproxy_restart_mode'] = 'cold'
    assert len(fleet.operate('restart')['batches']) == 3


@pytest.mark.parametrize('operation, body', [
    ('parameters', {'parameters': [{'name': 'syslog_level', 'value': 'WARN'}]}), ('credentials', {}),
    ('links', {'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]})])
def test_what_was_stopped_on_purpose_is_told_nothing_and_stays_known_as_such(fleet, operation, body):
    settle(fleet, fleet.operate('stop', {'obproxyServerIds': [3]})['run'], 'UNAVAILABLE', ['gamma'])
    plan = fleet.operate(operation, body)
    assert set(plan['hosts']) == {'alpha', 'beta'}
    assert plan['notes'] == ['Left as they are, because they were stopped on purpose: server 3. '
                             'Once they are started, run the same command again.']
    settle(fleet, plan['run'], hosts=['alpha', 'beta'])
    if operation != 'links':
        named = fleet.operate(operation, {**body, 'obproxyServerIds': [3]})
        assert set(named['hosts']) == {'gamma'}
        settle(fleet, named['run'], hosts=[])
    assert batches(fleet.operate('restart')) == [['alpha'], ['beta']]


def test_a_stopped_server_that_somebody_tried_to_start_is_to_serve_again(fleet):
    settle(fleet, fleet.operate('stop', {'obproxyServerIds': [3]})['run'], 'UNAVAILABLE', ['gamma'])
    settle(fleet, fleet.operate('start', {'obproxyServerIds': [3]})['run'], 'UNAVAILABLE', ['gamma'])
    assert batches(fleet.operate('restart')) == [['alpha'], ['beta'], ['gamma']]


def test_a_takeover_that_was_not_completed_blocks_no_roll(fleet):
    fleet.sql("UPDATE obproxy_servers SET status = 'TAKINGOVER', exporter_port = NULL WHERE id = 3")
    plan = fleet.operate('restart')
    assert batches(plan) == [['alpha'], ['beta']] and set(plan['members']) == {'alpha', 'beta'}


@pytest.mark.parametrize('operation, body', [
    ('restart', {}), ('stop', {}), ('start', {}), ('upgrade', {'version': 'obproxy-ce-4.2.1.0-11.el7.x86_64.rpm'}), ('parameters', {}), ('credentials', {})])
def test_a_takeover_that_was_not_completed_is_refused_where_it_is_named(fleet, operation, body):
    fleet.sql("UPDATE obproxy_servers SET status = 'TAKINGOVER', exporter_port = NULL WHERE id = 3")
    with pytest.raises(RequestError) as caught:
        fleet.operate(operation, {**body, 'obproxyServerIds': [1, 3]})
    assert 'obproxyServerIds[1] is 3; expected a server that was taken over' in str(caught.value)
    assert 'oceanbase.obproxy.take_over -e obproxy_cluster_id=1' in str(caught.value)
    assert set(fleet.operate('remove', {'obproxyServerIds': [3]})['hosts']) == {'gamma'}
