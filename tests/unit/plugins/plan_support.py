# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small fleet, for the tests of what runs on the controller."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import subprocess
import sys

import pytest
import sqlalchemy as sa

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _migrations, _plan
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._envelope import Actor
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operations import plan_operation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings

SAMPLES = pathlib.Path(__file__).parents[1] / 'fixtures' / 'ocp'
RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
OLD_RPM = 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm'
CREATE = {
    'name': 'foo', 'address': 'foo.bar', 'port': 2883, 'workMode': 'CONFIG_URL',
    'obproxyInstallParam': {'hostIds': [1, 2], 'sqlPort': 2883, 'exportPort': 2884, 'version': RPM},
    'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}],
    'startupParameters': [{'name': 'work_thread_num', 'value': '4'}],
    'parameters': [{'name': 'syslog_level', 'value': 'INFO'}],
}
ADD = {'hostIds': [3], 'sqlPort': 2883, 'exporterPort': 2884, 'version': RPM}


class World:
    """An inventory, variables and a registry; requests are planned against them."""

    def __init__(self, folder):
        self.folder = folder
        packages = folder / 'packages'
        packages.mkdir()
        for name in (RPM, OLD_RPM):
            (packages / name).touch()
        self.hosts = {
            'alpha': {'obproxy_host_id': 1, 'ansible_host': '10.0.0.11'},
            'beta': {'obproxy_host_id': '2'},
            'gamma': {'obproxy_host_id': 3},
            'delta': {},
        }
        self.variables = {
            'obproxy_sys_password': 'sys-s3cret', 'obproxy_package_dir': str(packages),
            'obproxy_config_server_url': 'http://ocp:8080/services?Action=GetObProxyConfig',
            'obproxy_ob_clusters': {'hooray': {'root_servers': ['10.0.0.1:2881', '10.0.0.2:2881'], 'proxyro_password': 'ro-s3cret'}},
        }
        self.path = folder / 'registry.db'
        self.url = f'sqlite:///{self.path}'

    @property
    def registry(self):
        """Return the registry, as a new process would open it."""
        return Registry(self.url)

    def plan(self, operation, body, cluster=None, check_mode=False):
        """Plan a request as the actions do, when no other run is at work."""
        self.forget_leases()
        return self.plan_beside(operation, body, cluster, check_mode)

    def sql(self, *statements):
        """Carry out SQL past the code under test; return the last statement's rows."""
        engine = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection, connection.begin():
            for statement in statements:
                done = connection.execute(sa.text(statement))
            return [dict(row) for row in done.mappings()] if done.returns_rows else []

    def forget_leases(self):
        """Let the leases of all runs run out."""
        if self.is_there():
            self.sql('UPDATE obproxy_runs SET lease_until = NULL')

    def is_there(self):
        """Tell whether anything was written yet."""
        return self.path.exists()

    def lose(self):
        """Lose the registry with all that is in it."""
        self.path.unlink()

    def plan_beside(self, operation, body, cluster=None, check_mode=False, lease=30):
        """Plan a request although other runs may be at work."""
        inventory = Inventory(self.hosts, self.hosts)
        return _plan.plan(
            operation, body, cluster, inventory, Settings(self.variables.get, inventory), self.registry,
            Actor('admin', '192.0.2.9', 'controller'), '0123456789abcdef', check_mode, lease)

    def operate(self, operation, body=None, cluster='foo', check_mode=False):
        """Plan an operation on servers that a cluster has, when no other run is at work."""
        self.forget_leases()
        inventory = Inventory(self.hosts, self.hosts)
        with (self.registry.rehearsal() if check_mode else self.registry).transaction() as store:
            return plan_operation(
                operation, body or {}, cluster, store, inventory, Settings(self.variables.get, inventory),
                Actor('admin', '192.0.2.9', 'controller'), '0123456789abcdef', 30, check_mode)

    def become_first_version(self):
        """Take away what later versions of the schema have added."""
        is_mysql = not self.url.startswith(('sqlite', 'postgresql'))
        if is_mysql:
            # MariaDB had made one of its own for the reference.
            self.sql('CREATE INDEX cluster_id ON obproxy_runs (cluster_id)')
        for added in _migrations.INDEXED.values():
            self.sql(*(f'DROP INDEX {index}' + (f' ON obproxy_{table}' if is_mysql else '') for table, index in added))
        for added in _migrations.ADDED.values():
            self.sql(*(f'ALTER TABLE obproxy_{table} DROP COLUMN {column}' if column else f'DROP TABLE obproxy_{table}'
                       for table, column in added))
        self.sql('DELETE FROM obproxy_schema', 'INSERT INTO obproxy_schema VALUES (1)')

    def refused(self, operation, body, cluster=None):
        """Return {field: fault} of a request that is refused, and the status."""
        with pytest.raises(RequestError) as caught:
            self.plan(operation, body, cluster)
        return {fault.field: fault for fault in caught.value.faults}, caught.value.status

    def rows(self, table):
        """Return what is in one of the registry's tables, past the code under test, but for the time that a lease has left."""
        rows = self.sql(f'SELECT * FROM obproxy_{table} ORDER BY id')
        for row in rows:
            row.pop('lease_until', None)
        return rows


# Writes a file within Ansible's own process: no module has to be packed and started for that.
SAVE = '''
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        with open(self._task.args['dest'], 'w', encoding='utf-8') as stream:
            stream.write(self._task.args['content'])
        return {'changed': True}
'''


class Playbooks:
    """Runs real playbooks against a tiny inventory; no host of it is ever connected to."""

    PLAN = {
        'name': 'Plan', 'register': 'obproxy_plan',
        'oceanbase.obproxy.obproxy_create': {
            'request': "{{ obproxy_request | default(lookup('oceanbase.obproxy.request', 'create')) }}",
            'registry_url': '{{ obproxy_registry_url | default(omit) }}'}}

    def __init__(self, world):
        self.folder = world.folder
        self.world = world
        for name, text in (('action', SAVE), ('library', '')):
            (self.folder / name).mkdir()
            (self.folder / name / 'save.py').write_text(text, encoding='utf-8')
        self.write('inventory.json', {'all': {'hosts': world.hosts, 'vars': {**world.variables, 'ansible_connection': 'local'}}})

    def write(self, name, content):
        """Write a file as JSON, which is YAML too."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding='utf-8')
        return path

    def run(self, tasks, *arguments, plays=(), **environment):
        """Run tasks on localhost, and more plays; return the exit code, the last task's result as seen by a play, and the output."""
        self.world.forget_leases()
        book = self.write('play.json', [{'hosts': 'localhost', 'gather_facts': False, 'tasks': tasks}, *plays])
        done = subprocess.run(
            [sys.executable, '-m', 'ansible', 'playbook', '-i', str(self.folder / 'inventory.json'), str(book), *arguments],
            capture_output=True, text=True, timeout=120, cwd=self.folder, check=False, env={
                **os.environ, 'ANSIBLE_COLLECTIONS_PATH': str(pathlib.Path(_dag.__file__).parents[5]),
                'ANSIBLE_ACTION_PLUGINS': str(self.folder / 'action'), 'ANSIBLE_LIBRARY': str(self.folder / 'library'),
                'ANSIBLE_HOME': str(self.folder / 'home'), 'ANSIBLE_STDOUT_CALLBACK': 'ansible.builtin.default',
                'ANSIBLE_LOCALHOST_WARNING': 'false', 'ANSIBLE_NOCOLOR': 'true', 'OBPROXY_REGISTRY_URL': self.world.url,
                'PYTHONPATH': os.pathsep.join(filter(None, sys.path)), 'ANSIBLE_DEPRECATION_WARNINGS': 'false', **environment})
        return done.returncode, done.stdout + done.stderr

    def saved(self, *tasks, name='obproxy_plan'):
        """Return tasks with one more that saves a variable, whatever the others came to."""
        save = {'ansible.legacy.save': {'content': '{{ %s | to_json }}' % name, 'dest': str(self.folder / 'saved.json')}}
        return [{'block': list(tasks), 'always': [save]}]

    @property
    def result(self):
        """Return what was saved."""
        return json.loads((self.folder / 'saved.json').read_text(encoding='utf-8'))


@pytest.fixture
def playbooks(world):
    return Playbooks(world)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def create_body():
    return copy.deepcopy(CREATE)


@pytest.fixture
def add_body():
    return copy.deepcopy(ADD)


@pytest.fixture
def sample():
    def read(name):
        return json.loads((SAMPLES / f'{name}.json').read_text(encoding='utf-8'))
    return read
