"""What runs on hosts can be imported by the Pythons of stock EL7 and EL8, laid out as Ansible sends it there.

ansible-test imports it with these only where they bring virtual environments along, which 2.7 doesn't.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'tools'))

import envs  # noqa: E402  pylint: disable=wrong-import-position

PACKAGE = 'ansible_collections.oceanbase.obproxy.plugins'
IMPORT = 'import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]'


@pytest.mark.parametrize('version', [(2, 7), (3, 6)])
def test_modules_are_imported(version, tmp_path):
    python = envs.pythons().get(version)
    core = next(envs.VENVS.glob('core-2.16/lib/python*/site-packages/ansible/module_utils'), None)
    if not python or not core:
        pytest.skip('needs .venv/core-2.16 and Python %d.%d, on PATH or in pyenv' % version)
    (tmp_path / 'ansible').mkdir()
    (tmp_path / 'ansible' / 'module_utils').symlink_to(core)
    names = []
    for kind in ('module_utils', 'modules'):
        folder = tmp_path / PACKAGE.replace('.', '/') / kind
        shutil.copytree(ROOT / 'plugins' / kind, folder, ignore=shutil.ignore_patterns('__pycache__'))
        names += [f'{PACKAGE}.{kind}.{path.stem}' for path in sorted(folder.glob('*.py')) if path.stem != '__init__']
    for folder in [tmp_path / 'ansible', *(path for path in (tmp_path / 'ansible_collections').rglob('*') if path.is_dir()),
                   tmp_path / 'ansible_collections']:
        (folder / '__init__.py').touch()
    done = subprocess.run([python, '-c', IMPORT, *names], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'PYTHONPATH': str(tmp_path), 'PYTHONDONTWRITEBYTECODE': '1'}, check=False)
    assert len(names) > 60
    assert done.returncode == 0, done.stdout
