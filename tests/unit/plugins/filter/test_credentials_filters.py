# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.oceanbase.obproxy.plugins.filter.credentials import account_faults, account_holds, left_out, lost_passwords, ob_account

LINK = {'cluster_name': 'hooray', 'ob_cluster_id': 7, 'username': 'proxyro'}
KNOWN = {'root_servers': ['10.0.0.1:2881', '10.0.0.2:2881'], 'proxyro_password': 'p'}
ACCOUNT = {'root_servers': ['10.0.0.1:2881', '10.0.0.2:2881'], 'password': 'p'}


@pytest.mark.parametrize('key', ['hooray', '7', 7])
def test_an_account_is_found_by_name_or_by_id(key):
    assert ob_account(LINK, {key: KNOWN}) == ACCOUNT


@pytest.mark.parametrize('servers', ['10.0.0.1:2881;10.0.0.2:2881', '10.0.0.1:2881, 10.0.0.2:2881'])
def test_root_servers_may_be_one_text(servers):
    assert ob_account(LINK, {'hooray': {**KNOWN, 'root_servers': servers}}) == ACCOUNT


def test_an_administrator_without_a_password_is_not_nobody():
    found = ob_account(LINK, {'hooray': {**KNOWN, 'sys_user': 'ops@sys', 'sys_password': ''}})
    assert found == {**ACCOUNT, 'sys_user': 'ops@sys', 'sys_password': ''}


def test_an_unknown_cluster_is_named():
    with pytest.raises(AnsibleFilterError, match='hooray'):
        ob_account(LINK, {})


def test_an_account_waits_for_whom_the_plan_names_and_for_hosts_that_failed():
    plan = {'hosts': {'h1': {'name': 'foo-2883'}, 'h2': {'name': 'foo-2883'}}, 'holds': {'hooray': ['bar logs in too']}}
    assert account_holds(plan, ['h1', 'h2', 'localhost'], 'hooray') == ['bar logs in too']
    assert account_holds(plan, ['h1'], 'cheers') == ['foo-2883 on h2 has not been given it']


@pytest.mark.parametrize('registered, faults', [
    ({'results': [{'obproxy_link': LINK, 'failed': True, 'msg': 'denied'}, {'obproxy_link': LINK, 'changed': True}]},
     ['OceanBase cluster hooray: denied']),
    ({'results': [{'obproxy_link': LINK, 'unreachable': True, 'msg': 'no route'}]}, ['OceanBase cluster hooray: no route']),
    ({'results': []}, []),
    ({'failed': True, 'msg': 'no such filter'}, ['no such filter']),
    ({'unreachable': True}, ['no reason given']),
    ({'skipped': True}, []),
])
def test_accounts_that_failed_are_named(registered, faults):
    assert account_faults(registered) == faults


def test_whose_password_is_lost_and_who_never_had_a_turn():
    found = {'h1': {'obproxy_lost': {'changed': True}}, 'h2': {'obproxy_lost': {'changed': False}}, 'h3': {}}
    assert lost_passwords(['h1', 'h2', 'h3'], found) == ['h1']
    assert left_out(['h1', 'h2', 'h3'], ['h1', 'h3']) == ['h3']
    assert left_out(['h1', 'h2', 'h3'], ['h2', 'h3']) == ['h2', 'h3']
    assert left_out(['h1', 'h2'], ['h1', 'h2']) == [] and left_out([], []) == []
