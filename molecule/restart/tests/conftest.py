"""Runs the collection's playbooks as a user would, and reads what the applications on the hosts have noticed."""
import json
import os
import sqlite3
import subprocess

import pytest
from probe import Proxy, hosts

STATE = os.environ['LAB_STATE']
SYS = 'sys-mol-93b7e0c4'


@pytest.fixture
def play(tmp_path):
    def operation(name, *options, **variables):
        path = tmp_path / 'variables.json'
        path.write_text(json.dumps({'obproxy_cluster_id': 'omega', **variables}))
        inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
        done = subprocess.run(
            ['ansible-playbook', f'oceanbase.obproxy.{name}', '-i', inventory, '-e', f'@{path}', *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, check=False, timeout=600,
            env={**os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
                 'ANSIBLE_TIMEOUT': '5', 'ANSIBLE_NOCOLOR': '1', 'COLUMNS': '200'})
        return done.returncode, done.stdout
    return operation


@pytest.fixture
def registry():
    def query(sql):
        with sqlite3.connect(f'{STATE}/ansible/obproxy/registry.db') as connection:
            return connection.execute(sql).fetchall()
    return query


@pytest.fixture
def proxies(host):
    """The proxies by their hosts' numbers."""
    return {number: Proxy(host.get_host(hosts(number)[0]), 2883) for number in (1, 2, 3)}


@pytest.fixture
def report():
    """What the application on a proxy's host has counted so far."""
    def read(proxy):
        return json.loads(proxy.host.check_output('cat /opt/application/report.json'))
    return read
