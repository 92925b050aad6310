# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import functools
import json
import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameter_record, _parameter_sync

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
    def run(check=False, passwords=(PASSWORD,), port=None, options=None, **parameters):
        result, printed = play(
            capsys, obproxy_parameters, check, sql_port=port or proxy.port, sys_password=passwords[0],
            old_sys_passwords=list(passwords[1:]), parameters=[dict(name=name, value=value) for name, value in sorted(parameters.items())],
            **(options or {}))
        assert PASSWORD not in printed
        return result
    return run


def altered(proxy):
    return [statement for statement in proxy.statements if statement.startswith(u'alter')]


@pytest.fixture(name='record')
def record_fixture(monkeypatch, tmp_path):
    """The path of foo-2883's record, in a folder of its own."""
    path = tmp_path / 'foo-2883.json'
    path.write_text(json.dumps({'format': 1, 'name': 'foo-2883', 'user': 'admin', 'home': '/x', 'sql_port': 2883,
                                'parameter_version': 1, 'parameters': []}))
    path.chmod(0o600)
    monkeypatch.setattr(_parameter_sync, 'ParameterRecord',
                        functools.partial(_parameter_record.ParameterRecord, folder=str(tmp_path)))
    return path


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


def test_a_size_in_bytes_is_set_in_a_form_that_obproxy_takes(run, proxy):
    assert not run(proxy_mem_limited=2147483648)['changed']
    assert run(proxy_mem_limited=4294967296)['changed']
    assert proxy.items[u'proxy_mem_limited'][0] == u'4G'


def test_what_this_version_does_not_have_is_reported_where_asked_for(run, proxy):
    result = run(options=dict(unknown='report'), work_thread_nun=8, zzz=1, enable_sharding=True)
    assert result['unknown'] == {'work_thread_nun': 'work_thread_num', 'zzz': ''}
    assert result['after'] == {'enable_sharding': 'true'} and len(altered(proxy)) == 1


def test_the_record_keeps_the_parameters_and_their_version(run, record):
    given = dict(parameter_version='2', parameters=[dict(name='enable_sharding', value='true')])
    options = dict(name='foo-2883', record=given)
    before = record.read_text()
    assert run(True, options=options, enable_sharding=True)['changed'] and record.read_text() == before
    assert run(options=options, enable_sharding=True)['changed']
    written = json.loads(record.read_text())
    assert written['parameter_version'] == 2 and written['parameters'] == given['parameters'] and written['user'] == 'admin'
    assert not run(options=options, enable_sharding=True)['changed']
    assert run(options=dict(name='foo-2883', record=dict(parameter_version=3)), enable_sharding=True)['changed']


def test_what_awaits_a_restart_is_known_until_the_process_is_another(run, record, monkeypatch):
    options = dict(name='foo-2883')
    assert run(options=options, work_thread_num=8)['pending_restart'] == ['work_thread_num']
    again = run(options=options, work_thread_num=8)
    assert not again['changed'] and again['pending_restart'] == ['work_thread_num']
    assert run(work_thread_num=8)['pending_restart'] == []
    assert run(options=options, work_thread_num=128)['pending_restart'] == []
    assert run(options=options, work_thread_num=8)['pending_restart'] == ['work_thread_num']
    monkeypatch.setattr(_parameter_record, '_serving', lambda dummy: '4711 since 1.00')
    restarted = run(options=options, work_thread_num=8)
    assert not restarted['changed'] and restarted['pending_restart'] == []


def test_what_was_set_before_a_refusal_is_remembered_as_pending(run, proxy, record):
    proxy.items[u'block_thread_num'] = [u'1', u'true', u'USER']
    failed = run(options=dict(name='foo-2883'), block_thread_num=4, slow_query_time_threshold='31d')
    assert failed['failed'] and failed['pending_restart'] == ['block_thread_num']
    assert run(options=dict(name='foo-2883'), block_thread_num=4)['pending_restart'] == ['block_thread_num']
