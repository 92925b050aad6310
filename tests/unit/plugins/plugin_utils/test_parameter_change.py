# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _own_parameters
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Faults
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_change import changed, difference
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_store import ParameterSet


def items(**values):
    return [{'name': name, 'value': value} for name, value in values.items()]


PRESENT = ParameterSet(items(work_thread_num='4'), items(proxy_mem_limited='2G', syslog_level='INFO'), {7: items(proxy_id='7')})


def test_a_value_joins_or_replaces():
    new = changed(PRESENT, {'proxy_mem_limited': '4G', 'slow_query_time_threshold': '1s'}, {})
    assert new.ordinary == items(proxy_mem_limited='4G', syslog_level='INFO', slow_query_time_threshold='1s')
    assert new.startup == PRESENT.startup and new.own == PRESENT.own


def test_what_is_the_same_to_obproxy_is_no_change():
    wanted = {'proxy_mem_limited': '2147483648', 'syslog_level': 'info', 'work_thread_num': '4'}
    assert changed(PRESENT, wanted, {7: items(proxy_id='7')}) == PRESENT


def test_a_startup_parameter_stays_one_while_a_start_can_be_given_it():
    assert changed(PRESENT, {'work_thread_num': '8'}, {}).startup == items(work_thread_num='8')
    new = changed(PRESENT, {'work_thread_num': 'a,b'}, {})
    assert new.startup == [] and new.ordinary[0] == {'name': 'work_thread_num', 'value': 'a,b'}


def test_a_parameter_is_forgotten():
    new = changed(PRESENT, {'work_thread_num': None, 'syslog_level': None, 'never_there': None}, {})
    assert new == ParameterSet([], items(proxy_mem_limited='2G'), PRESENT.own)


def test_what_a_server_has_of_its_own():
    new = changed(PRESENT, {}, {7: [], 8: items(proxy_id='8')})
    assert new.own == {8: items(proxy_id='8')}
    assert new.values_of(8) == {'work_thread_num': '4', 'proxy_mem_limited': '2G', 'syslog_level': 'INFO', 'proxy_id': '8'}
    assert difference(PRESENT, new) == [
        {'name': 'proxy_id', 'before': '7', 'after': None, 'obproxyServerId': 7},
        {'name': 'proxy_id', 'before': None, 'after': '8', 'obproxyServerId': 8}]


def test_the_difference_of_two_versions():
    new = changed(PRESENT, {'proxy_mem_limited': '4G', 'syslog_level': None, 'enable_qos': 'true'}, {})
    assert difference(PRESENT, new) == [
        {'name': 'enable_qos', 'before': None, 'after': 'true'}, {'name': 'proxy_mem_limited', 'before': '2G', 'after': '4G'},
        {'name': 'syslog_level', 'before': 'INFO', 'after': None}]
    assert difference(new, new) == []


def own(given):
    faults = Faults()
    variables = {'alpha': {} if given is None else {'obproxy_parameters': given}}
    return _own_parameters.read(faults, Inventory(['alpha'], variables), 'alpha', 'foo'), [fault.message for fault in faults.faults]


def test_a_hosts_own_parameters_come_from_its_variable():
    assert own(None) == ([], [])
    assert own([{'name': 'proxy_id', 'value': 7}, {'name': 'enable_qos', 'value': True}]) == (items(proxy_id='7', enable_qos='true'), [])


def test_a_value_for_one_cluster_spares_the_others_on_the_host():
    here, there = ({**items(proxy_id=value)[0], 'cluster': name} for name, value in (('foo', 7), ('bar', 8)))
    assert own([there, *items(enable_qos='true')]) == (items(enable_qos='true'), [])
    assert own([here, there, *items(proxy_id='1')]) == (items(proxy_id='7'), [])
    assert 'each parameter only once' in own([here, here])[1][0]
    assert "a cluster's name" in own([{**here, 'cluster': 1}])[1][0]


@pytest.mark.parametrize('given, words', [
    ({'proxy_id': 7}, 'obproxy_parameters of alpha is'), ([7], 'obproxy_parameters of alpha[0] is 7; expected an object with name and value'),
    ([{'name': 'proxy_id'}], 'expected an object with name and value'),
    ([{'name': 'proxy_id', 'value': [1]}], 'obproxy_parameters of alpha[0].value is [1]; expected a string'),
    ([{'name': 'app_name', 'value': 'x'}], 'obproxy_parameters of alpha[0].name is "app_name"'),
    ([{'name': 'observer_sys_password', 'value': 'x'}], 'no password in a request'),
    ([{'name': 'init_sql', 'value': 'a\\b'}], 'without a backslash'),
    (items(proxy_id='7') * 2, 'each parameter only once'),
])
def test_a_hosts_own_parameters_are_checked(given, words):
    assert words in own(given)[1][0]


def test_versions_are_kept_in_the_registry(world, create_body):
    world.plan('create', create_body)
    with world.registry.transaction() as store:
        first = store.history.read(1, 1)
        assert first == ParameterSet(items(work_thread_num='4'), items(syslog_level='INFO'))
        store.history.write(1, 2, changed(first, {'syslog_level': 'WARN'}, {2: items(proxy_id='2')}), 'dba')
    with world.registry.transaction(writes=False) as store:
        assert store.history.read(1, 1) == first
        assert store.history.read(1, 2).own == {2: items(proxy_id='2')}
        assert [(row['version'], row['creator']) for row in store.history.versions(1)] == [(2, 'dba'), (1, 'admin')]


def test_a_new_server_gets_what_its_host_says(world, create_body, add_body):
    world.hosts['beta']['obproxy_parameters'] = items(proxy_id=7)
    hosts = world.plan('create', create_body)['hosts']
    assert hosts['beta']['own_parameters'] == items(proxy_id='7') and hosts['alpha']['own_parameters'] == []
    # A change of an existing server's is for the operation parameters.
    world.hosts['beta']['obproxy_parameters'] = items(proxy_id=8)
    assert world.plan('create', create_body)['hosts']['beta']['own_parameters'] == items(proxy_id='7')
    with world.registry.transaction() as store:
        store.update_server(1, parameter_version=1)
    assert world.plan('batch_add', add_body, 'foo')['hosts']['gamma']['others_may_know'] is True


def test_a_request_for_a_host_with_faulty_parameters_is_refused(world, create_body):
    world.hosts['beta']['obproxy_parameters'] = items(app_name='bar')
    faults, status = world.refused('create', create_body)
    assert list(faults) == ['obproxy_parameters of beta[0].name'] and status == 400
