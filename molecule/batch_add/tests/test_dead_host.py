"""A dead host fails in its own subtask; the others go on; running the same command again mends it."""
import json
import os
import sqlite3
import subprocess

import faults
import pytest
from lab import Lab
from probe import Proxy, hosts, until

testinfra_hosts = hosts(2)

SYS = 'sys-mol-c01d55e8'
STATE = os.environ['LAB_STATE']
LAB = Lab(os.path.basename(STATE))


@pytest.fixture
def request_file(tmp_path):
    with sqlite3.connect(f'{STATE}/ansible/obproxy/registry.db') as registry:
        version = registry.execute('select version from obproxy_servers limit 1').fetchone()[0]
    path = tmp_path / 'batch_add.json'
    path.write_text(json.dumps({'hostIds': [2, 3], 'sqlPort': 2883, 'exporterPort': 2884, 'version': version}))
    return path


def batch_add(request_file, events, *options):
    """Run it as a user would, in a process of its own."""
    inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
    return subprocess.run(
        ['ansible-playbook', 'oceanbase.obproxy.batch_add', '-i', inventory, '-e', 'obproxy_cluster_id=beta',
         '-e', f'@{request_file}', *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
             'ANSIBLE_TIMEOUT': '5', 'OBPROXY_DAG_JSON': str(events)})


def last_states(events):
    """The last subtask of each host, and what became of it."""
    found = [json.loads(line) for line in events.read_text().splitlines()]
    return {event['host']: (event['name'], event['status']) for event in found if event['event'] == 'subtask'}


def test_the_others_go_on_and_the_next_run_mends_it(host, request_file, tmp_path):
    proxy = Proxy(host, 2883)
    faults.kill(LAB, 3)
    first = batch_add(request_file, tmp_path / 'first.jsonl')
    assert first.returncode != 0
    assert proxy.answers(SYS)
    before = proxy.started()
    states = {}
    for line in (tmp_path / 'first.jsonl').read_text().splitlines():
        event = json.loads(line)
        if event['event'] == 'subtask':
            states.setdefault(event['host'], []).append((event['name'], event['status']))
    assert states['host2'][-1] == ('Finish node', 'SUCCESSFUL')
    assert states['host3'] == [('Prepare obproxy install', 'RUNNING'), ('Prepare obproxy install', 'FAILED')]
    assert 'ansible-playbook oceanbase.obproxy.batch_add' in first.stdout.split('Next:')[1]

    faults.start(LAB, 3)
    second = batch_add(request_file, tmp_path / 'second.jsonl')
    assert second.returncode == 0, second.stdout
    assert proxy.started() == before
    with sqlite3.connect(f'{STATE}/ansible/obproxy/registry.db') as registry:
        found = registry.execute("select status from obproxy_servers join obproxy_hosts on "
                                 "obproxy_hosts.id = obproxy_servers.host_id where obproxy_hosts.id in (2, 3)")
        assert [row[0] for row in found] == ['RUNNING', 'RUNNING']


def test_a_hung_proxy_is_started_again(host):
    proxy = Proxy(host, 2883)
    before = proxy.pid()
    assert host.run(f'kill -STOP {before}').rc == 0
    until(lambda: proxy.pids() not in ([], [before]), 60)
    until(lambda: proxy.answers(SYS))


def test_a_host_that_hangs_keeps_nobody_waiting(host, request_file, tmp_path):
    rpm = '/usr/local/sbin/rpm'
    assert host.run(f"printf '#!/bin/sh\\nexec sleep 987\\n' >{rpm} && chmod 755 {rpm}").rc == 0
    try:
        done = batch_add(request_file, tmp_path / 'hung.jsonl', '-e', '{"obproxy_timeouts": {"prepare_install": 15}}')
        until(lambda: host.run("pgrep -f 'sleep 98[7]'; pgrep -fx /usr/bin/python3").stdout == '')
    finally:
        host.run(f"rm {rpm}; pkill -f 'sleep 98[7]'")
    assert done.returncode != 0
    assert last_states(tmp_path / 'hung.jsonl') == {
        'host2': ('Prepare obproxy install', 'FAILED'), 'host3': ('Finish node', 'SUCCESSFUL')}
    # Where a failed task is shown depends on the version of ansible-core.
    said = done.stdout + done.stderr
    assert 'host2: task' in said and 'timed out after 15 s' in done.stdout, said
