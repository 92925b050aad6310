# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection with stub roles, a registry with a planned run, and ansible-playbook to run over them."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import pytest
import yaml

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry

ROOT = pathlib.Path(__file__).resolve().parents[4]
ROLES = ('check_process', 'install_package', 'update_status', 'finish')
STEPS = tuple(step for step in _dag.INSTALL if step.role in ROLES)
TOGETHER = (dataclasses.replace(STEPS[0], shared=True), *STEPS[1:-1], dataclasses.replace(STEPS[-1], shared=True))
FINE = [{'name': 'Do it', 'ansible.legacy.stub': {}}]

STUB = '''
import json, os, sqlite3, time
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        here = task_vars['inventory_hostname'] in args.get('on', [task_vars['inventory_hostname']])
        if here and 'plan' in args:
            with open(args['plan']) as stream:
                return json.load(stream)
        if here and 'returns' in args:
            return args['returns']
        if here and 'drop' in args:
            database = sqlite3.connect(args['drop'])
            database.execute('alter table obproxy_subtasks rename to lost')
            database.commit()
        if here and 'seen' in args:
            return self.look(args['seen'], args['expect'])
        if here and 'unreachable' in args:
            raise AnsibleConnectionFailure(args['unreachable'])
        if here and 'crash' in args:
            raise RuntimeError(args['crash'])
        if here and 'fail' in args:
            return {'failed': True, 'msg': args['fail'], 'stdout': 'not-to-be-shown'}
        return {'changed': 'say' in args, 'msg': args.get('say', ''), 'stdout': 'not-to-be-shown'}

    def look(self, path, expected):
        deadline = time.monotonic() + 10
        while True:
            database = sqlite3.connect(path)
            seen = dict(database.execute('select role || ":" || host, status from obproxy_subtasks'))
            database.close()
            if all(seen[key] == status for key, status in expected.items()):
                return {'changed': False}
            if time.monotonic() > deadline:
                return {'failed': True, 'msg': 'expected %s, saw %s' % (expected, seen)}
            time.sleep(0.05)
'''


class Actor:
    """Who planned the run."""

    creator = executor = 'tests'


@dataclasses.dataclass
class Ran:
    """What came of an ansible-playbook."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def said(self):
        """Return all output as one line, however it was wrapped."""
        return ' '.join((self.err + self.out).split())

    def line_of(self, host, name):
        """Return the one line of a subtask on a host as its words after the name."""
        found = [line.split(name)[1].split() for line in self.lines
                 if '/4] ' in line and f' {host} ' in line and name in line and line.lstrip('check ').startswith('[')]
        assert len(found) == 1, (host, name, self.out)
        return found[0]


class Site:
    """A folder with everything that a run needs."""

    def __init__(self, folder):
        self.folder = folder
        self.database = folder / 'registry.db'
        self.environment = {
            'PATH': f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", 'HOME': str(folder), 'LC_ALL': 'C.UTF-8', 'COLUMNS': '160',
            'ANSIBLE_COLLECTIONS_PATH': str(folder / 'collections'), 'ANSIBLE_HOME': str(folder / 'home'),
            'ANSIBLE_ACTION_PLUGINS': str(folder / 'action'), 'ANSIBLE_LIBRARY': str(folder / 'library'), 'ANSIBLE_NOCOLOR': '1',
            'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag', 'OBPROXY_REGISTRY_URL': self.url,
            '_ANSIBLE_CALLBACK_DISPATCH_ERROR_BEHAVIOR': 'error', 'PYTHONDONTWRITEBYTECODE': '1',
        }
        self.collection = folder / 'collections' / 'ansible_collections' / 'oceanbase' / 'obproxy'
        self.collection.mkdir(parents=True)
        for name in ('plugins', 'meta', 'galaxy.yml'):
            (self.collection / name).symlink_to(ROOT / name)
        for name, text in (('action', STUB), ('library', '')):
            (folder / name).mkdir()
            (folder / name / 'stub.py').write_text(text)

    @property
    def url(self):
        return f'sqlite:///{self.database}'

    def roles(self, **tasks):
        """Write the stub roles, all fine but the given ones."""
        for role in ROLES:
            path = self.collection / 'roles' / role / 'tasks'
            path.mkdir(parents=True, exist_ok=True)
            (path / 'main.yml').write_text(yaml.safe_dump(tasks.get(role, FINE)))

    def plan(self, hosts, shared=False):
        """Write a run to the registry as the planners do, and its plan to a file."""
        registry, graphs = Registry(self.url), {}
        with registry.transaction() as store:
            run_id = store.tasks.add_run('create' if shared else 'batch_add', None, Actor, 'trace')
            for names in ([hosts] if shared else [[host] for host in hosts]):
                nodes = _dag.fan(TOGETHER, names) if shared else _dag.chain(STEPS, names[0])
                task_id = store.tasks.add_task(run_id, 'Install obproxy', None, {}, nodes, Actor)
                graphs.update(dict.fromkeys(names, task_id))
        tasks = registry.tasks(run_id)
        rows = {(task, host, role): key for key, task, host, role in self.rows('id, task_id, host, role')}
        plan = {host: {'task_id': task_id, 'subtasks': {
            step.role: rows.get((task_id, host, step.role)) or rows[task_id, None, step.role] for step in STEPS}} for host, task_id in graphs.items()}
        (self.folder / 'plan.json').write_text(json.dumps({
            'data': tasks[0] if shared else {'contents': tasks}, 'successful': True,
            'hosts': {host: {'name': 'foo-2883', 'sql_port': 2883, 'exporter_port': 2884, 'version': 'x.rpm'} for host in hosts},
            'run': {'id': run_id, 'operation': 'create' if shared else 'batch_add', 'cluster_id': 7, 'cluster_name': 'foo',
                    'hosts': plan}}))
        return run_id

    def rows(self, columns, table='obproxy_subtasks'):
        database = sqlite3.connect(self.database)
        try:
            return database.execute(f'select {columns} from {table} order by id').fetchall()
        finally:
            database.close()

    def states(self, host):
        """Return the states of a host's subtasks (None: the shared ones) by role."""
        return {role: status for name, role, status in self.rows('host, role, status') if name == host}

    def playbook(self, hosts=('host1', 'host2', 'host3'), variables=None, **play):
        """Write an inventory and a playbook of the operations' form."""
        inventory = {'all': {'hosts': {host: {'ansible_connection': 'local'} for host in hosts}, 'vars': variables or {}}}
        (self.folder / 'inventory.yml').write_text(yaml.safe_dump(inventory))
        imports = [{'name': step.name, 'import_role': {'name': f'oceanbase.obproxy.{step.role}'}} for step in STEPS]
        (self.folder / 'site.yml').write_text(yaml.safe_dump([
            {'hosts': 'localhost', 'connection': 'local', 'gather_facts': False, 'tasks': [
                {'name': 'Plan', 'ansible.legacy.stub': {'plan': str(self.folder / 'plan.json')}, 'register': 'obproxy_plan'}]},
            {'hosts': "{{ hostvars['localhost'].obproxy_plan.hosts | list + ['localhost'] }}", 'gather_facts': False,
             'connection': 'local', 'vars': {'obproxy_plan': "{{ hostvars['localhost'].obproxy_plan }}"},
             'tasks': [{'when': 'inventory_hostname in obproxy_plan.hosts', 'block': imports}], **play},
        ]))

    def more_plays(self, *plays):
        """Add plays to the end of the playbook."""
        path = self.folder / 'site.yml'
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) + list(plays)))

    def run(self, *words, playbook='site.yml', **environment):
        """Run ansible-playbook."""
        tool = shutil.which('ansible-playbook', path=self.environment['PATH'])
        command = [tool, '-i', 'inventory.yml', playbook, *words]
        merged = {name: value for name, value in {**self.environment, **environment}.items() if value is not None}
        done = subprocess.run(command, cwd=self.folder, env=merged, text=True, capture_output=True, timeout=120, check=False)
        assert 'oceanbase.obproxy.dag stopped' not in done.stderr + done.stdout, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def site(tmp_path):
    """Return a site with stub roles that are all fine and a playbook for three hosts."""
    made = Site(tmp_path)
    made.roles()
    made.playbook()
    return made
