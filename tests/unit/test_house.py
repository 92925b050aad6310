# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks, roles, metadata and documents promise each other."""

from __future__ import annotations

import pathlib
import re
import runpy

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _dag_operations, _settings, _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import BODIES

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / 'roles').iterdir())


def load(*parts):
    return yaml.safe_load(ROOT.joinpath(*parts).read_text(encoding='utf-8'))


def specs(role):
    return load('roles', role, 'meta', 'argument_specs.yml')['argument_specs']


GRAPHS = {
    'create': _dag.INSTALL, 'batch_add': _dag.INSTALL, 'take_over': _dag.TAKE_OVER, 'stop': _dag_operations.STOP,
    'start': _dag_operations.START, 'credentials': _dag_operations.CREDENTIALS_RESET,
    'links': _dag_operations.LINKS, 'parameters': _dag_operations.PARAMETERS, 'remove': _dag_operations.OFFLINE, 'delete': _dag_operations.OFFLINE,
}
ROLLS = {'restart': _dag_operations.RESTART, 'upgrade': _dag_operations.UPGRADE}
# What the others do is not undone: running them again mends it.
UNDONE = {step.role for step in (*_dag.INSTALL, *_dag.TAKE_OVER)}


@pytest.mark.parametrize('playbook, graph', GRAPHS.items())
def test_a_playbook_lists_the_roles_in_the_order_of_its_graph(playbook, graph):
    plays = [play for play in load('playbooks', f'{playbook}.yml')[1:] if 'tasks' in play]
    tasks = [task for play in plays for task in play['tasks'][0].get('block', ())]
    listed = [(task['name'], task['ansible.builtin.import_role']['name']) for task in tasks]
    assert listed == [(step.name, f'oceanbase.obproxy.{step.role}') for step in graph]


@pytest.mark.parametrize('playbook', [*GRAPHS, *ROLLS])
def test_the_controller_is_the_last_host_of_a_play(playbook):
    """What is done once for all is done on the first; Ansible's union of lists has no order."""
    servers = {f'host{number}': {} for number in range(9)}
    planned = {'hostvars': {'localhost': {'obproxy_plan': {'hosts': servers, 'members': servers}}}}
    hosts = NativeEnvironment().from_string(load('playbooks', f'{playbook}.yml')[1]['hosts']).render(planned)
    assert list(hosts) == [*servers, 'localhost']


@pytest.mark.parametrize('playbook, graph', ROLLS.items())
def test_a_roll_lists_the_roles_in_the_order_of_its_graph(playbook, graph):
    *before, batches, last = load('playbooks', f'{playbook}.yml')[1]['tasks']
    assert batches['ansible.builtin.include_tasks'] == 'parts/tasks/batch.yml'
    chain = load('playbooks', 'parts', 'tasks', batches['vars']['obproxy_chain'])
    listed = [(task['name'], task['ansible.builtin.import_role']['name']) for task in (*before, *chain, last)]
    assert listed == [(step.name, f'oceanbase.obproxy.{step.role}') for step in graph]


def test_no_folder_hides_a_playbook():
    """Ansible takes the name of a collection's playbook for a folder of that name, if there is one."""
    assert [path.stem for path in (ROOT / 'playbooks').glob('*.yml') if path.with_suffix('').exists()] == []


def listed_roles(playbook, play):
    tasks = load('playbooks', playbook)[play]['tasks'][0]['block']
    names = [task['ansible.builtin.import_role']['name'] for task in tasks if 'ansible.builtin.import_role' in task]
    return [name.rpartition('.')[2] for name in dict.fromkeys(names)]


@pytest.mark.parametrize('graph, part', [(_dag.INSTALL, 'resume'), (_dag.TAKE_OVER, 'resume_take_over')])
def test_what_takes_up_a_task_walks_its_graph_forwards_and_what_undoes_it_backwards(graph, part):
    roles = [step.role for step in graph]
    assert listed_roles(f'parts/{part}.yml', 0) == roles
    assert [role for role in listed_roles('parts/undo.yml', 0) if role in roles] == roles[::-1]


@pytest.mark.parametrize('role', ROLES)
def test_a_role_describes_its_entry_points(role):
    entries = {'main', 'rollback'} if role in UNDONE else {'main'}
    assert set(specs(role)) == entries
    for entry in entries:
        assert load('roles', role, 'tasks', f'{entry}.yml')


@pytest.mark.parametrize('role', ROLES)
def test_a_call_to_a_host_ends_there_and_here_in_its_subtask_s_time(role):
    on_controller = {'obproxy_update_status', 'obproxy_finish', 'obproxy_forget'}
    timeout = '{{ obproxy_server.timeouts.%s }}' % role
    for path in ROOT.joinpath('roles', role, 'tasks').glob('*.yml'):
        for task in load(path):
            modules = {key.rpartition('.')[2] for key in task if key.startswith('oceanbase.obproxy.')}
            assert modules <= on_controller or (task['timeout'], task['environment']) == (timeout, {'OBPROXY_TIMEOUT': timeout})


@pytest.mark.parametrize('role', ROLES)
def test_a_server_that_has_missed_a_change_of_its_password_is_let_in_to(role):
    for path in ROOT.joinpath('roles', role, 'tasks').glob('*.yml'):
        for task in load(path):
            for options in task.values():
                if isinstance(options, dict) and options.get('sys_password') == '{{ obproxy_sys_password }}':
                    given = {'obproxy_sys_password': 'new', 'obproxy_old_sys_passwords': ['old'], 'obproxy_current_sys_password': [],
                             'ansible_check_mode': False}
                    environment = NativeEnvironment()
                    environment.filters['flatten'] = lambda lists: sum(lists, [])
                    assert environment.from_string(options['old_sys_passwords']).render(given) == ['old'], task['name']


@pytest.mark.parametrize('role', ['stage_credentials', 'set_credentials', 'update_status'])
@pytest.mark.parametrize('known, asks', [
    ({'ansible_check_mode': True, 'obproxy_lost': {'changed': True}}, False),
    ({'ansible_check_mode': True, 'obproxy_lost': {'changed': False}}, True), ({'ansible_check_mode': True}, True),
    ({'ansible_check_mode': False, 'obproxy_lost': {'changed': True}}, True)])
def test_check_mode_asks_no_server_whose_lost_password_it_has_not_reset(role, known, asks):
    condition = load('roles', role, 'tasks', 'main.yml')[0]['when']
    assert NativeEnvironment().from_string('{{ %s }}' % condition).render(known) is asks


def test_every_module_that_works_on_a_host_keeps_its_deadline():
    for path in ROOT.joinpath('plugins', 'modules').glob('obproxy_*.py'):
        text = path.read_text(encoding='utf-8')
        assert 'runs on the controller' in text or 'def main():\n    keep_deadline()\n' in text, path.name


@pytest.mark.parametrize('role', ['offline_exporter', 'prepare_offline', 'register_exporter', 'relabel_exporter'])
def test_the_plan_and_the_roles_have_the_same_defaults_of_the_monitoring(role):
    assert _settings.MONITORING.items() <= load('roles', role, 'defaults', 'main.yml').items()


@pytest.mark.parametrize('role', ROLES)
def test_a_role_has_the_defaults_that_it_describes(role):
    path = ROOT / 'roles' / role / 'defaults' / 'main.yml'
    defaults = yaml.safe_load(path.read_text(encoding='utf-8')) if path.exists() else {}
    described = {name: option['default'] for entry in specs(role).values() for name, option in entry.get('options', {}).items()
                 if 'default' in option}
    assert defaults == described


def for_ansible(text):
    """Return what Ansible sees of a file; a template with marks of its own has metrics beside them."""
    return ' '.join(re.findall(r'\[%(.*?)%\]', text)) if text.startswith('#jinja2:') else text


@pytest.mark.parametrize('role', ROLES)
def test_a_role_uses_only_what_it_describes(role):
    text = ''.join(for_ansible(path.read_text(encoding='utf-8')) for kind in ('tasks', 'templates')
                   for path in (ROOT / 'roles' / role).glob(f'{kind}/*'))
    text = re.sub(r'oceanbase\.obproxy\.\w+', '', text)
    used = set(re.findall(r'(?<![\w.$/{])obproxy_\w+', text))
    described = {name for entry in specs(role).values() for name in entry.get('options', {})}
    shared = {'obproxy_survey', 'obproxy_live', 'obproxy_synced', 'obproxy_told', 'obproxy_registered', 'obproxy_stopped',
              'obproxy_drained', 'obproxy_probe', 'obproxy_restarted', 'obproxy_upgraded', 'obproxy_result', 'obproxy_registry_url',
              'obproxy_monitoring_host', 'obproxy_lost', 'obproxy_turn', 'obproxy_link', 'obproxy_account', 'obproxy_accounts',
              'obproxy_started', 'obproxy_let_in', 'obproxy_taken'}
    assert used - described - shared == set()


def test_one_variable_has_one_default_in_all_roles():
    seen = {}
    for role in ROLES:
        for entry in specs(role).values():
            for name, option in entry.get('options', {}).items():
                assert seen.setdefault(name, option) == option, f'{role}: {name}'


def test_the_guide_has_every_subtask_s_timeout():
    rows = re.findall(r'^\| (\d+|none) \| (`\w+`(?:, `\w+`)*) \|$', (ROOT / 'docs' / 'operations.md').read_text(encoding='utf-8'), re.M)
    told = {role: 0 if seconds == 'none' else int(seconds) for seconds, roles in rows for role in re.findall(r'\w+', roles)}
    steps = [step for graph in _timeouts.GRAPHS for step in graph if isinstance(step, _dag.Step)]
    assert told == {step.role: step.timeout for step in steps}


def test_every_module_is_in_the_action_group():
    modules = sorted(path.stem for path in (ROOT / 'plugins' / 'modules').glob('obproxy_*.py'))
    assert load('meta', 'runtime.yml')['action_groups']['all'] == modules


def test_the_guide_lists_every_variable_that_a_user_sets():
    lines = re.findall(r'^\| `(obproxy_\w+)`', (ROOT / 'docs' / 'variables.md').read_text(encoding='utf-8'), re.M)
    guide = set(lines)
    assert len(lines) == len(guide) and 'obproxy_lease_seconds' in guide
    described = {name for role in ROLES for name in specs(role)['main']['options']}
    assert described - {'obproxy_server', 'obproxy_plan', 'obproxy_batch', 'obproxy_settle'} <= guide


def test_the_graphs_are_drawn_as_they_are():
    drawn = runpy.run_path(str(ROOT / 'tests' / 'tools' / 'graphs.py'))['render']()
    assert (ROOT / 'docs' / 'graphs.md').read_text(encoding='utf-8') == drawn, 'run make graphs'


DOCS = sorted(path.name for path in (ROOT / 'docs').glob('*.md'))


def document(name):
    return (ROOT / 'docs' / name).read_text(encoding='utf-8')


def test_troubleshooting_quotes_messages_that_there_are():
    sources = [path for folder in ('plugins', 'roles', 'playbooks') for path in (ROOT / folder).rglob('*.*') if path.suffix in ('.py', '.yml')]
    # Long messages are written as several literals, or as several lines of a template.
    said = ' '.join(re.sub(r'[\'"]\s*\n\s*[rf]*[\'"]|\s*\n\s*', lambda found: ' ' if found[0].isspace() else '',
                           path.read_text(encoding='utf-8')) for path in sources)
    messages = re.findall(r'^\| `(.+?)` \|', document('troubleshooting.md'), re.M)
    words = {part.strip() for message in messages for part in message.split('...') if part.strip()}
    assert len(messages) > 50
    assert sorted(part for part in words if part not in said) == []


@pytest.mark.parametrize('operation', BODIES)
def test_the_guide_for_ocp_s_users_has_every_field(operation):
    guide = document('from-ocp.md')
    section = next(part for part in re.split('^## ', guide, flags=re.M) if operation in part.partition('\n')[0].split(', '))

    def names(fields):
        return {field.ocp_name for field in fields} | {name for field in fields for name in names(field.fields)}
    assert {name for name in names(BODIES[operation]) if not re.search(rf'`\.?{name}`', section)} - {'name', 'value'} == set()


@pytest.mark.parametrize('name', DOCS)
def test_a_guide_names_playbooks_variables_and_pages_that_there_are(name):
    text = document(name)
    playbooks = set(re.findall(r'(?:ansible-playbook |import_playbook: )oceanbase\.obproxy\.(\w+)', text))
    given = set(re.findall(r'-e (obproxy_\w+)=', text))
    pages = set(re.findall(r'\]\((?!https?:)([\w./-]+)', text))
    assert [playbook for playbook in playbooks if not (ROOT / 'playbooks' / f'{playbook}.yml').exists()] == []
    code = ' '.join(path.read_text(encoding='utf-8') for folder in ('plugins', 'playbooks', 'roles')
                    for path in (ROOT / folder).rglob('*.*') if path.suffix in ('.py', '.yml'))
    assert [variable for variable in given if not re.search(rf'\b{variable}\b', code)] == []
    assert [page for page in pages if not (ROOT / 'docs' / page).exists()] == []


def test_every_command_in_a_guide_is_run_by_a_test_or_says_why_not():
    pages = runpy.run_path(str(ROOT / 'tests' / 'docs' / 'pages.py'))
    found = pages['blocks']()
    wrong = []
    for block in found:
        names = set(re.findall(r'ansible-playbook oceanbase\.obproxy\.(\w+)', ' '.join(block.commands)))
        folders = [block.runner] if block.runner else ['molecule', 'tests']
        tests = ' '.join(path.read_text(encoding='utf-8') for folder in folders for path in (ROOT / folder).rglob('*.*')
                         if path.suffix in ('.py', '.yml'))
        run = tests and all(re.search(rf'\b{name}\b', tests) for name in names) and (names or block.runner)
        if not (run or block.runner == 'tests/docs' or re.fullmatch(r'not run: .+', block.mark)):
            wrong.append(f'{block.page.name}: {block.commands}')
    assert len(found) > 25
    assert wrong == [], 'put <!-- run by molecule/SCENARIO -->, or <!-- not run: WHY -->, into the line before the block'


@pytest.mark.parametrize('name', DOCS)
def test_a_link_into_a_guide_finds_its_heading(name):
    for page, anchor in re.findall(r'\]\(([\w-]+\.md)?#([\w-]+)\)', document(name)):
        titles = re.findall(r'^#+ (.+)$', document(page or name), re.M)
        assert anchor in {re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-') for title in titles}, f'{page}#{anchor}'
