# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subtasks that share a call are told of, and recorded, one by one."""

from __future__ import annotations

HOSTS = ['host1', 'host2']
ROLES = ('check_process', 'install_package', 'update_status', 'finish')


def chain(*states):
    return dict(zip(ROLES, states))


def answering(*roles, on=(), **more):
    answers = [{'subtask': role, 'changed': role == 'install_package', 'msg': f'{role} is seen to', 'seconds': 7.5} for role in roles]
    return {'name': 'Do several', 'ansible.legacy.stub': {'on': list(on), 'returns': {'changed': True, 'subtasks': answers, **more}}}


def test_what_a_call_has_done_for_others_is_theirs(site):
    site.roles(check_process=[answering('install_package', 'update_status', on=['host1'])],
               install_package=[{'name': 'Here', 'ansible.legacy.stub': {}, 'when': 'inventory_hostname == "host2"'}])
    site.plan(HOSTS)
    ran = site.run()
    assert ran.code == 0, ran.out
    assert site.states('host1') == site.states('host2') == dict.fromkeys(ROLES, 'SUCCESSFUL')
    assert all(begun and ended for begun, ended in site.rows('start_time, finish_time'))
    assert ran.line_of('host1', 'Install rpm by package and version')[:3] == ['SUCCESSFUL', '7.5', 's']
    logs = [log for log, in site.rows('log') if log]
    assert any('host1: changed: install_package is seen to' in log for log in logs)
    assert any('host1: ok: update_status is seen to' in log for log in logs)


def test_the_subtask_that_failed_within_a_call_is_the_failed_one(site):
    site.roles(check_process=[answering('install_package', on=['host1'], failed=True, subtask='update_status', msg='no such parameter')])
    site.plan(HOSTS)
    ran = site.run()
    assert ran.code != 0
    assert site.states('host1') == chain('SUCCESSFUL', 'SUCCESSFUL', 'FAILED', 'PENDING')
    assert site.states('host2') == dict.fromkeys(ROLES, 'SUCCESSFUL')
    assert [error for error, in site.rows('error') if error] == ['no such parameter']


def test_the_play_that_a_failure_of_all_ends_leaves_that_subtask_failed(site):
    site.roles(update_status=[
        {'name': 'Once', 'ansible.legacy.stub': {'fail': 'the registry is away'}, 'run_once': True, 'ignore_errors': True, 'register': 'answer'},
        {'name': 'Stop', 'ansible.builtin.meta': 'end_play', 'when': 'answer is failed'}])
    site.plan(HOSTS)
    ran = site.run()
    assert site.states('host1') == site.states('host2') == chain('SUCCESSFUL', 'SUCCESSFUL', 'FAILED', 'PENDING')
    assert {error for error, in site.rows('error') if error} == {'the registry is away'}
    assert '2 FAILED' in ran.out
