# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subtasks' states: legal moves, what follows from them, and the end of a run."""

from __future__ import annotations

import datetime
import itertools

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import IllegalMove, RegistryError

LEGAL = {
    'PENDING': ['READY'], 'READY': ['RUNNING', 'PENDING'], 'RUNNING': ['SUCCESSFUL', 'FAILED', 'CANCELING'],
    'CANCELING': ['FAILED', 'SUCCESSFUL'], 'FAILED': ['READY', 'SUCCESSFUL', 'PENDING'], 'SUCCESSFUL': ['READY', 'PENDING']}
ALL = ('PENDING', 'READY', 'RUNNING', 'CANCELING', 'FAILED', 'SUCCESSFUL')


@pytest.mark.parametrize('before, after', list(itertools.product(ALL, ALL)))
def test_every_pair(before, after):
    assert _states.is_legal(before, after) == (before == after or after in LEGAL[before])


@pytest.mark.parametrize('state', ALL)
def test_an_unknown_state_is_never_reached(state):
    assert not _states.is_legal(state, 'DONE')


def through(*subtasks):
    return [move for subtask in subtasks for move in ((subtask, 'RUNNING', None, None), (subtask, 'SUCCESSFUL', None, None))]


@pytest.fixture
def run(world, create_body, add_body):
    world.plan('create', create_body)
    add_body['hostIds'] = [3, 'delta']
    return world.plan('batch_add', add_body, 1)['run']


def states(world, run_id):
    return [[(row['name'], row['status']) for row in task['subtasks']] for task in world.registry.tasks(run_id)]


def test_a_chain_goes_forward(world, run):
    registry, subtasks = world.registry, list(run['hosts']['gamma']['subtasks'].values())
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)
    registry.set_subtask(subtasks[0], 'RUNNING', when)
    registry.set_subtask(subtasks[0], 'SUCCESSFUL', when + datetime.timedelta(seconds=2))
    task = registry.tasks(run['id'])[0]
    first, second, third = task['subtasks'][:3]
    assert (first['status'], second['status'], third['status']) == ('SUCCESSFUL', 'READY', 'PENDING')
    assert datetime.datetime.fromisoformat(first['startTime']) == when
    assert datetime.datetime.fromisoformat(first['finishTime']) == when + datetime.timedelta(seconds=2)
    assert task['status'] == 'RUNNING'
    registry.set_subtasks(through(*subtasks[1:]))
    assert registry.tasks(run['id'])[0]['status'] == 'SUCCESSFUL'


def test_an_illegal_move_undoes_its_company(world, run):
    subtasks = list(run['hosts']['gamma']['subtasks'].values())
    before = states(world, run['id'])
    with pytest.raises(IllegalMove, match='cannot go from PENDING to SUCCESSFUL'):
        world.registry.set_subtasks([(subtasks[0], 'RUNNING', None, None), (subtasks[2], 'SUCCESSFUL', None, None)])
    assert states(world, run['id']) == before
    with pytest.raises(RegistryError, match='no subtask 4711'):
        world.registry.set_subtask(4711, 'RUNNING')


def test_finish_tells_each_host(world, run):
    gamma, delta = (run['hosts'][name] for name in ('gamma', 'delta'))
    world.registry.set_subtasks(through(*gamma['subtasks'].values()))
    failed = list(delta['subtasks'].values())[:3]
    world.registry.set_subtasks([*through(*failed[:2]), (failed[2], 'RUNNING', None, None), (failed[2], 'FAILED', None, 'port 2883 is taken')])
    expected = [
        {'task_id': gamma['task_id'], 'host': 'gamma', 'status': 'SUCCESSFUL', 'subtask': None, 'subtask_id': None,
         'error': None},
        {'task_id': delta['task_id'], 'host': 'delta', 'status': 'FAILED', 'subtask': 'Check if process not exist',
         'subtask_id': failed[2], 'error': 'port 2883 is taken'}]
    assert world.registry.finish_run(run['id']) == expected
    assert world.registry.finish_run(run['id']) == expected
    tasks = world.registry.tasks(run['id'])
    assert [task['status'] for task in tasks] == ['SUCCESSFUL', 'FAILED']
    assert all(task['finishTime'] for task in tasks)


def test_what_still_runs_at_the_end_has_failed(world, run):
    world.registry.set_subtask(run['hosts']['gamma']['subtasks']['prepare_install'], 'RUNNING')
    gamma, delta = world.registry.finish_run(run['id'])
    assert (gamma['subtask'], gamma['status']) == ('Prepare obproxy install', 'FAILED')
    assert 'ended' in gamma['error']
    assert (delta['subtask'], delta['status'], delta['error']) == ('Prepare obproxy install', 'PENDING', None)


def test_a_shared_subtask_tells_each_host_its_own_cause(world, create_body):
    run = world.plan('create', create_body)['run']
    shared = run['hosts']['alpha']['subtasks']['prepare_install']
    world.registry.set_subtasks([(shared, 'RUNNING', None, None), (shared, 'FAILED', None, 'alpha: no room\non /opt\nbeta: not root')])
    assert [(entry['host'], entry['error']) for entry in world.registry.finish_run(run['id'])] == [
        ('alpha', 'no room\non /opt'), ('beta', 'not root')]


def test_a_host_that_went_on_is_not_blamed_for_another(world, create_body):
    run = world.plan('create', create_body)['run']
    shared = run['hosts']['alpha']['subtasks']['prepare_install']
    own = list(run['hosts']['beta']['subtasks'].values())[1:-1]
    world.registry.set_subtasks([(shared, 'RUNNING', None, None), (shared, 'FAILED', None, 'alpha: no room\n')])
    for subtask in own:
        world.registry.set_subtasks([(subtask, 'READY', None, None), *through(subtask)])
    outcome = {entry['host']: (entry['status'], entry['error']) for entry in world.registry.finish_run(run['id'])}
    assert outcome == {'alpha': ('FAILED', 'no room'), 'beta': ('SUCCESSFUL', None)}


@pytest.mark.parametrize('others, status', [
    ('READY', 'RUNNING'), ('RUNNING', 'RUNNING'), ('CANCELING', 'RUNNING'), ('PENDING', 'FAILED'), ('SUCCESSFUL', 'FAILED')])
def test_a_task_runs_while_any_of_it_does(others, status):
    assert _states.task_status(['SUCCESSFUL', 'FAILED', others]) == status


def test_a_retry_counts(world, run):
    first = run['hosts']['gamma']['subtasks']['prepare_install']
    world.registry.set_subtasks([
        (first, 'RUNNING', None, None), (first, 'FAILED', None, 'no'), (first, 'READY', None, None), *through(first)])
    row = world.registry.tasks(run['id'])[0]['subtasks'][0]
    assert (row['runTime'], row['status']) == (2, 'SUCCESSFUL')


def test_recorded_is_remembered(world, run):
    assert [row['recorded'] for row in world.rows('runs')] == [0, 0]
    world.registry.mark_recorded(run['id'])
    assert [row['recorded'] for row in world.rows('runs')] == [0, 1]
    with pytest.raises(RegistryError, match='no run 99'):
        world.registry.mark_recorded(99)
