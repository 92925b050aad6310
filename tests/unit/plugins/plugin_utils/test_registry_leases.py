# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that hold their clusters, and runs that have died."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError


@pytest.fixture
def run(world, create_body):
    return world.plan('create', create_body)['run']


def test_a_living_run_keeps_others_off_its_cluster(world, run, add_body):
    with pytest.raises(RequestError) as caught:
        world.plan_beside('batch_add', add_body, 'foo')
    assert caught.value.status == 409
    text = str(caught.value)
    assert f"run {run['id']} (create), begun by admin on 192.0.2.9 at " in text
    begun = datetime.datetime.fromisoformat(text.split('192.0.2.9 at ')[1].split(',')[0])
    assert abs((datetime.datetime.now(datetime.timezone.utc) - begun).total_seconds()) < 60
    assert len(world.rows('runs')) == 1


def test_check_mode_disturbs_nobody(world, run, add_body):
    assert world.plan_beside('batch_add', add_body, 'foo', check_mode=True)['run']['cluster_name'] == 'foo'


def test_runs_on_other_clusters_go_side_by_side(world, run, create_body):
    create_body.update(name='bar')
    create_body['obproxyInstallParam'].update(sqlPort=3883, exportPort=3884)
    assert world.plan_beside('create', create_body)['run']['id'] != run['id']


def test_a_run_that_ended_holds_nothing(world, run, add_body):
    world.registry.finish_run(run['id'])
    assert world.plan_beside('batch_add', add_body, 'foo')['run']['id'] == run['id'] + 1


def test_a_dead_run_is_shown_as_failed_by_reading_alone(world, run):
    world.registry.set_subtask(run['hosts']['alpha']['subtasks']['prepare_install'], 'RUNNING')
    task, = world.registry.tasks(run['id'])
    assert (task['status'], task['subtasks'][0]['status']) == ('RUNNING', 'RUNNING')
    world.forget_leases()
    task, = world.registry.tasks(run['id'])
    assert (task['status'], task['subtasks'][0]['status'], task['subtasks'][1]['status']) == ('FAILED', 'FAILED', 'PENDING')
    assert world.rows('tasks')[0]['status'] == 'RUNNING'


def test_the_next_plan_closes_a_dead_run(world, run, add_body):
    world.registry.set_subtask(run['hosts']['alpha']['subtasks']['prepare_install'], 'RUNNING')
    world.forget_leases()
    world.plan_beside('batch_add', add_body, 'foo')
    assert [row['status'] for row in world.rows('runs')] == ['FAILED', 'RUNNING']
    assert world.rows('subtasks')[0]['error'] == 'the run ended without a word'


def test_a_run_that_died_between_two_subtasks_says_so(world, run, add_body):
    shared = run['hosts']['alpha']['subtasks']['prepare_install']
    world.registry.set_subtasks([(shared, 'RUNNING', None, None), (shared, 'SUCCESSFUL', None, None)])
    world.forget_leases()
    told = [row['error'] for row in world.registry.tasks(run['id'])[0]['subtasks'] if 'error' in row]
    assert told == ['the run ended without a word']
    world.plan_beside('batch_add', add_body, 'foo')
    rows = [row for row in world.rows('subtasks') if row['error']]
    assert [(row['status'], row['start_time'], row['error']) for row in rows] == [('READY', None, 'the run ended without a word')]
    assert 'without a word' in rows[0]['log']


def test_a_dead_run_lets_go_of_its_servers(world, run, create_body, add_body):
    world.registry.finish_run(run['id'])
    with world.registry.transaction() as store:
        for server in store.servers():
            store.update_server(server['id'], status='RUNNING', operate_status='NORMAL')
    restart = world.operate('restart')['run']
    assert 'OPERATING' in {row['operate_status'] for row in world.rows('servers')}
    with world.registry.transaction() as store:
        store.update_server(1, status='RESTARTING')
    world.registry.set_subtasks([(restart['hosts']['alpha']['subtasks']['start_node'], 'RUNNING', None, None)])
    world.forget_leases()
    world.plan_beside('batch_add', add_body, 'foo')
    assert [(row['status'], row['operate_status']) for row in world.rows('servers')][:2] == [('RUNNING', 'NORMAL')] * 2


def test_a_sign_of_life_prolongs_the_lease(world, run, add_body):
    world.forget_leases()
    assert world.registry.renew(run['id']) == {}
    with pytest.raises(RequestError, match='holds it'):
        world.plan_beside('batch_add', add_body, 'foo')


def test_a_run_that_was_closed_meanwhile_has_to_stop(world, run, add_body):
    world.forget_leases()
    world.plan_beside('batch_add', add_body, 'foo')
    assert 'closed meanwhile' in world.registry.renew(run['id'])[run['hosts']['alpha']['task_id']]


def test_a_registry_of_the_first_version_is_taken_along(world, run, add_body):
    world.become_first_version()
    assert world.registry.tasks(run['id'])[0]['status'] == 'FAILED'
    assert world.plan_beside('batch_add', add_body, 'foo')['run']['cluster_name'] == 'foo'
    assert world.sql('SELECT max(version) AS version FROM obproxy_schema') == [{'version': _schema.VERSION}]
    versions = world.sql('SELECT cluster_id, version, creator FROM obproxy_parameter_versions')
    assert versions == [{'cluster_id': 1, 'version': 1, 'creator': 'admin'}]


HOLDER = '''
import sys, threading
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow_writer import Writer
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
registry = Registry(sys.argv[1])
Writer(registry, 1, registry.mark_recorded(1))
threading.Event().wait()
'''


def until(condition, seconds=20):
    """Return the seconds until a condition is true."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def is_free(world, body):
    try:
        return bool(world.plan_beside('batch_add', body, 'foo'))
    except RequestError:
        return False


def test_a_killed_run_lets_go_of_its_cluster_when_its_lease_is_over(world, create_body, add_body):
    world.plan_beside('create', create_body, lease=2)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, '-c', HOLDER, world.url], env=environment) as holder:
        try:
            until(lambda: world.rows('runs')[0]['recorded'])
            begun = time.monotonic()
            until(lambda: is_free(world, add_body) or time.monotonic() > begun + 2.5)
            assert len(world.rows('runs')) == 1
        finally:
            holder.kill()
    assert until(lambda: is_free(world, add_body)) < 5
