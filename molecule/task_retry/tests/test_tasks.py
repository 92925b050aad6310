"""A task that failed is retried, skipped and rolled back; a run that is killed lets go of its cluster."""
import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest
from probe import Proxy, hosts, until

testinfra_hosts = hosts(2)

SYS = 'sys-mol-5d0a97be'
STATE = os.environ['LAB_STATE']
LEASE = 4
RPM = os.path.basename(os.environ.get('OBPROXY_RPM') or 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm')
LOOK = ('rpm -qa obproxy obproxy-ce; ls -A /etc/obproxy /opt/obproxy /etc/cron.d /home; getent passwd admin; '
        'pgrep -ax "obproxy|obproxyd.sh"; true')


def start(playbook, *options):
    """Start a playbook as a user would, in a process of its own."""
    inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
    return subprocess.Popen(
        ['ansible-playbook', f'oceanbase.obproxy.{playbook}', '-i', inventory, '-e', f'obproxy_lease_seconds={LEASE}', *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag'})


def run(playbook, *options):
    """Return the exit code and the output of a playbook."""
    with start(playbook, *options) as process:
        output = process.communicate()[0]
    return process.returncode, output


def registry(sql):
    with sqlite3.connect(f'{STATE}/ansible/obproxy/registry.db') as connection:
        return connection.execute(sql).fetchall()


def last_task():
    return registry('select max(id) from obproxy_tasks')[0][0]


def subtasks(task_id):
    return {role: (status, operation, times) for role, status, operation, times in registry(
        f'select role, status, operation, run_time from obproxy_subtasks where task_id = {task_id}')}


@pytest.fixture
def body(tmp_path):
    def add(port):
        path = tmp_path / 'batch_add.json'
        path.write_text(json.dumps({'hostIds': [2], 'sqlPort': port, 'exporterPort': port + 1, 'version': RPM}))
        return '-e', 'obproxy_cluster_id=tau', '-e', f'@{path}'
    return add


@pytest.fixture
def stranger(host):
    """Take a port that an instance will want; give it back at the end, or before."""
    taken = []

    def take(port):
        host.check_output(f'setsid python3 -m http.server {port} >/dev/null 2>&1 </dev/null & echo $! > /run/stranger')
        until(lambda: host.run(f"ss -Hltn 'sport = :{port}'").stdout)
        taken.append(port)

    def leave():
        while taken:
            port = taken.pop()
            host.check_output('kill $(cat /run/stranger)')
            until(lambda: not host.run(f"ss -Hltn 'sport = :{port}'").stdout)
    take.leave = leave
    yield take
    leave()


def test_skipped_then_rolled_back_then_added_then_killed_and_retried(host, body, stranger):
    before = host.check_output(LOOK)
    stranger(2884)
    code, output = run('batch_add', *body(2883), '-e', 'obproxy_rollback_on_failure=true')
    assert code != 0 and 'Port 2884' in output and 'Rolled back: the host is as it was before.' in output
    assert host.check_output(LOOK) == before
    assert registry(f'select operation, status from obproxy_tasks where id = {last_task()}') == [('ROLLBACK', 'SUCCESSFUL')]
    assert registry('select count(*) from obproxy_servers') == [(0,)]

    code, output = run('batch_add', *body(2883))
    task = last_task()
    assert code != 0 and f'task_retry -e obproxy_task_id={task}' in output
    subtask = re.search(r'obproxy_subtask_id=(\d+)', output)[1]

    assert run('task_skip', '-e', f'obproxy_subtask_id={subtask}')[0] != 0
    states = subtasks(task)
    assert states['check_process'][:2] == ('SUCCESSFUL', 'SKIP') and states['start_obproxy'][0] == 'FAILED'

    code, output = run('task_rollback', '-e', f'obproxy_task_id={task}')
    assert code == 0, output
    stranger.leave()
    assert host.check_output(LOOK) == before
    assert registry('select count(*) from obproxy_servers') == [(0,)]

    stranger(2884)
    assert run('batch_add', *body(2883))[0] != 0
    stranger.leave()
    code, output = run('task_retry')
    assert code == 0, output
    states = subtasks(last_task())
    assert {status for status, _operation, _times in states.values()} == {'SUCCESSFUL'}
    assert (states['check_process'][2], states['prepare_create'][2]) == (2, 1)
    assert Proxy(host, 2883).answers(SYS)
    proxy = Proxy(host, 2883).started()

    last_run = registry('select max(id) from obproxy_runs')[0][0]
    process = start('batch_add', *body(2883))
    until(lambda: registry(f'select recorded from obproxy_runs where id > {last_run}') == [(1,)])
    code, output = run('batch_add', *body(2883))
    assert code != 0 and 'on which no other run is at work' in output
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: run('batch_add', *body(2883))[0] == 0, 240)
    assert Proxy(host, 2883).started() == proxy
    assert 'FAILED' in run('tasks', '-e', 'obproxy_task_status=FAILED')[1]
