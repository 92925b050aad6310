# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of changes of passwords."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError

ROTATE = ['Start node', 'Stage obproxy password', 'Change OB account password', 'Set obproxy user and password for connect',
          'Update obproxy status', 'Finish node']


@pytest.fixture
def fleet(world, create_body):
    """A world with the cluster foo on alpha and beta, linked with hooray."""
    world.plan('create', create_body)
    return world


def names(plan):
    return list(dict.fromkeys(row['name'] for row in sorted(plan['data']['subtasks'], key=lambda row: row['id'])))


def test_all_servers_are_staged_before_the_account_is_changed(fleet):
    plan = fleet.operate('credentials')
    assert names(plan) == ROTATE
    rows = {row['id']: row for row in plan['data']['subtasks']}
    account = next(row for row in rows.values() if row['name'] == ROTATE[2])
    assert [rows[key]['name'] for key in account['upstreams']] == [ROTATE[1]] * 2
    assert plan['holds'] == {'hooray': []}


@pytest.mark.parametrize('given', [True, 'yes', 'true'])
def test_a_lost_password_is_reset_only_where_that_is_wanted(fleet, given):
    fleet.variables['obproxy_reset_sys_password'] = given
    assert names(fleet.operate('credentials')) == [ROTATE[0], 'Reset password of root@proxysys', *ROTATE[1:]]


def test_servers_that_are_not_chosen_hold_the_account(fleet):
    holds = fleet.operate('credentials', {'obproxyServerIds': [1]})['holds']['hooray']
    assert len(holds) == 1 and 'server 2 (foo-2883)' in holds[0]


def test_another_obproxy_cluster_on_the_same_ob_cluster_holds_the_account(fleet, create_body):
    other = copy.deepcopy(create_body)
    other.update(name='bar', obproxyInstallParam={**other['obproxyInstallParam'], 'hostIds': [3]})
    fleet.plan('create', other)
    fleet.plan('create', {**copy.deepcopy(create_body), 'name': 'empty', 'obproxyInstallParam': None})
    assert fleet.operate('credentials')['holds'] == {'hooray': ['the OBProxy cluster bar logs in to it too']}


@pytest.mark.parametrize('variable, value, field', [
    ('obproxy_sys_password', None, 'obproxy_sys_password'),
    ('obproxy_ob_clusters', {}, 'obproxy_ob_clusters.hooray'),
    ('obproxy_ob_clusters', {'hooray': {'proxyro_password': 'p'}}, 'obproxy_ob_clusters.hooray.root_servers'),
    ('obproxy_ob_clusters', {'hooray': {'proxyro_password': 'p', 'root_servers': ['10.0.0.1']}}, 'obproxy_ob_clusters.hooray.root_servers'),
    ('obproxy_ob_clusters', {'hooray': {'root_servers': ['10.0.0.1:1']}}, 'obproxy_ob_clusters.hooray.proxyro_password'),
    ('obproxy_reset_sys_password', 'perhaps', 'obproxy_reset_sys_password'),
    ('obproxy_force_account_change', 'perhaps', 'obproxy_force_account_change'),
])
def test_what_is_missing_is_named_before_anything_is_written(fleet, variable, value, field):
    before = fleet.rows('runs')
    fleet.variables[variable] = value
    with pytest.raises(RequestError) as caught:
        fleet.operate('credentials')
    assert [fault.field for fault in caught.value.faults] == [field]
    assert fleet.rows('runs') == before


def test_no_password_is_in_the_plan(fleet):
    plan = str(fleet.operate('credentials'))
    assert 'ro-s3cret' not in plan and 'sys-s3cret' not in plan
