"""Runs the collection's playbooks as a user would."""
import json
import os
import subprocess

import pytest

STATE = os.environ['LAB_STATE']


@pytest.fixture
def play(tmp_path):
    def run(name, *words, body=None, **variables):
        path = tmp_path / 'variables.json'
        path.write_text(json.dumps({**({'obproxy_request': body} if body is not None else {}), 'obproxy_cluster_id': 'delta', **variables}))
        inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
        # What has failed is told on either, by version of ansible-core.
        done = subprocess.run(
            ['ansible-playbook', f'oceanbase.obproxy.{name}', '-i', inventory, '-e', f'@{path}', *words], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, stdin=subprocess.DEVNULL, timeout=300, env={
                **os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
                'ANSIBLE_TIMEOUT': '5', 'ANSIBLE_FORCE_COLOR': '0', 'ANSIBLE_NOCOLOR': '1'})
        return done.returncode, done.stdout
    return run


@pytest.fixture
def change(play):
    def of(*words, **values):
        return play('parameters', *words, body={'parameters': [{'name': name, 'value': value} for name, value in values.items()]})
    return of
