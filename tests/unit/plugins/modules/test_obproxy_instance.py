# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import pwd

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_instance
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import call, listening

ME = pwd.getpwuid(os.geteuid()).pw_name
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='the module demands root')


@pytest.fixture(name='run')
def run_fixture(tmp_path, monkeypatch, capsys):
    """Calls the module on a host whose root is a directory of the test."""
    (tmp_path / 'run').mkdir()
    layout = _instance.Layout(str(tmp_path))
    monkeypatch.setattr(_instance, 'Layout', lambda: layout)

    def run(**changed):
        arguments = dict(name='foo-2883', user=ME, base=str(tmp_path / 'opt'), obproxyd='#!/bin/bash\n',
                         record={'cluster_id': 1, 'sql_port': 2883}, unit='[Unit]\n', cron='')
        arguments.update(changed)
        return call(obproxy_instance, arguments, monkeypatch, capsys)
    return run


@needs_root
def test_prepare_and_remove(run, tmp_path):
    result = run()
    assert result['changed'] and result['home'] == str(tmp_path / 'opt' / 'foo-2883')
    assert json.loads((tmp_path / 'etc' / 'obproxy' / 'foo-2883.json').read_text()) == result['record']
    assert result['record']['state'] == 'creating'
    assert not run()['changed']
    result = run(state='absent')
    assert result['changed'] and result['record'] is None
    assert not (tmp_path / 'opt').exists()
    assert not run(state='absent')['changed']


@needs_root
def test_check_mode(run, tmp_path):
    checked = run(_ansible_check_mode=True)
    assert checked['changed'] and not (tmp_path / 'opt').exists()
    assert run()['diff'] == checked['diff']


PACKAGE = {'name': 'obproxy-ce', 'version': '4.3.1.0', 'release': '4.el8', 'arch': os.uname()[4], 'file': 'obproxy-ce.rpm'}


@needs_root
def test_a_survey_comes_first_and_answers_for_what_it_has_judged(run, tmp_path):
    result = run(survey={'package': PACKAGE, 'min_free_mb': 0})
    assert [item['subtask'] for item in result['subtasks']] == ['prepare_create', 'check_process', 'check_command']
    assert [item['changed'] for item in result['subtasks']] == [True, False, False]
    assert result['host']['architecture'] == os.uname()[4] and result['server'] is None
    assert (tmp_path / 'opt' / 'foo-2883' / 'obproxyd.sh').exists()


@needs_root
def test_what_makes_it_impossible_is_refused_before_anything_is_prepared(run, tmp_path):
    result = run(survey={'package': dict(PACKAGE, arch='vax'), 'min_free_mb': 0})
    assert result['failed'] and 'The package is for vax' in result['msg'] and 'subtask' not in result
    assert not (tmp_path / 'opt').exists()


@needs_root
def test_a_missing_command_fails_the_subtask_that_looks_for_it(run, tmp_path):
    result = run(survey={'package': PACKAGE, 'min_free_mb': 0, 'commands': ['no-such-command']})
    assert result['failed'] and result['subtask'] == 'check_command'
    assert result['msg'].startswith('not found in the PATH of this host: no-such-command. Install')
    assert [item['subtask'] for item in result['subtasks']] == ['prepare_create', 'check_process']


@needs_root
def test_who_holds_the_port_fails_the_subtask_that_looks_for_him(run, tmp_path):
    with listening(tmp_path, name='other') as (_process, port, _forked):
        result = run(survey={'package': PACKAGE, 'min_free_mb': 0}, record={'cluster_id': 1, 'sql_port': port})
    assert result['failed'] and result['subtask'] == 'check_process' and 'Port %d (SQL) is taken' % port in result['msg']


@needs_root
def test_home_elsewhere(run, tmp_path):
    assert run(home=str(tmp_path / 'data' / 'foo-2883'))['home'] == str(tmp_path / 'data' / 'foo-2883')
    assert (tmp_path / 'data' / 'foo-2883' / 'etc').is_dir()


@pytest.mark.parametrize('change, words', [
    ({'name': '../x-2883'}, 'is no instance name'),
    ({'base': '/opt/a b'}, 'cannot be the home'),
    ({'user': 'x;id'}, 'cannot be the obproxy user'),
])
def test_unsafe_input_is_refused(run, tmp_path, change, words):
    result = run(**change)
    assert result['failed'] and words in result['msg']
    assert os.listdir(str(tmp_path)) == ['run']


@needs_root
@pytest.mark.parametrize('record', [None, {}, {'cluster_name': 'foo'}])
def test_record_is_needed(run, tmp_path, record):
    result = run(record=record)
    assert result['failed'] and 'lacks cluster_id and sql_port' in result['msg']
    assert not (tmp_path / 'etc').exists()


def test_root_is_needed(run, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    result = run()
    assert result['failed'] and 'become' in result['msg']


@needs_root
def test_trouble_with_files_is_told_and_no_traceback(run, tmp_path):
    (tmp_path / 'etc').write_bytes(b'')
    result = run()
    assert result['failed'] and str(tmp_path / 'etc') in result['msg']
