"""The collection's playbooks as a user runs them beside a molecule scenario, and the registry that they write."""
from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import tempfile

LIMIT = 600


def playbook(name: str, *options: str, **variables) -> tuple[int, str]:
    """Run one with extra variables from a file; return its exit code and all that it said.

    On which stream a failed task is shown depends on the version of ansible-core.
    """
    inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
    with tempfile.NamedTemporaryFile('w', suffix='.json', encoding='utf-8') as given:
        json.dump(variables, given)
        given.flush()
        done = subprocess.run(
            ['ansible-playbook', f'oceanbase.obproxy.{name}', '-i', inventory, '-e', f'@{given.name}', *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, check=False, timeout=LIMIT,
            env={**os.environ, 'ANSIBLE_HOME': f"{os.environ['LAB_STATE']}/ansible", 'ANSIBLE_TIMEOUT': '5', 'COLUMNS': '200',
                 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag', 'ANSIBLE_FORCE_COLOR': '0', 'ANSIBLE_NOCOLOR': '1'})
    return done.returncode, done.stdout


def registry(sql: str) -> list[tuple]:
    """Ask the scenario's registry, past the collection."""
    with sqlite3.connect(f"{os.environ['LAB_STATE']}/ansible/obproxy/registry.db") as connection:
        return connection.execute(sql).fetchall()
