# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a cluster's parameters."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Faults
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_info import ParameterInfo, lines
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plugin_utils.test_operations import fleet  # noqa: F401  pylint: disable=unused-import

DEFAULTS = {'syslog_level': 'INFO', 'work_thread_num': '4', 'proxy_mem_limited': '2G', 'enable_qos': 'false', 'enable_metadb_used': 'false',
            'proxy_id': '0'}


def survey(differing=(), pending=(), **values):
    return {'parameters': {**DEFAULTS, **values}, 'differing': ['enable_metadb_used', *differing], 'pending_restart': list(pending)}


@pytest.fixture
def changed(fleet):  # noqa: F811
    """The cluster foo with a second version of its parameters, which beta has not got yet."""
    fleet.hosts['alpha']['obproxy_parameters'] = [{'name': 'proxy_id', 'value': 7}]
    fleet.operate('parameters', {'parameters': [{'name': 'proxy_mem_limited', 'value': '4G'}, {'name': 'syslog_level', 'value': None}]})
    with fleet.registry.transaction() as store:
        store.update_server(1, parameter_version=2)
        store.update_server(2, parameter_version=1)
    return fleet


def told(world, live=None, before=None, after=None):
    faults = Faults()
    with world.registry.transaction(writes=False) as store:
        info = ParameterInfo(store, store.cluster('foo'), Inventory(world.hosts, world.hosts), live)
        data = {**info.data(), 'difference': info.difference(faults, before, after)}
    return data, [fault.message for fault in faults.faults]


def test_values_are_grouped_with_the_proxies_that_have_them(changed):
    data = told(changed, {'alpha': survey(proxy_mem_limited='4096', proxy_id='7'), 'beta': survey(proxy_mem_limited='4G')})[0]
    groups = {item['name']: (item['value'], [(group['value'], [proxy['host'] for proxy in group['obproxies']]) for group in item['values']])
              for item in data['parameters']}
    assert groups == {
        'enable_metadb_used': (None, [('false', ['alpha', 'beta'])]), 'proxy_id': (None, [('7', ['alpha']), ('0', ['beta'])]),
        'proxy_mem_limited': ('4G', [('4096', ['alpha', 'beta'])]), 'work_thread_num': ('4', [('4', ['alpha', 'beta'])])}
    assert data['drift'] == [] and data['notSurveyed'] == []
    assert [(proxy['host'], proxy['parameterVersion']) for proxy in data['behind']] == [('beta', 1)]


def test_drift_is_what_a_server_has_otherwise_and_what_nobody_has_said(changed):
    live = {'alpha': survey(['enable_qos'], ['work_thread_num'], enable_qos='true', proxy_mem_limited='4G', proxy_id='8'),
            'beta': survey(proxy_mem_limited='2G')}
    data = told(changed, live)[0]
    assert [(item['host'], item['name'], item['expected'], item['value']) for item in data['drift']] == [
        ('alpha', 'enable_qos', None, 'true'), ('alpha', 'proxy_id', '7', '8'), ('beta', 'proxy_mem_limited', '4G', '2G')]
    assert data['pendingRestart'] == {'alpha': ['work_thread_num']}
    text = '\n'.join(lines(data))
    assert 'drift  alpha  enable_qos is true, the cluster says nothing' in text and 'behind  beta  version 1' in text


def test_a_parameter_that_a_version_lacks_is_no_drift(changed):
    live = survey(proxy_id='7')
    del live['parameters']['proxy_mem_limited']
    assert told(changed, {'alpha': live})[0]['drift'] == []


def test_what_our_own_start_sets_is_drift_when_it_is_otherwise(changed):
    live = {'beta': survey(proxy_mem_limited='4G', enable_metadb_used='maybe')}
    assert [item['name'] for item in told(changed, live)[0]['drift']] == ['enable_metadb_used']


def test_the_history_tells_who_and_what(changed):
    data = told(changed)[0]
    assert [(row['parameterVersion'], row['creator']) for row in data['history']] == [(2, 'admin'), (1, 'admin')]
    assert data['history'][0]['changes'] == [
        {'name': 'proxy_mem_limited', 'before': None, 'after': '4G'}, {'name': 'syslog_level', 'before': 'INFO', 'after': None},
        {'name': 'proxy_id', 'before': None, 'after': '7', 'obproxyServerId': 1}]
    assert data['history'][0]['createTime'].startswith('20') and data['history'][1]['changes'] == []
    assert data['notSurveyed'] == ['alpha', 'beta'] and data['difference'] is None
    assert '  proxy_id of server 1  nothing -> 7' in lines(data)


def test_the_difference_between_any_two_versions(changed):
    changed.operate('parameters', {'parameters': [{'name': 'proxy_mem_limited', 'value': None}, {'name': 'syslog_level', 'value': 'WARN'}]})
    assert told(changed, before=1)[0]['difference'] == [
        {'name': 'syslog_level', 'before': 'INFO', 'after': 'WARN'}, {'name': 'proxy_id', 'before': None, 'after': '7', 'obproxyServerId': 1}]
    assert told(changed, before=2, after=1)[0]['difference'][0] == {'name': 'proxy_mem_limited', 'before': '4G', 'after': None}
    assert 'foo has 1, 2, 3' in told(changed, before=9)[1][0]
