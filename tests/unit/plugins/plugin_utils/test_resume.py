# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry, skip and rollback, as the registry sees them."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _leases, _outcome, _stops, _task_admin, _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._resume import Resume
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.resume_support import JANE, failing, through


def rows(world, task_id):
    return [row for row in world.rows('subtasks') if row['task_id'] == task_id]


def test_a_retry_goes_on_from_the_failed_subtask(world, failed, resume):
    task = failed['hosts']['gamma']
    plan = resume('retry', task['task_id'], None)
    assert list(plan['run']['hosts']) == ['gamma'] and plan['hosts']['gamma']['failed_role'] == 'check_process'
    assert list(plan['run']['hosts']['gamma']['subtasks']) == list(task['subtasks'])[2:]
    assert [(row['status'], row['operation']) for row in rows(world, task['task_id'])[:4]] == [
        ('SUCCESSFUL', 'EXECUTE'), ('SUCCESSFUL', 'EXECUTE'), ('READY', 'RETRY'), ('PENDING', 'EXECUTE')]
    world.registry.set_subtasks(through(*list(task['subtasks'].values())[2:]))
    assert world.registry.finish_run(failed['id'])[0]['status'] == 'SUCCESSFUL'
    assert [row['run_time'] for row in rows(world, task['task_id'])[:4]] == [1, 1, 2, 1]
    assert 'port 2883 is taken' in rows(world, task['task_id'])[2]['log']


def test_a_retry_without_an_id_takes_every_failed_host_of_the_last_run(failed, resume):
    places = resume('retry', None, None)['run']['hosts']
    assert {host: len(place['subtasks']) for host, place in places.items()} == {'gamma': 10, 'delta': 12}


def test_a_dead_run_can_be_retried(world, failed, resume, add_body):
    add_body['hostIds'] = [3]
    run = world.plan('batch_add', add_body, 1)['run']
    first = run['hosts']['gamma']['subtasks']['prepare_install']
    world.registry.set_subtask(first, 'RUNNING')
    world.forget_leases()
    assert resume('retry', None, 'foo')['hosts']['gamma']['failed_role'] == 'prepare_install'


def test_skipped_is_successful_and_the_chain_goes_on(world, failed, resume, refused):
    task = failed['hosts']['gamma']
    subtasks = list(task['subtasks'].values())
    assert list(resume('skip', subtasks[2])['run']['hosts']['gamma']['subtasks'].values()) == subtasks[3:]
    assert [(row['status'], row['operation']) for row in rows(world, task['task_id'])[2:4]] == [
        ('SUCCESSFUL', 'SKIP'), ('READY', 'EXECUTE')]


def test_a_rollback_goes_backwards_and_leaves_nothing_of_the_server(world, failed, resume, add_body):
    task = failed['hosts']['gamma']
    plan = resume('rollback', task['task_id'])
    assert list(plan['run']['hosts']['gamma']['subtasks']) == ['check_process', 'prepare_create', 'prepare_install']
    for subtask in plan['run']['hosts']['gamma']['subtasks'].values():
        world.registry.set_subtasks([(subtask, 'READY', None, None), *through(subtask)])
    with world.registry.transaction() as store:
        assert _task_admin.forget(store, failed['id'], [plan['hosts']['gamma']['server_id']])
    assert world.registry.finish_run(failed['id'])[0]['status'] == 'SUCCESSFUL'
    assert [row['ip'] for row in world.rows('servers')] == ['delta']
    assert len(world.rows('clusters')) == 1
    add_body.update(hostIds=[3], sqlPort=2993)
    assert world.plan('batch_add', add_body, 1)['changed']


def test_a_survey_that_died_may_have_prepared_the_instance(world, add_body, create_body, resume):
    create_body['obproxyInstallParam']['hostIds'] = []
    world.plan('create', create_body)
    add_body['hostIds'] = [3]
    run = world.plan('batch_add', add_body, 1)['run']
    world.registry.mark_recorded(run['id'])
    world.registry.set_subtasks(failing(run['hosts']['gamma']['subtasks']['prepare_install'], 'timed out after 300 s'))
    world.registry.finish_run(run['id'])
    plan = resume('rollback', run['hosts']['gamma']['task_id'])
    assert list(plan['run']['hosts']['gamma']['subtasks']) == ['prepare_create', 'prepare_install']


def test_a_rolled_back_create_leaves_no_cluster(world, create_body, resume):
    run = world.plan('create', create_body)['run']
    world.registry.set_subtasks(failing(run['hosts']['alpha']['subtasks']['prepare_install'], 'alpha: no\nbeta: no'))
    world.registry.finish_run(run['id'])
    plan = resume('rollback', run['hosts']['alpha']['task_id'])
    with world.registry.transaction() as store:
        _task_admin.forget(store, run['id'], [server['server_id'] for server in plan['hosts'].values()])
    assert [world.rows(table) for table in ('clusters', 'servers', 'parameters', 'exporters')] == [[], [], [], []]
    world.registry.finish_run(run['id'])
    create_body['port'] = 2999
    assert world.plan('create', create_body)['changed']


@pytest.mark.parametrize('status', ['RUNNING', 'UNAVAILABLE', 'RESTARTING', 'UPGRADING', 'REFRESHING', 'DELETING'])
def test_no_rollback_where_the_server_was_there_before(world, create_body, refused, resume, status):
    world.plan('create', create_body)
    with world.registry.transaction() as store:
        for server in store.servers():
            if server['ip'] == '10.0.0.11':
                store.update_server(server['id'], status=status)
    run = world.plan('create', create_body)['run']
    world.registry.mark_recorded(run['id'])
    alpha, beta = (run['hosts'][name]['subtasks'] for name in ('alpha', 'beta'))
    world.registry.set_subtasks([
        *through(alpha['prepare_install']), *failing(alpha['prepare_create']), *failing(beta['prepare_create'])])
    world.registry.finish_run(run['id'])
    number, text = refused('rollback', run['hosts']['alpha']['task_id'])
    assert number == 409 and 'prohibitRollback' in text and 'there before' in text
    plan = resume('retry', run['hosts']['alpha']['task_id'], None)
    assert {name: host['failed_role'] for name, host in plan['hosts'].items()} == {'alpha': None, 'beta': 'prepare_create'}


def test_a_rollback_that_could_not_forget_its_server_has_failed_and_is_taken_up_again(world, failed, resume):
    task_id = failed['hosts']['gamma']['task_id']
    plan = resume('rollback', task_id)
    world.registry.mark_recorded(failed['id'])
    for subtask in plan['run']['hosts']['gamma']['subtasks'].values():
        world.registry.set_subtasks([(subtask, 'READY', None, None), *through(subtask)])

    def closed():
        with world.registry.transaction() as store:
            results = _outcome.close_run(store, failed['id'])['results']
        return next((entry['status'], entry['error']) for entry in results if entry['host'] == 'gamma')
    for _again in range(2):
        status, error = closed()
        assert status == 'FAILED' and 'still in the registry' in error
        assert [task['status'] for task in world.registry.tasks(failed['id']) if task['id'] == task_id] == ['FAILED']
        plan = resume('rollback', task_id)
        assert list(plan['hosts']) == ['gamma']
    with world.registry.transaction() as store:
        _task_admin.forget(store, failed['id'], [plan['hosts']['gamma']['server_id']])
    assert closed() == ('SUCCESSFUL', None)


def test_a_create_that_never_came_to_its_end_leaves_no_cluster_when_its_second_attempt_is_rolled_back(world, create_body, resume):
    for _attempt in range(2):
        run = world.plan('create', create_body)['run']
        world.registry.mark_recorded(run['id'])
        world.registry.set_subtasks(failing(run['hosts']['alpha']['subtasks']['prepare_install'], 'alpha: no\nbeta: no'))
        world.registry.finish_run(run['id'])
    plan = resume('rollback', run['hosts']['alpha']['task_id'])
    with world.registry.transaction() as store:
        _task_admin.forget(store, run['id'], [server['server_id'] for server in plan['hosts'].values()])
    assert world.rows('clusters') == []
    create_body['port'] = 2999
    assert world.plan('create', create_body)['changed']


def undone(world, plan):
    for place in plan['run']['hosts'].values():
        for subtask in place['subtasks'].values():
            world.registry.set_subtasks([(subtask, 'READY', None, None), *through(subtask)])
    with world.registry.transaction() as store:
        _task_admin.forget(store, plan['run']['id'], [server['server_id'] for server in plan['hosts'].values()])
        return _outcome.close_run(store, plan['run']['id'], plan['results'])['results']


@pytest.mark.parametrize('recorded, begun', [(True, ['check_process', 'prepare_create']), (False, None)])
def test_only_the_host_that_failed_is_undone_by_itself(world, create_body, resume, recorded, begun):
    run = world.plan('create', create_body)['run']
    alpha, beta = (run['hosts'][name]['subtasks'] for name in ('alpha', 'beta'))
    with world.registry.transaction() as store:
        server = next(row for row in store.servers() if row['ip'] == '10.0.0.11')
        _outcome.update_servers(store, run['id'], [{'server_id': server['id']}], 'RUNNING', False)
    if recorded:
        world.registry.mark_recorded(run['id'])
        world.registry.set_subtasks(through(alpha['prepare_install'], *list(alpha.values())[1:-1]))
        world.registry.set_subtasks([*through(beta['prepare_create']), *failing(beta['check_process'], 'port 2883 is taken')])
    plan = resume('undo_failed', run)
    assert list(plan['run']['hosts']) == ['beta']
    chain = list(plan['run']['hosts']['beta']['subtasks'])
    assert chain == begun or (begun is None and chain == list(beta)[-2:0:-1])
    world.registry.mark_recorded(run['id'])
    results = {entry['host']: (entry['status'], entry.get('rollback_error', '')) for entry in undone(world, plan)}
    assert results == {'alpha': ('SUCCESSFUL', ''), 'beta': ('FAILED', None)}
    task = world.registry.tasks(run['id'])[0]
    assert (task['operation'], task['status']) == ('ROLLBACK', 'SUCCESSFUL')
    assert [row['ip'] for row in world.rows('servers')] == ['10.0.0.11']
    assert set(world.plan('create', create_body)['hosts']) == {'alpha', 'beta'}


def test_what_is_prohibited_is_not_undone_and_says_so(world, failed, resume, add_body):
    with world.registry.transaction() as store:
        for server in store.servers():
            store.update_server(server['id'], status='RUNNING')
    add_body['hostIds'] = [3]
    run = world.plan('batch_add', add_body, 1)['run']
    world.registry.mark_recorded(run['id'])
    world.registry.set_subtasks(failing(run['hosts']['gamma']['subtasks']['prepare_install'], 'no room'))
    plan = resume('undo_failed', run)
    assert (plan['run'], plan['hosts']) == (run, {})
    message = _outcome.failure_message('create', undone(world, plan))
    assert 'no room' in message and 'Not rolled back: prohibitRollback is set' in message and 'task_retry' in message


def test_a_rollback_that_fails_is_told_beside_the_cause(world, failed, resume):
    gamma = failed['hosts']['gamma']
    with world.registry.transaction() as store:
        store.tasks.update_run(failed['id'], finish_time=None)
    plan = resume('undo_failed', failed)
    world.registry.mark_recorded(failed['id'])
    first = plan['run']['hosts']['gamma']['subtasks']['check_process']
    world.registry.set_subtasks([(first, 'READY', None, None), *failing(first, 'the host is gone')])
    with world.registry.transaction() as store:
        results = _outcome.close_run(store, failed['id'], plan['results'])['results']
    message = _outcome.failure_message('create', results)
    assert 'port 2883 is taken\n    Not rolled back: Check if process not exist: the host is gone.' in message
    assert f"task_retry -e obproxy_task_id={gamma['task_id']}" in message


def test_the_next_commands_are_those_that_would_work(world, failed, resume):
    with world.registry.transaction() as store:
        outcome = _outcome.close_run(store, failed['id'])
    both = [{**entry, 'status': 'FAILED'} for entry in outcome['results']]
    gamma, delta = (failed['hosts'][name]['task_id'] for name in ('gamma', 'delta'))
    message = _outcome.failure_message('create', both, 7, {gamma})
    assert 'task_retry -e obproxy_cluster_id=7 ' in message and 'task_retry -e obproxy_task_id' not in message
    assert f'task_rollback -e obproxy_task_id={delta} ' in message
    assert 'task_rollback' not in _outcome.failure_message('create', both, 7, {gamma, delta})
    one = _outcome.failure_message('create', outcome['results'], 7, outcome['prohibited'])
    assert f'task_retry -e obproxy_task_id={gamma} ' in one and f'task_rollback -e obproxy_task_id={gamma} ' in one


def test_a_run_that_another_has_superseded_undoes_nothing(world, failed, resume, add_body):
    plan = resume('undo_failed', failed)
    assert (plan['changed'], plan['run'], plan['hosts']) == (False, failed, {})
    gamma = next(entry for entry in plan['results'] if entry['host'] == 'gamma')
    assert gamma['error'] == 'port 2883 is taken' and 'closed meanwhile' in gamma['rollback_error']
    assert {row['operation'] for row in rows(world, failed['hosts']['gamma']['task_id'])} == {'EXECUTE'}


def test_who_comes_back_to_a_run_that_was_taken_up_since_has_no_more_say(world, failed, resume):
    gamma = failed['hosts']['gamma']
    plan = resume('retry', gamma['task_id'], None)
    old, new = failed['trace_id'], plan['run']['trace_id']
    assert new == 'fedcba9876543210' != old and plan['hosts']['gamma']['trace_id'] == new
    registry, begun = world.registry, gamma['subtasks']['check_process']
    assert 'closed meanwhile' in registry.renew(failed['id'], old)[gamma['task_id']]
    registry.set_subtasks([(begun, 'RUNNING', None, None)], failed['id'], old)
    registry.finish_run(failed['id'], old)
    assert rows(world, gamma['task_id'])[2]['status'] == 'READY' and world.rows('runs')[-1]['finish_time'] is None
    with registry.transaction() as store:
        assert 'closed meanwhile' in _outcome.close_run(store, failed['id'], None, old)['results'][0]['error']
        assert store.tasks.asked(gamma['task_id'], new) is None
        assert 'closed meanwhile' in store.tasks.asked(gamma['task_id'], old)
    for act in (lambda store: _outcome.release_servers(store, failed['id'], old),
                lambda store: _outcome.update_servers(store, failed['id'], [], 'RUNNING', False, old)):
        with pytest.raises(RegistryError, match='must not go on'), registry.transaction() as store:
            act(store)
    with pytest.raises(RegistryError, match='closed meanwhile'):
        registry.mark_recorded(failed['id'], old)
    assert registry.renew(failed['id'], new) == {} and registry.mark_recorded(failed['id'], new) == 30
    registry.set_subtasks([(begun, 'RUNNING', None, None)], failed['id'], new)
    assert rows(world, gamma['task_id'])[2]['status'] == 'RUNNING'


def test_where_nobody_listens_a_task_that_begins_says_that_its_run_lives(world, failed, resume, monkeypatch):
    monkeypatch.setattr(_stops, '_asked', {})
    plan = resume('retry', None, None)
    world.forget_leases()
    host = plan['hosts']['gamma']
    assert _stops.ask(host['task_id'], host['trace_id'], world.registry) is None
    with world.registry.transaction(writes=False) as store:
        assert store.tasks.holder(1)['id'] == failed['id']
    longest = max(step.timeout for graph in _timeouts.GRAPHS for step in graph if isinstance(step, _dag.Step))
    assert _leases.UNWATCHED_SECONDS > longest


def test_a_takeover_is_retried_and_rolled_back_by_its_own_graph(world, failed, resume):
    world.registry.finish_run(failed['id'])
    run = world.plan('take_over', {'hosts': [{'hostId': 1, 'sqlPort': 3883}]}, 1)['run']
    world.registry.mark_recorded(run['id'])
    place = run['hosts']['alpha']
    chain = list(place['subtasks'].values())
    world.registry.set_subtasks([*through(*chain[:3]), *failing(chain[3], 'no')])
    world.registry.finish_run(run['id'])
    plan = resume('retry', place['task_id'], None)
    assert plan['graph'] == 'take_over' and plan['hosts']['alpha']['failed_role'] == 'adopt_obproxy'
    assert list(plan['run']['hosts']['alpha']['subtasks'])[:2] == ['adopt_obproxy', 'sync_parameters']
    world.registry.mark_recorded(run['id'])
    world.registry.set_subtasks(failing(chain[3], 'no'))
    world.registry.finish_run(run['id'])
    plan = resume('rollback', place['task_id'])
    assert list(plan['run']['hosts']['alpha']['subtasks']) == list(place['subtasks'])[3::-1]


ENDED_BY_CLOSING = ('RUNNING', 'CANCELING', 'FAILED')


@pytest.fixture
def pair(world, failed):
    """Put the third subtask of gamma's task, which was begun, into a state with an operation, as a run that died would leave it."""
    def put(status, operation):
        row = rows(world, failed['hosts']['gamma']['task_id'])[2]
        world.sql(f"UPDATE obproxy_subtasks SET status = '{status}', operation = '{operation}' WHERE id = {row['id']}")
        with world.registry.transaction() as store:
            store.tasks.update_run(failed['id'], finish_time=None, lease_until=None)
            store.tasks.update_task(row['task_id'], status='RUNNING', finish_time=None)
        return row
    return put


@pytest.fixture
def tried(world):
    """Try what a user may do, look at what comes of it, and keep none of it."""
    def act(name, *arguments, row):
        inventory = Inventory(world.hosts, world.hosts)
        with world.registry.rehearsal().transaction() as store:
            try:
                if name == 'cancel':
                    _task_admin.cancel(store, row['task_id'], JANE)
                    return 'accepted'
                plan = getattr(Resume(store, inventory, Settings(world.variables.get, inventory), JANE, 30), name)(*arguments)
            except RequestError:
                return 'refused'
            now = next(one for one in store.tasks.tasks(plan['run']['id'])[0]['subtasks'] if one['id'] == row['id'])
            todo = plan['run']['hosts'].get('gamma', {'subtasks': {}})['subtasks']
            return row['id'] in todo.values(), now['status'], now['operation']
    return act


@pytest.mark.parametrize('operation', ['EXECUTE', 'RETRY', 'SKIP', 'ROLLBACK', 'CANCEL'])
@pytest.mark.parametrize('status', ['PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL'])
def test_what_may_be_done_with_a_subtask_in_every_state_and_operation(pair, tried, status, operation):
    row = pair(status, operation)
    has_failed, is_undone = status in ENDED_BY_CLOSING, (status, operation) == ('SUCCESSFUL', 'ROLLBACK')
    forward = 'RETRY' if has_failed and operation != 'ROLLBACK' else 'EXECUTE' if operation == 'ROLLBACK' else operation
    retried = tried('retry', row['task_id'], None, row=row)
    if status == 'SUCCESSFUL' and not is_undone:
        assert retried == (False, 'SUCCESSFUL', operation)
    else:
        # The first of a chain is ready, whatever it was; a rollback that failed is begun anew from the front.
        assert retried == (True, 'PENDING' if status == 'PENDING' else 'READY', forward)
    skipped = tried('skip', row['id'], row=row)
    assert skipped == ((False, 'SUCCESSFUL', 'SKIP') if has_failed else 'refused')
    undone = tried('rollback', row['task_id'], row=row)
    assert undone == ((False, 'SUCCESSFUL', 'ROLLBACK') if is_undone else (True, 'PENDING', 'ROLLBACK'))
    assert tried('cancel', row=row) == 'refused'


def test_what_cannot_be_taken_up_is_refused(world, failed, resume, refused, add_body):
    task = failed['hosts']['gamma']
    assert refused('retry', 4711, None)[0] == 404
    assert refused('skip', task['subtasks']['finish'])[0] == 409
    resume('retry', task['task_id'], None)
    assert 'holds it' in refused('retry', failed['hosts']['delta']['task_id'], None)[1]
    world.registry.finish_run(failed['id'])
    add_body['hostIds'] = [3]
    newer = world.plan('batch_add', add_body, 1)['run']
    world.registry.finish_run(newer['id'])
    assert f"task {newer['hosts']['gamma']['task_id']}" in refused('rollback', task['task_id'])[1]
