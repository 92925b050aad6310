"""Runs the collection's playbooks as a user would."""
import json
import os
import subprocess

import pytest

STATE = os.environ['LAB_STATE']


def run(*words, **more):
    inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
    return subprocess.run(
        [*words[:2], '-i', inventory, *words[2:]], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        timeout=300, env={**os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
                          'ANSIBLE_TIMEOUT': '5', 'ANSIBLE_FORCE_COLOR': '0', 'ANSIBLE_NOCOLOR': '1', **more})


@pytest.fixture
def play(tmp_path):
    def operation(name, cluster=None, body=None, **variables):
        given = {'obproxy_request': body} if body else {}
        path = tmp_path / 'variables.json'
        path.write_text(json.dumps({**given, **({'obproxy_cluster_id': cluster} if cluster else {}), **variables}))
        return run('ansible-playbook', f'oceanbase.obproxy.{name}', '-e', f'@{path}')
    return operation


@pytest.fixture
def survey():
    def of(host, port, password):
        arguments = json.dumps({'sys_passwords': [password], 'sql_port': port})
        done = run('ansible', host, '-m', 'oceanbase.obproxy.obproxy_instance_info', '-a', arguments, '-o')
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout.split(' => ', 1)[1])
        return next(one for one in found['instances'] if one['sql_port'] == port)
    return of
