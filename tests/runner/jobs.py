"""Jobs as AWX runs them: its private data dir, what it injects and asks, and ansible-runner, which is its engine."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_runner
import jinja2
from ansible.parsing.dataloader import DataLoader

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = DataLoader().load_from_file(str(REPOSITORY / 'playbooks' / 'vars' / 'awx.yml'))
TEMPLATES = {made['name']: made for made in SETUP['obproxy_awx_templates']}
COLOUR = re.compile(r'\x1b\[[0-9;]*m')
LIMIT = 600


class Awx:
    """A project, an inventory and a credential."""

    def __init__(self, folder: Path, lab, inputs: dict[str, str], variables: dict, templates):
        self.folder, self.lab, self.inputs = folder, lab, inputs
        self.count = 0
        self.started: list[str] = []
        self.project = folder / 'project'
        environment = {**os.environ, 'ANSIBLE_HOME': str(folder / 'ansible'), 'ANSIBLE_LOCALHOST_WARNING': 'false'}
        # All of them would take a while to write.
        chosen = json.dumps({'obproxy_awx_project_dir': str(self.project), 'obproxy_awx_templates': [{'name': name} for name in templates]})
        subprocess.run([tool('ansible-playbook'), 'oceanbase.obproxy.awx_project', '-e', chosen], check=True, env=environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=LIMIT)
        (self.project / 'inventory' / 'group_vars').mkdir()
        (self.project / 'inventory' / 'group_vars' / 'all.yml').write_text(json.dumps(variables))
        self.variables = self.inventory_source()['all']['vars']

    def inventory_source(self) -> dict:
        """Ask the inventory's source as AWX does: with the address of the registry in the environment, and with group_vars."""
        done = subprocess.run(
            [tool('ansible-inventory'), '-i', 'inventory/fleet.obproxy.yml', '--list', '--export'], cwd=self.project, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=LIMIT,
            env={**os.environ, 'ANSIBLE_HOME': str(self.folder / 'ansible'), 'OBPROXY_REGISTRY_URL': self.inputs['registry_url']})
        return json.loads(done.stdout)

    def inventory(self) -> dict:
        """Return the lab's hosts, without the key: a machine credential has it."""
        found = json.loads(self.lab.inventory.read_text())['all']
        shared = {name: value for name, value in found['vars'].items() if name != 'ansible_ssh_private_key_file'}
        shared['ansible_ssh_common_args'] = shared['ansible_ssh_common_args'].replace('-o IdentitiesOnly=yes', '')
        return {'all': {'hosts': list(found['hosts']), 'vars': {**shared, **self.variables, **plain(SETUP['obproxy_awx_inventory_variables'])}},
                '_meta': {'hostvars': found['hosts']}}

    def injected(self) -> dict[str, str]:
        """Return what the credential gives a job, rendered as AWX does it."""
        made = next(kind for kind in SETUP['obproxy_awx_credential_types'] if kind['name'] == 'OBProxy')
        assert set(self.inputs) <= {field['id'] for field in made['inputs']['fields']}
        return {name: jinja2.Template(str(text)).render(self.inputs) for name, text in made['injectors']['extra_vars'].items()}

    def launch(self, name: str, answers: dict | None = None, **variables) -> Job:
        """Run a job template to its end, with a survey's answers and with variables given at the launch."""
        self.count += 1
        made = TEMPLATES[name]
        questions = [SETUP['obproxy_awx_questions'][question] for question in made.get('survey', [])]
        missing = {question['variable'] for question in questions if question.get('required')} - set(answers or {})
        assert not missing, f'AWX launches no job without {missing}'
        private = Path(tempfile.mkdtemp(prefix=f'awx_{self.count}_'))
        try:
            shutil.copytree(self.project, private / 'project')
            given = {**{question['variable']: question.get('default', '') for question in questions}, **(answers or {}), **variables}
            self.write(private, plain(made.get('variables', {})), {**given, 'awx_job_id': self.count, 'awx_user_name': 'jane'})
            self.started.append(made.get('playbook', name))
            ran = ansible_runner.run(
                private_data_dir=str(private), playbook=f"{made.get('playbook', name)}.yml", ident=str(self.count), quiet=True, timeout=LIMIT,
                cmdline=f'-e @{private}/env/credential')
            return Job(ran, private / 'artifacts', [*self.inputs.values(), self.key()])
        finally:
            shutil.rmtree(private)

    def key(self) -> str:
        return (self.lab.folder / 'id_ed25519').read_text()

    def write(self, private: Path, own: dict, given: dict) -> None:
        """Write what a job finds beside its project; AWX marks what somebody has given as no template."""
        environment = {
            'HOME': str(private), 'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}', 'LC_ALL': 'C.UTF-8',
            'ANSIBLE_FORCE_COLOR': 'True', 'ANSIBLE_INVENTORY_UNPARSED_FAILED': 'True', 'AWX_PRIVATE_DATA_DIR': str(private),
            'ANSIBLE_SSH_CONTROL_PATH_DIR': str(private / 'cp'), 'JOB_ID': str(self.count)}
        files = {
            'env/envvars': json.dumps(environment), 'env/settings': json.dumps({'idle_timeout': 0, 'pexpect_timeout': 5}),
            'env/passwords': json.dumps({r'SSH password:\s*?$': '', r'BECOME password.*:\s*?$': ''}), 'env/ssh_key': self.key(),
            'env/extravars': '\n'.join([*(f'{name}: {json.dumps(value)}' for name, value in own.items()), *map(marked, given.items())]),
            'env/credential': '\n'.join(map(marked, self.injected().items())),
            'inventory/hosts': f'#!/usr/bin/env python3\nprint({json.dumps(self.inventory())!r})\n',
        }
        for name, text in files.items():
            path = private / name
            path.parent.mkdir(exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
        (private / 'inventory' / 'hosts').chmod(0o700)


class Job:
    """What came of it, and what is left of it in AWX's database."""

    def __init__(self, ran, artifacts: Path, secrets: list[str]):
        self.status = ran.status
        self.events = list(ran.events)
        self.said = COLOUR.sub('', '\n'.join(event['stdout'] for event in self.events))
        # What a callback says of its own comes as such an event.
        self.lines = COLOUR.sub('', '\n'.join(event['stdout'] for event in self.events if event['event'] == 'verbose')).splitlines()
        stats = [event['event_data'] for event in self.events if event['event'] == 'playbook_on_stats']
        self.artifact = stats[-1].get('artifact_data', {}).get('obproxy_run') if stats else None
        files = [path for path in artifacts.rglob('*') if path.is_file()]
        assert any(path.parent.name == 'job_events' for path in files) and any(path.name == 'command' for path in files)
        self.leaks = [f'{path.name}: {secret[:9]}...' for path in files for secret in secrets if holds(path, secret)]

    def has_line(self, host: str, subtask: str, state: str) -> bool:
        return any(re.search(rf'\] +{host} +{re.escape(subtask)} .*{state}', line) for line in self.lines)


def holds(path: Path, secret: str) -> bool:
    """Look for a secret as it is, or a line of it; as JSON has it, too."""
    text = path.read_text(errors='replace')
    return any(line in text or json.dumps(line)[1:-1] in text for line in secret.splitlines() if len(line) > 8 and '-----' not in line)


def marked(item) -> str:
    name, value = item
    return f'{name}: {"!unsafe " if isinstance(value, str) else ""}{json.dumps(value)}'


def plain(value):
    """Return what was marked as no template as what AWX stores."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else str(value) if isinstance(value, str) else value


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)
