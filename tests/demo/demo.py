"""make demo: three hosts, a cluster on two of them, a third server added, and what then runs where."""
from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / 'tests' / 'tools'), str(REPOSITORY / 'tests' / 'lab' / 'labkit')]
import build  # noqa: E402  pylint: disable=wrong-import-position
import envs  # noqa: E402  pylint: disable=wrong-import-position
import needs  # noqa: E402  pylint: disable=wrong-import-position
from lab import Lab  # noqa: E402  pylint: disable=wrong-import-position
from settings import LabError, write  # noqa: E402  pylint: disable=wrong-import-position

HOSTS = 3
ENVIRONMENT = envs.VENVS / 'core-new'


class Failed(Exception):
    """A step went wrong, and has said so itself."""


def say(text: str) -> None:
    print(f'\n== {text}', flush=True)


def set_up() -> None:
    say('What is needed')
    needs.install({**needs.NEEDS, 'git': ['git']})
    fault = envs.make('core-new')
    if fault:
        raise LabError(fault)
    build.build()
    print('ready')


def package(folder: Path) -> str:
    """Put the RPM into the folder of packages; its name is what requests call the version."""
    folder.mkdir(parents=True, exist_ok=True)
    own = os.environ.get('OBPROXY_RPM')
    if own:
        if not Path(own).is_file():
            raise LabError(f'OBPROXY_RPM={own}: no such file')
        source = Path(own)
    else:
        run([sys.executable, REPOSITORY / 'tests' / 'lab' / 'obproxy' / 'build.py', build.BUILD / 'rpms'], quiet=True)
        request = json.loads((HERE / 'create.json').read_text())
        source = build.BUILD / 'rpms' / request['obproxyInstallParam']['version']
    shutil.copy2(source, folder / source.name)
    return source.name


def write_down(folder: Path, version: str) -> None:
    """The requests, and the inventory's variables: passwords are made up once and stay."""
    create = json.loads((HERE / 'create.json').read_text())
    create['obproxyInstallParam']['version'] = version
    add = json.loads((HERE / 'batch_add.json').read_text())
    add['version'] = version
    write(folder / 'create.json', json.dumps(create, indent=2) + '\n')
    write(folder / 'batch_add.json', json.dumps(add, indent=2) + '\n')
    shutil.copyfile(HERE / 'ansible.cfg', folder / 'ansible.cfg')
    variables = folder / 'group_vars' / 'all'
    write(variables / 'clusters.yml', (HERE / 'group_vars.yml').read_text())
    write(variables / 'packages.yml', json.dumps({'obproxy_package_dir': str(folder / 'packages')}) + '\n')
    if not (variables / 'secrets.yml').exists():
        write(variables / 'secrets.yml', json.dumps({
            'obproxy_sys_password': secrets.token_urlsafe(16), 'demo_proxyro_password': secrets.token_urlsafe(16)}) + '\n')


def playbook(folder: Path, *words: str, show=True) -> None:
    command = ['ansible-playbook', *words]
    if show:
        print(f'$ {shlex.join(command)}', flush=True)
    run(command, folder=folder, quiet=not show)


def run(command: list, folder: Path = REPOSITORY, quiet=False) -> None:
    environment = dict(os.environ, ANSIBLE_CONFIG=str(folder / 'ansible.cfg'), LC_ALL='C.UTF-8',
                       PATH=f'{ENVIRONMENT / "bin"}{os.pathsep}{os.environ["PATH"]}')
    done = subprocess.run(list(map(str, command)), cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                          check=False, stdout=subprocess.PIPE if quiet else None,
                          stderr=subprocess.STDOUT if quiet else None)
    if done.returncode:
        raise Failed(f'{shlex.join(map(str, command))} ended with {done.returncode}\n{done.stdout or ""}')


def summary(folder: Path) -> int:
    """What a login to each server says; how many do not serve."""
    answers = folder / 'answers.json'
    ports = json.loads((folder / 'create.json').read_text())['obproxyInstallParam']
    playbook(folder, str(HERE / 'summary.yml'), '-e', f'demo_sql_port={ports["sqlPort"]}',
             '-e', f'demo_exporter_port={ports["exportPort"]}', '-e', f'demo_answers={answers}', show=False)
    addresses = json.loads((folder / 'inventory.yml').read_text())['all']['hosts']
    silent = 0
    print(f'{"host":<8}{"address":<16}{"SQL":>6}{"metrics":>9}  {"version":<12}{"pid":>7}  status of a login just now')
    for host, answer in sorted(json.loads(answers.read_text()).items()):
        server = answer.get('server') or {}
        silent += not server
        status = 'RUNNING' if server else f'UNAVAILABLE: {answer.get("msg", "no answer")}'
        print(f'{host:<8}{addresses[host]["ansible_host"]:<16}{ports["sqlPort"]:>6}{ports["exportPort"]:>9}  '
              f'{server.get("version", "-"):<12}{server.get("pid", "-"):>7}  {status}')
    return silent


def how_to_go_on(folder: Path) -> None:
    print(f"""
requests     {folder}/create.json
             {folder}/batch_add.json
variables    {folder}/group_vars/all (passwords in secrets.yml)
registry     {folder}/ansible/obproxy/registry.db
a host       tests/lab/lab ssh --name demo 1
its proxy    tests/lab/lab ssh --name demo 1 sudo ls -l /opt/obproxy
again        make demo (changes nothing)
by hand      cd {folder} && . {ENVIRONMENT}/bin/activate
             ansible-playbook oceanbase.obproxy.create -e @create.json
all away     make clean""")


def demo() -> int:
    set_up()
    say(f'{HOSTS} hosts')
    lab = Lab('demo')
    for host in lab.up(HOSTS):
        print(f'{host.name}  {host.address}:{host.port}')
    say('The package')
    version = package(lab.folder / 'packages')
    print(version)
    write_down(lab.folder, version)
    say('Create a cluster with two servers')
    playbook(lab.folder, 'oceanbase.obproxy.create', '-e', '@create.json')
    say('Add a third')
    playbook(lab.folder, 'oceanbase.obproxy.batch_add', '-e', 'obproxy_cluster_id=1', '-e', '@batch_add.json')
    say('What runs now')
    silent = summary(lab.folder)
    how_to_go_on(lab.folder)
    return 1 if silent else 0


if __name__ == '__main__':
    try:
        sys.exit(demo())
    except (LabError, Failed) as error:
        sys.exit(f'demo: {error}')
