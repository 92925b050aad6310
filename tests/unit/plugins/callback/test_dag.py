# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback shows and records, seen from outside: real playbooks, a real registry."""

from __future__ import annotations

import json
import stat

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_follow_tasks

HOSTS = ['host1', 'host2', 'host3']
NAMES = {
    'check_process': 'Check if process not exist', 'install_package': 'Install rpm by package and version',
    'update_status': 'Update obproxy status', 'finish': 'Finish node',
}
DONE = dict.fromkeys(NAMES, 'SUCCESSFUL')


def failing(message, on=('host2',), **more):
    return {'name': 'Break', 'ansible.legacy.stub': {'fail': message, 'on': list(on)}, **more}


def chain(*states):
    return dict(zip(NAMES, states))


def test_every_subtask_of_every_host_is_shown_and_recorded(site):
    site.roles(update_status=[{'name': 'Once', 'ansible.legacy.stub': {}, 'run_once': True}],
               finish=[{'name': 'Nothing', 'ansible.legacy.stub': {}, 'when': False}])
    run_id = site.plan(HOSTS)
    ran = site.run(OBPROXY_DAG_JSON='dag.jsonl')
    assert ran.code == 0, ran.out
    assert f'OBProxy batch add, cluster foo (id 7), run {run_id}; 3 hosts, 4 subtasks each' in ran.lines
    for host in HOSTS:
        assert site.states(host) == DONE
        for index, name in enumerate(NAMES.values(), start=1):
            assert ran.line_of(host, name)[0] == 'SUCCESSFUL'
            assert any(line.startswith(f'[ {index}/4] {host} ') and name in line for line in ran.lines)
        assert any(line.split()[:3] == [host, str(HOSTS.index(host) + 1), 'SUCCESSFUL'] for line in ran.lines)
    assert all(begun and ended and begun <= ended for begun, ended in site.rows('start_time, finish_time'))
    assert site.rows('recorded, status', 'obproxy_runs') == [(1, 'SUCCESSFUL')]
    assert site.rows('status', 'obproxy_tasks') == [('SUCCESSFUL',)] * 3
    assert 'Next:' not in ran.out

    path = site.folder / 'dag.jsonl'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [event['event'] for event in events] == ['run_started', *['subtask'] * 24, 'run_finished']
    assert {(event['version'], event['run'], event['check']) for event in events} == {(1, run_id, False)}
    for host in HOSTS:
        states = [(event['role'], event['status']) for event in events if event.get('host') == host]
        assert states == [(role, state) for role in NAMES for state in ('RUNNING', 'SUCCESSFUL')]
    assert events[-1]['status'] == 'SUCCESSFUL' and events[-1]['recorded'] is True


def test_a_failed_host_stops_and_the_others_go_on(site):
    site.roles(install_package=[failing('the package is broken:\nsha256 differs; it has {{ obproxy_sys_password }}')])
    site.playbook(variables={'obproxy_sys_password': 'Tr0ub4dor'})
    site.plan(HOSTS)
    ran = site.run('-e', 'obproxy_cluster_id=7', '-e', 'other=Hush-hush', '-e', '{"obproxy_old_sys_passwords": ["0ld-one"]}')
    assert ran.code != 0
    assert site.states('host2') == chain('SUCCESSFUL', 'FAILED', 'PENDING', 'PENDING')
    assert site.states('host1') == site.states('host3') == DONE
    [error] = [error for error, in site.rows('error') if error]
    assert error == 'the package is broken:\nsha256 differs; it has ********'
    assert ran.line_of('host2', NAMES['install_package'])[0] == 'FAILED'
    assert site.rows('status', 'obproxy_tasks') == [('SUCCESSFUL',), ('FAILED',), ('SUCCESSFUL',)]
    assert 'run 1: 2 SUCCESSFUL, 1 FAILED' in ran.out
    end = ran.out[ran.out.index('host2 FAILED: Install rpm by package and version (task 2, subtask 6)'):]
    assert 'the package is broken:' in end and 'sha256 differs; it has ********' in end
    assert 'ansible-playbook -i inventory.yml site.yml -e obproxy_cluster_id=7 -e other=... -e ...' in end
    ours = ran.out[:ran.out.index('TASK [oceanbase.obproxy.install_package')] + end
    assert not any(secret in ours for secret in ('Tr0ub4dor', 'Hush-hush', '0ld-one', 'not-to-be-shown'))


def test_an_unreachable_host_fails_with_its_cause(site):
    site.roles(check_process=[{'name': 'Reach', 'ansible.legacy.stub': {'unreachable': 'ssh: connection refused', 'on': ['host1']}}])
    site.plan(HOSTS)
    ran = site.run()
    assert site.states('host1') == chain('FAILED', 'PENDING', 'PENDING', 'PENDING')
    assert site.states('host2') == site.states('host3') == DONE
    [error] = [error for error, in site.rows('error') if error]
    assert 'unreachable' in error and 'ssh: connection refused' in error
    assert ran.line_of('host1', NAMES['check_process'])[0] == 'FAILED'


def test_a_failed_run_once_fails_all_that_are_left(site):
    site.roles(check_process=[failing('broken early', on=['host1'])],
               update_status=[{**failing('the registry is away', on=HOSTS), 'run_once': True}])
    site.plan(HOSTS)
    ran = site.run()
    assert site.states('host1') == chain('FAILED', 'PENDING', 'PENDING', 'PENDING')
    assert site.states('host2') == site.states('host3') == chain('SUCCESSFUL', 'SUCCESSFUL', 'FAILED', 'PENDING')
    assert {error for error, in site.rows('error') if error} == {'broken early', 'the registry is away'}
    assert '3 FAILED' in ran.out


def test_shared_subtasks_are_successful_when_all_hosts_are_through(site):
    site.roles(finish=[{'name': 'Once', 'ansible.legacy.stub': {}, 'run_once': True}])
    site.plan(HOSTS, shared=True)
    ran = site.run()
    assert ran.code == 0
    assert set(status for status, in site.rows('status')) == {'SUCCESSFUL'}
    assert len(site.rows('id')) == 2 + 2 * len(HOSTS)
    assert ran.line_of('host3', NAMES['finish'])[0] == 'SUCCESSFUL'


def test_a_failed_shared_subtask_names_its_hosts_and_stops_only_them(site):
    site.roles(check_process=[failing('too old', on=['host1', 'host3'])])
    site.plan(HOSTS, shared=True)
    ran = site.run()
    assert site.states(None) == {'check_process': 'FAILED', 'finish': 'PENDING'}
    assert site.states('host2') == {'install_package': 'SUCCESSFUL', 'update_status': 'SUCCESSFUL'}
    assert site.states('host1') == {'install_package': 'PENDING', 'update_status': 'PENDING'}
    assert [error for error, in site.rows('error') if error] == ['host1: too old\nhost3: too old']
    assert '1 SUCCESSFUL, 2 FAILED' in ran.out


def test_the_registry_is_true_while_the_run_goes(site):
    database = str(site.database)
    expect = {'check_process:host1': 'SUCCESSFUL', 'check_process:host2': 'FAILED', 'install_package:host1': 'RUNNING',
              'install_package:host2': 'PENDING', 'update_status:host1': 'PENDING'}
    site.roles(check_process=[failing('broken')],
               install_package=[{'name': 'Look', 'ansible.legacy.stub': {'seen': database, 'expect': expect, 'on': ['host1']}}])
    site.plan(HOSTS)
    site.run()
    assert site.states('host1') == DONE


def test_check_mode_writes_nothing_to_the_registry(site):
    site.plan(HOSTS)
    before = site.rows('*'), site.rows('*', 'obproxy_tasks'), site.rows('*', 'obproxy_runs')
    ran = site.run('--check')
    assert ran.code == 0
    assert (site.rows('*'), site.rows('*', 'obproxy_tasks'), site.rows('*', 'obproxy_runs')) == before
    shown = [line for line in ran.lines if '/4] host' in line and not line.startswith('host')]
    assert len(shown) == 12 and all(line.startswith('check [') for line in shown)


def test_a_registry_that_breaks_is_warned_of_once_and_the_run_goes_on(site):
    site.roles(install_package=[{'name': 'Drop', 'ansible.legacy.stub': {'drop': str(site.database), 'on': ['host1']}}])
    site.plan(HOSTS)
    ran = site.run(ANSIBLE_FORKS='1', OBPROXY_DAG_JSON='nowhere/dag.jsonl')
    assert ran.code == 0, ran.err
    assert ran.said.count('cannot be written to') == 1 and 'No such file or directory' in ran.said
    assert ran.said.count('are not in the registry from here on') == 1
    assert 'run the same command again' in ran.said
    assert all(ran.line_of(host, NAMES['finish'])[0] == 'SUCCESSFUL' for host in HOSTS)


def test_a_registry_that_comes_back_has_all_states_before_the_last_play(site):
    away = f'{site.database}.away'
    site.roles(check_process=[{'name': 'Break', 'raw': f'mv {site.database} {away}', 'run_once': True}],
               finish=[{'name': 'Mend', 'raw': f'mv {away} {site.database}', 'run_once': True}])
    look = {'name': 'Look', 'ansible.legacy.stub': {'seen': str(site.database), 'expect': {'update_status:host1': 'SUCCESSFUL'}}}
    site.more_plays({'hosts': 'localhost', 'connection': 'local', 'gather_facts': False, 'tasks': [look]})
    site.plan(HOSTS)
    ran = site.run()
    assert ran.code == 0, ran.said
    assert ran.said.count('are not in the registry from here on') == 1 and 'The registry works again' in ran.said


def test_the_variable_names_the_registry_and_its_password_is_never_shown(site):
    site.playbook(variables={'obproxy_registry_url': 'postgresql+absent://user:Tr0ub4dor@127.0.0.1:1/{{ name }}', 'name': 'x'})
    site.plan(HOSTS)
    ran = site.run()
    assert ran.code == 0
    assert ran.said.count('are not in the registry from here on') == 1
    assert 'Tr0ub4dor' not in ran.out + ran.err
    assert site.rows('recorded', 'obproxy_runs') == [(0,)]

    site.playbook(variables={'obproxy_registry_url': site.url})
    site.run(OBPROXY_REGISTRY_URL='sqlite:////nowhere/registry.db')
    assert site.rows('recorded', 'obproxy_runs') == [(1,)]


def test_what_roles_may_hold_rescue_ignored_failures_loops_retries_and_includes(site):
    block = {'block': [failing('first way closed')], 'rescue': [{'name': 'Second way', 'ansible.legacy.stub': {}}]}
    site.roles(
        check_process=[block],
        install_package=[failing('never mind', ignore_errors=True), failing('nor this', ignore_errors=True),
                         {'name': 'Again', 'ansible.legacy.stub': {}, 'retries': 2, 'delay': 0, 'register': 'x', 'until': 'x is succeeded'}],
        update_status=[{'block': [failing('tried')], 'rescue': [failing('and failed', on=['host2'])],
                        'always': [{'name': 'Clean', 'ansible.legacy.stub': {}}]}],
        finish=[{'name': 'More', 'include_tasks': 'more.yml'}])
    bad = "{{ [inventory_hostname] if item == 'b' and inventory_hostname == 'host3' else [] }}"
    more = [{'name': 'Each', 'ansible.legacy.stub': {'fail': 'no {{ item }}', 'on': bad}, 'loop': ['a', 'b']},
            {'name': 'End', 'ansible.legacy.stub': {}}]
    (site.collection / 'roles' / 'finish' / 'tasks' / 'more.yml').write_text(json.dumps(more))
    site.plan(HOSTS)
    ran = site.run()
    assert site.states('host1') == DONE, ran.out
    assert site.states('host2') == chain('SUCCESSFUL', 'SUCCESSFUL', 'FAILED', 'PENDING')
    assert site.states('host3') == chain('SUCCESSFUL', 'SUCCESSFUL', 'SUCCESSFUL', 'FAILED')
    assert [error for error, in site.rows('error') if error] == ['and failed', 'no b']


def test_a_subtask_s_log_has_what_its_tasks_said_but_no_secret(site):
    said = [{'name': 'Look', 'ansible.legacy.stub': {'say': 'all is well, {{ obproxy_sys_password }}'}},
            {'name': 'Hush', 'ansible.legacy.stub': {'say': 'psst'}, 'no_log': True},
            {'name': 'Once', 'ansible.legacy.stub': {'say': 'for all'}, 'run_once': True},
            {'name': 'Hook', 'ansible.builtin.include_tasks': str(site.folder / 'drain.yml')}, failing('broken', on=['host2'])]
    (site.folder / 'drain.yml').write_text('[{"name": "Drain", "ansible.legacy.stub": {"say": "token 4711"}}]')
    site.roles(check_process=said)
    site.playbook(variables={'obproxy_sys_password': 'Tr0ub4dor'})
    site.plan(HOSTS)
    site.run()
    logs = {host: log for host, role, log in site.rows('host, role, log') if role == 'check_process'}
    for host, end in (('host1', 'SUCCESSFUL'), ('host2', 'FAILED: broken')):
        words = [line.partition(' ')[2] for line in logs[host].splitlines()]
        assert words[:2] == ['RUNNING', f'{host}: Look: changed: all is well, ********'] and words[-1] == end
        assert words[2].startswith(f'{host}: Hush: ') and 'psst' not in words[2]
        assert words[3] == 'host1: Once: changed: for all'
        # A user's own task may say what nobody else is to know.
        assert words[4] == f'{host}: Drain: changed'
    assert 'not-to-be-shown' not in str(logs)


@pytest.mark.parametrize('reason, cause, told', [
    (None, 'disk full', 'disk full'), ('cancelled by jane', 'disk full', 'cancelled by jane\ndisk full'),
    ('cancelled by jane', 'Error while templating: cancelled by jane', 'cancelled by jane')])
def test_what_fails_of_itself_while_it_is_cancelled_keeps_its_cause(reason, cause, told):
    assert _dag_follow_tasks.with_reason(reason, cause) == told


def test_a_no_log_failure_and_a_crash_tell_no_more_than_they_may(site):
    site.roles(check_process=[failing('Tr0ub4dor', on=['host1'], no_log=True),
                              {'name': 'Crash', 'ansible.legacy.stub': {'crash': 'out of cheese', 'on': ['host2']}}])
    site.plan(HOSTS)
    ran = site.run()
    assert 'Tr0ub4dor' not in ran.out[ran.out.index('OBProxy batch add, cluster foo, run'):]
    hidden, crashed = (error for error, in site.rows('error') if error)
    assert 'no_log' in hidden
    assert 'out of cheese' in crashed


def test_serial_batches_are_followed_one_after_the_other(site):
    site.roles(install_package=[failing('broken', on=['host1'])],
               update_status=[{'name': 'Once per batch', 'ansible.legacy.stub': {}, 'run_once': True}])
    site.playbook(hosts=HOSTS, serial=[2, 10])
    site.plan(HOSTS)
    site.run()
    assert site.states('host1') == chain('SUCCESSFUL', 'FAILED', 'PENDING', 'PENDING')
    assert site.states('host2') == site.states('host3') == DONE


def test_hosts_that_are_never_reached_are_said_to_be_so(site):
    site.roles(check_process=[failing('broken', on=['host1'])])
    site.playbook(serial=1)
    site.plan(HOSTS)
    ran = site.run()
    assert site.states('host2') == chain('READY', 'PENDING', 'PENDING', 'PENDING')
    assert '1 FAILED, 2 NOT REACHED' in ran.out
    assert site.rows('status', 'obproxy_tasks')[1] == ('FAILED',)


def test_a_limit_without_localhost_is_explained(site):
    (site.folder / 'plan.yml').write_text(
        '[{hosts: localhost, gather_facts: false, tasks: [{oceanbase.obproxy.obproxy_batch_add: {cluster_id: 1, request: {}}}]}]')
    assert '--limit leaves out' in site.run('--limit', 'host1', playbook='plan.yml').said
    (site.folder / 'theirs.yml').write_text('[{hosts: localhost, gather_facts: false, tasks: [{debug: {}}]}]')
    assert '--limit leaves out' not in site.run('--limit', 'host1', playbook='theirs.yml').said


def test_what_a_takeover_does_not_know_yet_is_left_out(site):
    site.plan(['host1'])
    path = site.folder / 'plan.json'
    plan = json.loads(path.read_text())
    plan['hosts']['host1'].update(exporter_port=None, version=None)
    path.write_text(json.dumps(plan))
    assert any(line.endswith('  foo-2883, port 2883') for line in site.run().lines)


def test_other_playbooks_are_left_alone(site):
    (site.folder / 'theirs.yml').write_text(json.dumps([{'hosts': 'host1,host2', 'gather_facts': False, 'tasks': [
        {'name': 'Set', 'set_fact': {'run': {'id': 1}, 'hosts': {}}},
        {'name': 'Fail', 'ansible.legacy.stub': {'fail': 'theirs', 'on': ['host1']}},
        {'name': 'Ours', 'include_role': {'name': 'oceanbase.obproxy.finish'}}]}]))
    watched = site.run(playbook='theirs.yml', ANSIBLE_FORKS='1')
    alone = site.run(playbook='theirs.yml', ANSIBLE_FORKS='1', ANSIBLE_CALLBACKS_ENABLED=None)
    assert (watched.code, watched.out, watched.err) == (alone.code, alone.out, alone.err)
    assert not site.database.exists()


def test_the_lines_are_among_ansible_runners_events(site):
    runner = pytest.importorskip('ansible_runner')
    site.roles(install_package=[failing('broken')])
    site.plan(HOSTS)
    private = site.folder / 'runner'
    private.mkdir()
    ran = runner.run(private_data_dir=str(private), project_dir=str(site.folder), playbook='site.yml', quiet=True,
                     inventory=str(site.folder / 'inventory.yml'), envvars=site.environment, verbosity=0)
    assert ran.status == 'failed'
    shown = '\n'.join(event['stdout'] for event in ran.events if event['event'] == 'verbose')
    assert '[ 4/4] host3  Finish node ' in shown
    assert 'host2 FAILED: Install rpm by package and version' in shown
    assert 'launch the job again' in shown and 'ansible-playbook' not in shown
    assert site.states('host1') == DONE
