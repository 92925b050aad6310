# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re
import subprocess
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.oceanbase.obproxy.plugins.action import obproxy_instance
from ansible_collections.oceanbase.obproxy.plugins.modules.obproxy_instance import argument_spec

TEMPLATES = pathlib.Path(__file__).parents[4] / 'roles' / 'prepare_create' / 'templates'
RECORD = {'name': "o'hara-2883", 'cluster_name': "o'hara", 'sql_port': 2883, 'exporter_port': 2884, 'rpc_port': None,
          'package': {'version': '4.3.1.0'}}


class Action(obproxy_instance.ActionModule):
    """The action, whose module only says what it was given."""

    def __init__(self, **args):
        task = SimpleNamespace(args=args, check_mode=False, async_val=0, action='obproxy_instance')
        super().__init__(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(check_mode=False), None, None, None)

    def _execute_module(self, module_args=None, **kwargs):
        return module_args


def test_the_files_are_rendered_of_the_record():
    given = Action(templates=str(TEMPLATES), record=RECORD, base='/data/100%', user='proxy').run(task_vars={})
    assert set(given) == {'record', 'base', 'user', 'obproxyd', 'unit', 'cron'}
    assert subprocess.run(['bash', '-n'], input=given['obproxyd'], text=True, check=False, capture_output=True).returncode == 0
    settings = ''.join(line + '\n' for line in given['obproxyd'].splitlines() if re.match(r'(name|home|user|sql_port|rpc_port)=', line))
    told = subprocess.run(['bash', '-c', settings + 'printf "%s|" "$name" "$home" "$user" "$sql_port" "$rpc_port"'],
                          text=True, check=True, capture_output=True).stdout
    assert told == "o'hara-2883|/data/100%/o'hara-2883|proxy|2883|0|"
    assert 'ExecStart="/data/100%%/o\'hara-2883/obproxyd.sh" -c run\n' in given['unit']
    assert '@reboot proxy ' in given['cron'] and '100\\%' in given['cron']
    assert given['obproxyd'].startswith('#!') and all(given[name].endswith('\n') for name in ('obproxyd', 'unit', 'cron'))


def test_what_is_left_out_is_as_the_module_has_it():
    assert {name: argument_spec()[name]['default'] for name in ('base', 'user')} == obproxy_instance.DEFAULTS
    assert "home='/opt/obproxy/o'" in Action(templates=str(TEMPLATES), record=RECORD).run(task_vars={})['obproxyd']


def test_without_templates_the_module_is_given_what_the_task_says():
    assert Action(name='foo-2883', state='absent').run(task_vars={}) == {'name': 'foo-2883', 'state': 'absent'}


@pytest.mark.parametrize('args, words', [
    ({'unit': ''}, 'templates and unit exclude each other'),
    ({'record': {'name': 'foo-2883'}}, 'cannot be rendered with the record given'),
    ({'templates': '/nowhere'}, 'obproxyd.sh.j2 is not in /nowhere'),
])
def test_what_cannot_be_rendered_is_refused(args, words):
    with pytest.raises(AnsibleActionFail, match=re.escape(words)):
        Action(**{'templates': str(TEMPLATES), 'record': RECORD, **args}).run(task_vars={})
