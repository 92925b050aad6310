# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.filter.subtasks import unanswered, uncancelled
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops


class HostVars(dict):
    """As ansible-core's, without a template in it."""

    raw_get = dict.__getitem__


def answers(*roles):
    return {'subtasks': [{'subtask': role} for role in roles]}


def test_a_play_takes_those_that_no_call_has_seen_to():
    hostvars = HostVars({
        'new': {'obproxy_survey': answers('prepare_create')},
        'started': {'obproxy_survey': answers('prepare_create'), 'obproxy_started': answers('sync_parameters')},
        'fine': {'obproxy_survey': answers('prepare_create', 'start_obproxy', 'sync_parameters')},
        'dead': {}, 'localhost': {'obproxy_survey': {'skipped': True}}})
    assert unanswered(hostvars, hostvars, 'sync_parameters') == ['new']
    assert unanswered(hostvars, hostvars, 'start_obproxy') == ['new', 'started']
    assert unanswered(hostvars, hostvars, 'prepare_create') == []


def test_nothing_is_done_for_all_on_a_host_whose_task_was_cancelled(monkeypatch):
    plan = {'hosts': {'h1': {'task_id': 7}, 'h2': {'task_id': 8}}}
    monkeypatch.setattr(_stops, 'REASONS', {7: 'cancelled by ops'})
    assert uncancelled(['h1', 'h2'], HostVars(localhost={'obproxy_plan': plan})) == ['h2']
    assert uncancelled([], {}) == []
