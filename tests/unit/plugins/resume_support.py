# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that has failed, and what takes it up again, for the tests of tasks."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._envelope import Actor
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._resume import Resume
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings

JANE = Actor('jane', '192.0.2.7', 'controller')


def through(*subtasks):
    return [move for subtask in subtasks for move in ((subtask, 'RUNNING', None, None), (subtask, 'SUCCESSFUL', None, None))]


def failing(subtask, why='no'):
    return [(subtask, 'RUNNING', None, None), (subtask, 'FAILED', None, why)]


@pytest.fixture
def resume(world):
    def act(operation, *arguments):
        inventory = Inventory(world.hosts, world.hosts)
        with world.registry.transaction() as store:
            return getattr(Resume(store, inventory, Settings(world.variables.get, inventory), JANE, 30, 'fedcba9876543210'), operation)(*arguments)
    return act


@pytest.fixture
def refused(resume):
    def act(*arguments):
        with pytest.raises(RequestError) as caught:
            resume(*arguments)
        return caught.value.status, str(caught.value)
    return act


@pytest.fixture
def failed(world, create_body, add_body):
    """Return the run of two hosts of which gamma fails in its third subtask, and delta is never reached."""
    create_body['obproxyInstallParam']['hostIds'] = []
    world.plan('create', create_body)
    add_body['hostIds'] = [3, 'delta']
    run = world.plan('batch_add', add_body, 1)['run']
    chain = list(run['hosts']['gamma']['subtasks'].values())
    world.registry.mark_recorded(run['id'])
    world.registry.set_subtasks([*through(*chain[:2]), *failing(chain[2], 'port 2883 is taken')])
    world.registry.finish_run(run['id'])
    return run
