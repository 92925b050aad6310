# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import pathlib

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._catalogue import PARAMETERS
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _parameter_rules
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_rules import Offline, expectation, has

TABLE = pathlib.Path(__file__).parents[3] / 'lab' / 'obproxy' / 'standin' / 'parameters.csv'


def server(version, name='obproxy-ce'):
    return {'version': f'{name}-{version}-4.el8.x86_64.rpm'}


def offline(*versions):
    return Offline({f'host{number}': server(version) for number, version in enumerate(versions, 1)})


def test_the_table_is_the_one_that_the_stand_in_has():
    if not TABLE.exists():
        pytest.skip('an installed collection has no test lab')
    with TABLE.open(encoding='utf-8') as stream:
        rows = {row['name']: row for row in csv.DictReader(stream)}
    assert set(rows) == set(PARAMETERS)
    markers = {'true': '!', 'false': '', 'absent': '-'}
    for name, row in rows.items():
        assert PARAMETERS[name].kind == ('CMD' if row['visible_level'] == 'MEMORY' else row['type'])
        assert PARAMETERS[name].range == row['range'].replace(' ', '')
        changes = [change.strip().split(':') for change in row['need_reboot_by_version'].split(';')]
        assert PARAMETERS[name].changes == [(tuple(map(int, since.split('.'))), markers[word]) for since, word in changes]


@pytest.mark.parametrize('row, version', [
    (server('4.2.3.0'), (4, 2, 3)), (server('3.2.3'), (3, 2, 3)), (server('4.3.1.0'), (4, 3, 1)), (server('4.2.2.0'), (4, 2, 2)),
    (server('4.3.2.0'), None), (server('3.2.0'), None), (server('4.2.3.0', 'obproxy'), None), ({'version': None}, None),
])
def test_the_versions_that_are_covered(row, version):
    assert _parameter_rules.version_of(row) == version


@pytest.mark.parametrize('name, version, expected', [
    ('work_thread_num', (3, 2, 3), True), ('rpc_listen_port', (4, 2, 3), False), ('rpc_listen_port', (4, 3, 1), True),
    ('bt_mode', (4, 0, 0), False), ('bt_env_mode', (4, 0, 0), True), ('bt_env_mode', (4, 1, 0), False),
    # between two versions whose source is public
    ('enable_syslog_wf', (4, 2, 2), None), ('enable_abort_conn_info', (4, 2, 2), None), ('work_thread_num', (4, 2, 2), True),
    ('rpc_listen_port', (4, 1, 5), False), ('no_such_name', (4, 2, 2), False),
])
def test_which_version_has_what(name, version, expected):
    assert has(name, version) is expected


@pytest.mark.parametrize('name, value', [
    ('enable_sharding', 'True'), ('enable_sharding', 'OFF'), ('work_thread_num', '1'), ('work_thread_num', '128'),
    ('hot_upgrade_exit_timeout', '-1'), ('partition_location_expire_relative_time', '-36000000'), ('proxy_mem_limited', '2G'),
    ('proxy_mem_limited', '2048'), ('proxy_mem_limited', '2147483648'), ('proxy_mem_limited', '100MB'), ('work_thread_num', '010'),
    ('slow_query_time_threshold', '30d'), ('slow_query_time_threshold', '0'), ('cluster_expire_time', '900d'),
    ('max_connections', '129'), ('tunnel_request_size_threshold', '1b'), ('local_bound_ipv6_ip', '::'), ('local_bound_ip', '10.0.0.1'),
    ('syslog_level', 'ALL.*:INFO, PROXY.*:DEBUG'), ('init_sql', 'whatever'), ('rpc_request_timeout', '0'), ('digest_sql_length', '7'),
])
def test_a_value_that_will_do(name, value):
    assert expectation(name, value) is None


@pytest.mark.parametrize('name, value, words', [
    ('enable_sharding', '2', 'true or false'), ('work_thread_num', '0', 'in [1,128]'), ('work_thread_num', '129', 'in [1,128]'),
    ('work_thread_num', 'many', 'a whole number'), ('hot_upgrade_exit_timeout', '10s', 'a whole number in [-1,86400000000]'),
    ('hot_upgrade_exit_timeout', '-2', 'in [-1,'), ('proxy_mem_limited', '99M', 'in [100MB,100G]'), ('proxy_mem_limited', '2x', 'such as'),
    ('request_buffer_length', '65536', 'a bare number means megabytes'), ('slow_query_time_threshold', '31d', 'in [0s,30d]'),
    ('max_connections', '128', 'in (128,65535]'), ('tunnel_request_size_threshold', '0', 'in (0,16MB]'),
    ('local_bound_ip', 'localhost', 'an IP address'), ('rpc_request_max_retries', '0', 'in [1,)'), ('digest_sql_length', 'x', 'a whole number'),
])
def test_a_value_that_will_not_do(name, value, words):
    assert words in expectation(name, value)


@pytest.mark.parametrize('versions, name, value, fault', [
    (('4.3.1.0',), 'work_thread_num', '8', None),
    (('4.3.1.0',), 'work_thread_num', '0', ('value', 'a whole number in [1,128]', None)),
    (('4.2.3.0',), 'rpc_request_timeout', '5', ('name', 'a parameter that a server of the cluster has',
                                                'did you mean grpc_timeout?')),
    # one of the servers has it
    (('4.2.3.0', '4.3.1.0'), 'rpc_request_timeout', '5', None),
    (('4.2.3.0', '4.3.1.0'), 'rpc_request_timeout', 'x', ('value', 'a whole number in [0,)', None)),
    (('4.2.3.0', '4.3.1.0'), 'zzz', '1', ('name', 'a parameter that a server of the cluster has',
                                          'OBProxy 4.2.3, 4.3.1 have none of this name')),
    # nobody can tell before the live proxy has been asked
    (('4.3.5.0',), 'work_thread_num', '0', None), (('4.2.3.0', '4.3.5.0'), 'zzz', '1', None), ((), 'zzz', '1', None),
    (('4.2.2.0',), 'enable_syslog_wf', 'x', None),
    (('4.3.5.0',), 'refresh_config', 'true', ('name', 'a parameter; this is a command that OBProxy carries out once, when it is set', None)),
    (('4.2.3.0',), 'work_thread_num', None, None),
])
def test_what_is_refused_offline(versions, name, value, fault):
    assert offline(*versions).fault(name, value) == fault


def test_a_misspelt_name_suggests_the_nearest():
    assert offline('4.3.1.0').fault('work_thread_nun', '8')[2] == 'did you mean work_thread_num?'


def test_the_servers_that_lack_a_parameter():
    assert offline('4.2.3.0', '4.3.1.0', '4.3.5.0').lacking('rpc_request_timeout') == ['host1']
