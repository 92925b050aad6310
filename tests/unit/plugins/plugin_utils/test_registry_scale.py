# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry grows for years: no question reads its history from end to end, and planning asks as often for many hosts as for few."""

from __future__ import annotations

import contextlib
import re

import pytest
import sqlalchemy as sa

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _engine, _task_admin
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry

WHOLE = re.compile(r'SCAN obproxy_(runs|tasks|subtasks|parameters|own_parameters)\b(?!.* USING (COVERING )?INDEX|.* USING INTEGER PRIMARY KEY)')


@contextlib.contextmanager
def plans_of_queries(monkeypatch):
    """Note how SQLite goes about each statement."""
    made, seen = _engine.make_engine, []

    def make(url):
        engine = made(url)

        @sa.event.listens_for(engine, 'before_cursor_execute')
        def before(connection, cursor, statement, parameters, context, executemany):
            if statement.split()[0] in ('SELECT', 'UPDATE', 'DELETE'):
                one = parameters[0] if executemany else parameters
                rows = cursor.connection.execute(f'EXPLAIN QUERY PLAN {statement}', one).fetchall()
                seen.append((statement, [row[3] for row in rows]))
        return engine

    monkeypatch.setattr(_engine, 'make_engine', make)
    yield seen


def whole(seen):
    return [statement for statement, steps in seen if any(map(WHOLE.search, steps))]


def test_no_question_of_a_run_reads_the_whole_history(world, create_body, add_body, monkeypatch):
    world.plan('create', create_body)
    with plans_of_queries(monkeypatch) as seen:
        run = world.plan('batch_add', add_body, 'foo')['run']
        subtask = run['hosts']['gamma']['subtasks']['prepare_install']
        registry = world.registry
        registry.mark_recorded(run['id'])
        registry.renew(run['id'])
        registry.set_subtasks([(subtask, 'RUNNING', None, None), (subtask, 'FAILED', None, 'no room')])
        registry.finish_run(run['id'])
        world.operate('restart')
    assert len(seen) > 40 and whole(seen) == []


@pytest.mark.parametrize('wanted', [
    {'task_id': 2}, {'run_id': 2}, {'cluster_id': 'foo'}, {'cluster_id': '1', 'status': 'FAILED'}, {'host': 'gamma'},
    {'host': 'gamma', 'cluster_id': '1'}, {'status': 'FAILED'}])
def test_looking_for_tasks_reads_those_alone(world, create_body, add_body, monkeypatch, wanted):
    world.plan('create', create_body)
    world.registry.finish_run(world.plan('batch_add', add_body, 'foo')['run']['id'])
    with plans_of_queries(monkeypatch) as seen, Registry(world.url).transaction(writes=False) as store:
        assert [task['id'] for task in _task_admin.find(store, **wanted)][0] == 2
    assert whole(seen) == []


def test_tasks_are_found_by_pages_the_latest_first(world, create_body, add_body, monkeypatch):
    monkeypatch.setattr('ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_store.PAGE', 2)
    world.plan('create', create_body)
    for _time in range(4):
        world.plan('batch_add', add_body, 'foo')
    with world.registry.transaction(writes=False) as store:
        assert [task['id'] for task in _task_admin.find(store)] == [5, 4, 3, 2, 1]
        assert [task['id'] for task in _task_admin.find(store, host='gamma', limit=3)] == [5, 4, 3]
        assert [task['id'] for task in _task_admin.find(store, status='FAILED', limit=50)] == [4, 3, 2, 1]
        assert _task_admin.find(store, limit=0) == _task_admin.find(store, cluster_id='nobody') == _task_admin.find(store, cluster_id='7') == []


def test_the_tasks_of_a_cluster_that_is_gone_are_found_by_its_id(world, create_body):
    run = world.plan('create', create_body)['run']
    world.plan('create', {**create_body, 'name': 'bar', 'obproxyInstallParam': {**create_body['obproxyInstallParam'], 'hostIds': []}})
    with world.registry.transaction() as store:
        _task_admin.forget(store, run['id'], [row['id'] for row in store.servers()])
        assert store.cluster('foo') is None
        assert [task['runId'] for task in _task_admin.find(store, cluster_id='1')] == [run['id']]


def test_planning_more_hosts_asks_little_more(world, create_body, add_body, monkeypatch):
    world.plan('create', {**create_body, 'obproxyInstallParam': {**create_body['obproxyInstallParam'], 'hostIds': [1]}})
    asked = []
    for hosts in ([2], ['gamma', 'delta', *(f'more{number}' for number in range(8))]):
        world.hosts.update({name: {} for name in hosts if isinstance(name, str)})
        with plans_of_queries(monkeypatch) as seen:
            world.plan('batch_add', {**add_body, 'hostIds': hosts}, 'foo')
        asked.append(len([statement for statement, steps in seen if statement.startswith('SELECT')]))
        monkeypatch.undo()
    # For each host: what the registry has of it, the ids of its subtasks.
    assert asked[1] - asked[0] == 2 * 9
