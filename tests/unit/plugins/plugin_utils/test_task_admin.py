# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that are cancelled and looked for, as the registry sees them."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _task_admin
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.resume_support import JANE, failing, through


def test_a_cancelled_task_is_told_to_its_run(world, failed, resume):
    resume('retry', None, None)
    world.registry.mark_recorded(failed['id'])
    task_id = failed['hosts']['gamma']['task_id']
    with world.registry.transaction() as store:
        _task_admin.cancel(store, task_id, JANE)
    assert world.registry.renew(failed['id']) == {task_id: 'cancelled by jane on 192.0.2.7'}


def test_what_goes_on_without_a_host_that_failed_can_be_cancelled(world, create_body):
    run = world.plan('create', create_body)['run']
    alpha, beta = (run['hosts'][name]['subtasks'] for name in ('alpha', 'beta'))
    world.registry.mark_recorded(run['id'])
    world.registry.set_subtasks([
        *through(alpha['prepare_install']), *failing(alpha['prepare_create'], 'no'), (beta['prepare_create'], 'RUNNING', None, None)])
    task_id = run['hosts']['alpha']['task_id']

    def listed(status):
        with world.registry.transaction(writes=False) as store:
            return [task['id'] for task in _task_admin.find(store, status=status)]
    assert (listed('RUNNING'), listed('FAILED')) == ([task_id], [])
    with world.registry.transaction() as store:
        assert _task_admin.cancel(store, task_id, JANE)['operation'] == 'CANCEL'
    assert world.registry.renew(run['id']) == {task_id: 'cancelled by jane on 192.0.2.7'}
    world.registry.set_subtask(beta['prepare_create'], 'FAILED', error='cancelled')
    world.registry.finish_run(run['id'])
    assert (listed('RUNNING'), listed('FAILED')) == ([], [task_id])


def test_a_run_that_nobody_follows_is_closed_by_a_cancel(world, failed, resume, add_body):
    resume('retry', None, None)
    for host in ('gamma', 'delta'):
        with world.registry.transaction() as store:
            _task_admin.cancel(store, failed['hosts'][host]['task_id'], JANE)
            assert store.tasks.asked(failed['hosts'][host]['task_id']) == 'cancelled by jane on 192.0.2.7'
    assert {entry['error'] for entry in world.registry.finish_run(failed['id'])} == {'cancelled by jane on 192.0.2.7'}
    assert world.plan_beside('batch_add', add_body, 1)['changed'] is False


def test_tasks_are_found_by_what_they_are(world, failed):
    def found(**filters):
        with world.registry.transaction(writes=False) as store:
            return [task['id'] for task in _task_admin.find(store, **filters)]
    gamma, delta = (failed['hosts'][name]['task_id'] for name in ('gamma', 'delta'))
    assert found(run_id=failed['id']) == [delta, gamma]
    assert found(host='gamma') == [gamma] and found(task_id=delta) == [delta]
    assert found(cluster_id='foo', status='FAILED') == found(cluster_id='1', status='FAILED')
    assert found(cluster_id='bar') == []
