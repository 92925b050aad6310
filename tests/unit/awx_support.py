# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWX that keeps in mind what it is told; awx.awx's own argument specs judge each call."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = ROOT / 'tests' / 'unit' / 'fixtures' / 'awx' / 'specs.json'

STUB = '''
import json, pathlib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

HERE = pathlib.Path(__file__).parent

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        name = self._task.action.rpartition('.')[2]
        spec = json.loads((HERE / 'specs.json').read_text())['modules'].get(name)
        if spec is not None:
            judged = ArgumentSpecValidator(spec).validate(self._task.args)
            if judged.error_messages:
                return {'failed': True, 'msg': '; '.join(judged.error_messages)}
        with open(HERE / 'calls.jsonl', 'a') as stream:
            print(json.dumps([name, self._task.args]), file=stream)
        return {'changed': True}
'''


class Controller:
    """A place where ansible-playbook runs beside a collection awx.awx."""

    def __init__(self, folder):
        self.folder = folder
        here = folder / 'ansible_collections' / 'oceanbase' / 'obproxy'
        here.mkdir(parents=True)
        for name in ('playbooks', 'plugins', 'meta', 'roles', 'galaxy.yml'):
            (here / name).symlink_to(ROOT / name)
        self.stubs = folder / 'ansible_collections' / 'awx' / 'awx' / 'plugins' / 'action'
        modules = self.stubs.parent / 'modules'
        for place in (self.stubs, modules):
            place.mkdir(parents=True)
        (self.stubs / 'specs.json').write_text(SPECS.read_text())
        for name in [*json.loads(SPECS.read_text())['modules'], 'record']:
            (self.stubs / f'{name}.py').write_text(STUB)
            (modules / f'{name}.py').touch()

    def run(self, playbook, *options, **variables):
        """Return the exit code and what was said."""
        given = self.folder / 'given.json'
        given.write_text(json.dumps(variables))
        done = subprocess.run(
            [sys.executable, '-m', 'ansible', 'playbook', playbook, '-e', f'@{given}', *options], cwd=self.folder, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, timeout=300,
            env={**os.environ, 'HOME': str(self.folder), 'ANSIBLE_HOME': str(self.folder / 'home'), 'ANSIBLE_NOCOLOR': '1',
                 'ANSIBLE_COLLECTIONS_PATH': str(self.folder), 'LC_ALL': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'})
        return done.returncode, done.stdout

    @property
    def calls(self):
        """Return the calls as pairs of module and arguments."""
        return [json.loads(line) for line in (self.stubs / 'calls.jsonl').read_text().splitlines()]

    def told(self, module):
        """Return the arguments of each call of a module."""
        return [arguments for name, arguments in self.calls if name == module]
