"""Somebody follows the README and the quick start on fresh hosts, word by word."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pages
import pytest

sys.path.insert(0, str(pages.ROOT / 'tests' / 'lab' / 'labkit'))

from lab import Lab  # noqa: E402  pylint: disable=wrong-import-position

SECRETS = {'vault_obproxy_sys_password': 'docs-5fd2', 'vault_hooray_proxyro_password': 'docs-77a1'}
RPMS = pages.ROOT / '.build' / 'rpms'


@pytest.fixture(scope='module')
def hosts():
    lab = Lab('docs')
    lab.up(2)
    yield lab
    lab.down()


@pytest.fixture(scope='module')
def folder(hosts, tmp_path_factory):
    """What the pages say to have: their files with the lab's addresses, the collection, and RPMs."""
    made = tmp_path_factory.mktemp('docs')
    subprocess.run([sys.executable, pages.ROOT / 'tests' / 'lab' / 'obproxy' / 'build.py', RPMS], check=True)
    inventory = json.loads(hosts.inventory.read_text())['all']
    ours = {'/srv/rpms': str(RPMS)}
    for number, host in enumerate(inventory['hosts'].values(), start=1):
        ours[f'10.0.0.1{number}'] = host['ansible_host']
        inventory['vars']['ansible_port'] = host['ansible_port']
    for name, text in {**pages.files(pages.PAGES[0]), **pages.files(pages.PAGES[1])}.items():
        for theirs, mine in ours.items():
            text = text.replace(theirs, mine)
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    (made / 'inventory' / 'lab.yml').write_text(json.dumps({'all': {'vars': {**inventory['vars'], **SECRETS}}}))
    shutil.copy2(next((pages.ROOT / '.build').glob('oceanbase-obproxy-*.tar.gz')), made)
    return made


def test_the_pages_commands_work_in_their_order(hosts, folder):
    tools = Path(sys.executable).parent
    environment = {**os.environ, 'PATH': f'{tools}{os.pathsep}{os.environ["PATH"]}', 'ANSIBLE_HOME': str(folder / 'home'),
                   'ANSIBLE_COLLECTIONS_PATH': str(folder / 'collections'), 'LC_ALL': 'C.UTF-8'}
    environment.pop('PYTHONPATH', None)
    said = ''
    for command in pages.commands():
        done = subprocess.run(['bash', '-c', command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, f'$ {command}\n{done.stdout}'
        said = done.stdout
    assert '4.2.3' in said
    for number in (1, 2):
        with socket.create_connection((hosts.host(number).address, 2883), 20) as client:
            assert client.recv(5)[4] == 10, 'a MySQL server greets with protocol 10'
