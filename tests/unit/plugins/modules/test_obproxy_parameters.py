# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_parameters
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy, play

PASSWORD = u'Sys-Passw0rd'


@pytest.fixture(name='proxy')
def proxy_fixture():
    fake = FakeProxy(password=PASSWORD, parameters={
        u'proxy_mem_limited': [u'2G', u'false', u'USER'], u'work_thread_num': [u'128', u'true', u'USER'],
        u'enable_sharding': [u'false', u'false', u'USER'], u'slow_query_time_threshold': [u'500ms', u'false', u'USER'],
        u'refresh_config': [u'false', u'false', u'MEMORY'],
    }, refuse={u'slow_query_time_threshold': (u'31d',)})
    yield fake
    fake.close()


@pytest.fixture(name='run')
def run_fixture(capsys, proxy):
    def run(check=False, passwords=(PASSWORD,), port=None, **parameters):
        result, printed = play(
            capsys, obproxy_parameters, check, sql_port=port or proxy.port, sys_password=passwords[0],
            old_sys_passwords=list(passwords[1:]), parameters=[dict(name=name, value=value) for name, value in sorted(parameters.items())])
        assert PASSWORD not in printed
        return result
    return run


def altered(proxy):
    return [statement for statement in proxy.statements if statement.startswith(u'alter')]


def test_check_mode_foretells_what_the_real_run_does(run, proxy):
    wanted = dict(proxy_mem_limited='4G', work_thread_num=8, enable_sharding=False, slow_query_time_threshold='500000us')
    checked = run(True, **wanted)
    assert altered(proxy) == [] and proxy.items[u'proxy_mem_limited'][0] == u'2G'
    real = run(False, **wanted)
    assert checked == real
    assert real['changed'] and real['pending_restart'] == ['work_thread_num']
    assert real['before'] == {'proxy_mem_limited': '2G', 'work_thread_num': '128'}
    assert real['after'] == {'proxy_mem_limited': '4G', 'work_thread_num': '8'}
    assert real['diff'] == dict(before=real['before'], after=real['after'])
    assert len(altered(proxy)) == 2
    assert proxy.items[u'proxy_mem_limited'][0] == u'4G' and proxy.items[u'work_thread_num'][0] == u'8'


def test_a_second_run_changes_nothing(run, proxy):
    assert run(enable_sharding=True)['changed']
    again = run(enable_sharding=True)
    assert not again['changed'] and again['before'] == {} and again['after'] == {} and again['pending_restart'] == []
    assert len(altered(proxy)) == 1 and proxy.items[u'enable_sharding'][0] == u'true'


@pytest.mark.parametrize('check', [False, True])
def test_no_fault_in_a_name_lets_anything_be_altered(run, proxy, check):
    result = run(check, proxy_mem_limited='4G', work_thread_nun=8, refresh_config=True)
    assert result['failed'] and altered(proxy) == []
    assert 'work_thread_num?' in result['msg'] and 'refresh_config' in result['msg']


def test_a_refused_value_is_named_with_what_was_set_before(run, proxy):
    result = run(enable_sharding=True, slow_query_time_threshold='31d', work_thread_num=8)
    assert result['failed'] and result['changed']
    for word in ('slow_query_time_threshold', '31d', '4147', 'Invalid config', 'Already set: enable_sharding', 'Not tried: work_thread_num'):
        assert word in result['msg']
    assert result['before'] == {'enable_sharding': 'false'} and result['after'] == {'enable_sharding': 'true'}
    assert proxy.items[u'work_thread_num'][0] == u'128'


def test_passwords_are_refused(run, proxy):
    result = run(obproxy_sys_password='another')
    assert result['failed'] and 'obproxy_credentials' in result['msg'] and proxy.statements == []


def test_an_old_password_does(run):
    assert run(passwords=(u'not yet set', PASSWORD), work_thread_num=8)['changed']


def test_no_password_does(run, proxy):
    result = run(passwords=(u'wr0ng-one', u'wr0ng-two'), work_thread_num=8)
    assert result['failed'] and '1045' in result['msg'] and str(proxy.port) in result['msg'] and 'old_sys_passwords' in result['msg']
    assert 'wr0ng' not in str(result['msg'])


def test_where_nothing_listens(run):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        port = closed.getsockname()[1]
    checked = run(True, port=port, work_thread_num=8)
    assert checked['changed'] and checked['before'] == {} and checked['after'] == {'work_thread_num': '8'}
    result = run(False, port=port, work_thread_num=8)
    assert result['failed'] and 'nothing listens' in result['msg']
