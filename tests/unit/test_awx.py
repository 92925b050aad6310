# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What awx_setup.yml asks of AWX, and what becomes of a survey's answers."""

from __future__ import annotations

import json
import pathlib
import re

import jinja2
import pytest
import yaml

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import BODIES
from ansible_collections.oceanbase.obproxy.tests.unit.awx_support import ROOT, Controller

OPERATIONS = {path.stem for path in (ROOT / 'playbooks').glob('*.yml')} - {'awx_setup', 'awx_project'}
SECRETS = {'obproxy_registry_url': 'postgresql+psycopg://obproxy:pg-s3cret@db/obproxy', 'obproxy_sys_password': 'sys-s3cret',
           'obproxy_awx_old_sys_password': 'old-s3cret', 'obproxy_awx_ob_passwords': {'hooray': 'ro-s3cret'}}
ANSWERS = {
    'obproxy_ask_name': 'foo', 'obproxy_ask_address': 'foo.bar', 'obproxy_ask_port': '3306', 'obproxy_ask_work_mode': 'RS_LIST',
    'obproxy_ask_ob_links': '- {clusterName: hooray, obClusterId: 1, username: proxyro}', 'obproxy_ask_host_ids': '1, 2',
    'obproxy_ask_sql_port': 2883, 'obproxy_ask_exporter_port': 2884, 'obproxy_ask_version': 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm',
    'obproxy_ask_startup_parameters': 'work_thread_num=4\n', 'obproxy_ask_parameters': 'enable_x=on\n\nlist_y=a=b,c\n',
    'obproxy_ask_hosts': '- {hostId: 3, sqlPort: 2883}', 'obproxy_ask_obproxy_server_ids': '11,12', 'obproxy_ask_short_rpm_name': 'obproxy-4.3.1.0',
    'obproxy_ask_skip_host_operation_server_ids': '12', 'obproxy_ask_ob_cluster_names': 'hooray, booray',
}
PAIRS = [{'name': 'enable_x', 'value': 'on'}, {'name': 'list_y', 'value': 'a=b,c'}]
LINKS = [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]
SERVERS = {'obproxyServerIds': [11, 12]}
BODY = {'hostIds': [1, 2], 'sqlPort': 2883, 'version': ANSWERS['obproxy_ask_version']}
REQUESTS = {
    'create': {'name': 'foo', 'address': 'foo.bar', 'port': '3306', 'workMode': 'RS_LIST', 'obLinks': LINKS, 'parameters': PAIRS,
               'startupParameters': [{'name': 'work_thread_num', 'value': '4'}], 'obproxyInstallParam': {**BODY, 'exportPort': 2884}},
    'batch_add': {**BODY, 'exporterPort': 2884}, 'take_over': {'hosts': [{'hostId': 3, 'sqlPort': 2883}]},
    'stop': SERVERS, 'start': SERVERS, 'restart': SERVERS, 'credentials': SERVERS,
    'upgrade': {**SERVERS, 'shortRpmName': 'obproxy-4.3.1.0', 'version': ANSWERS['obproxy_ask_version']},
    'parameters': {**SERVERS, 'parameters': PAIRS}, 'remove': {**SERVERS, 'skipHostOperationServerIds': [12]},
    'delete': {'skipHostOperationServerIds': [12]}, 'links': {'obLinks': LINKS, 'obClusterNames': ['hooray', 'booray']},
    'update': {'address': 'foo.bar', 'port': '3306'},
}
# What a form leaves when only what is marked is filled in.
SHORT = {
    'create': {'name': 'foo', 'workMode': 'RS_LIST', 'obLinks': LINKS}, 'stop': {}, 'start': {}, 'restart': {}, 'credentials': {}, 'upgrade': {},
    'parameters': {'parameters': PAIRS}, 'remove': {**SERVERS, 'skipHostOperationServerIds': []}, 'delete': {'skipHostOperationServerIds': []},
    'links': {}, 'update': {},
}


@pytest.fixture(scope='module', name='awx')
def _awx(tmp_path_factory):
    """What AWX was told."""
    controller = Controller(tmp_path_factory.mktemp('awx'))
    code, said = controller.run(
        'oceanbase.obproxy.awx_setup', '-vvv', obproxy_awx_project_url='https://git.example.com/obproxy.git',
        obproxy_awx_image='registry.example.com/obproxy-ee:1', obproxy_awx_machine_credential='ops', **SECRETS)
    assert code == 0, said
    assert 's3cret' not in said
    return controller


@pytest.fixture(scope='module', name='templates')
def _templates(awx):
    return {made['name'].partition(': ')[2]: made for made in awx.told('job_template')}


def test_every_operation_has_a_job_template(templates):
    assert {pathlib.Path(made['playbook']).stem for made in templates.values()} == OPERATIONS
    assert {name for name in templates if ' ' not in name} == OPERATIONS


def test_a_fact_that_only_you_know_is_asked_for_by_its_name(tmp_path):
    code, said = Controller(tmp_path).run('oceanbase.obproxy.awx_setup', obproxy_awx_image='x')
    assert code != 0 and 'obproxy_awx_project_url is not given' in said
    assert not list(tmp_path.rglob('calls.jsonl'))


def test_passwords_go_into_credentials_and_nowhere_else(awx):
    assert {module for module, arguments in awx.calls if 's3cret' in json.dumps(arguments)} == {'credential'}
    stored = awx.told('credential')[0]['inputs']
    assert stored['sys_password'] == 'sys-s3cret' and yaml.safe_load(stored['ob_passwords']) == {'hooray': 'ro-s3cret'}


def test_credential_types_inject_what_awx_lets_them(awx):
    for made in awx.told('credential_type'):
        fields = {field['id']: 'given' for field in made['inputs']['fields']}
        assert all(set(field) <= {'id', 'type', 'label', 'secret', 'multiline'} for field in made['inputs']['fields'])
        assert set(made['inputs']['required']) <= set(fields)
        assert set(made['injectors']) <= {'env', 'extra_vars', 'file'}
        for kind, injected in made['injectors'].items():
            for name, text in injected.items():
                assert re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name) and not (kind == 'env' and name.startswith('ANSIBLE_'))
                assert jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text).render(fields) == 'given'
    with_passwords = next(made for made in awx.told('credential_type') if made['name'] == 'OBProxy')
    assert set(with_passwords['injectors']) == {'extra_vars'}, 'ansible-runner writes the environment into its artifacts'


def check_survey(survey):
    """Judge it as AWX's API does."""
    assert set(survey) == {'name', 'description', 'spec'}
    variables = [question['variable'] for question in survey['spec']]
    assert len(variables) == len(set(variables)) > 0
    for question in survey['spec']:
        assert {'type', 'question_name', 'variable', 'required'} <= set(question)
        assert question['type'] in ('text', 'textarea', 'multiplechoice', 'integer')
        assert isinstance(question['min'], int) and isinstance(question['max'], int)
        if question['default'] != '':
            assert isinstance(question['default'], int if question['type'] == 'integer' else str)
        assert (question['type'] == 'multiplechoice') == bool(question['choices'])
        # A form sends an empty text for what was left out, and AWX refuses that for these.
        assert question['required'] or question['type'] in ('text', 'textarea')


def asked(made):
    return {question['variable']: question for question in made['survey_spec']['spec']} if made['survey_enabled'] else {}


def test_surveys_are_what_awx_takes(awx, templates):
    for made in [*templates.values(), *awx.told('workflow_job_template')]:
        if made['survey_enabled']:
            check_survey(made['survey_spec'])


@pytest.mark.parametrize('operation', BODIES)
def test_a_survey_asks_for_the_fields_of_the_body(templates, operation):
    fields = {}
    for field in BODIES[operation]:
        inner = field.fields if field.name == 'obproxy_install_param' else (field,)
        fields.update({f'obproxy_ask_{item.name}': (item, field) for item in inner})
    questions = asked(templates[operation])
    assert {name for name in questions if name != 'obproxy_cluster_id'} == set(fields)
    assert operation == 'create' or questions['obproxy_cluster_id']['required']
    for name, (item, field) in fields.items():
        assert questions[name]['required'] or not (item.required and field.required)
        assert questions[name]['choices'] == list(item.choices)


@pytest.fixture(scope='module', name='requests')
def _requests(awx, templates):
    """The requests that answers become, by operation: of a form that is filled in, and of one where only what is marked is."""
    def given(operation, short):
        questions = asked(templates[operation])
        answers = {name: '' if short and not questions[name]['required'] else ANSWERS[name] for name in questions if name in ANSWERS}
        # AWX marks what somebody has typed as no template.
        lines = [f'    {name}: !unsafe {json.dumps(answer)}' for name, answer in answers.items()]
        variables = json.dumps(templates[operation]['extra_vars']['obproxy_request'])
        return '\n'.join([
            '- hosts: localhost', '  gather_facts: false', '  vars:', *lines, f'    obproxy_request: {variables}', '  tasks:',
            '    - awx.awx.record:', f'        of: [{operation}, {json.dumps(short)}]', '        request: "{{ obproxy_request }}"'])
    (awx.folder / 'answers.yml').write_text('\n'.join(given(operation, short) for operation in BODIES for short in (False, True)))
    code, said = awx.run('answers.yml')
    assert code == 0, said
    return {tuple(call['of']): call['request'] for call in awx.told('record')}


def with_ports_as_text(request):
    """Some versions of ansible-core make numbers of such texts, others texts of such numbers; a request takes both."""
    return json.loads(re.sub(r'(\w*[pP]ort": )(\d+)', r'\1"\2"', json.dumps(request)))


@pytest.mark.parametrize('operation', BODIES)
def test_answers_become_the_request(requests, operation):
    for short, wanted in ((False, REQUESTS[operation]), (True, SHORT.get(operation, REQUESTS[operation]))):
        assert with_ports_as_text(requests[operation, short]) == with_ports_as_text(wanted)


def test_the_workflow_goes_from_job_to_job(awx, templates):
    made, = awx.told('workflow_job_template')
    nodes = {node['identifier']: node for node in made['workflow_nodes']}
    links = {name: [other['identifier'] for way in node.get('related', {}).values() for other in way] for name, node in nodes.items()}
    reached = {'create'}
    while not reached >= (more := {other for name in reached for other in links[name]}):
        reached |= more
    assert reached == set(nodes)
    for node in nodes.values():
        job = node['unified_job_template']
        assert job['type'] == 'workflow_approval' or job['name'].partition(': ')[2] in templates
        # What follows takes what it needs from the artifact.
        assert node['identifier'] in ('create', 'approve') or not templates[job['name'].partition(': ')[2]]['survey_enabled']
    assert nodes['create']['related']['failure_nodes'] == [{'identifier': 'rollback'}]
    assert made['survey_spec'] == templates['create']['survey_spec']


def test_a_project_has_the_playbooks_and_keeps_what_is_yours(awx, tmp_path):
    (tmp_path / 'ansible.cfg').write_text('mine')
    few = [{'name': 'create'}, {'name': 'delete what was created', 'playbook': 'delete'}]
    # All of them would take a while to write.
    given = {'obproxy_awx_project_dir': str(tmp_path), 'obproxy_awx_templates': few}
    code, said = awx.run('oceanbase.obproxy.awx_project', **given)
    assert code == 0, said
    # By such a line AWX knows a playbook.
    assert re.match(r'^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$', (tmp_path / 'create.yml').read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ['ansible.cfg', 'create.yml', 'inventory']
    source, = awx.told('inventory_source')
    assert yaml.safe_load((tmp_path / source['source_path']).read_text()) == {'plugin': 'oceanbase.obproxy.registry'}
    assert (tmp_path / 'ansible.cfg').read_text() == 'mine'
    code, said = awx.run('oceanbase.obproxy.awx_project', **given)
    assert code == 0 and re.search(r'changed=0\b', said)
