# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of the definitions; images are not built here."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

pytest.importorskip('ansible_builder')

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARBALL = 'oceanbase-obproxy-{version}.tar.gz'.format(**yaml.safe_load((ROOT / 'galaxy.yml').read_text()))


def builder(*words):
    done = subprocess.run([sys.executable, '-m', 'ansible_builder', *map(str, words)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize('core', ['core-2.16', 'core-new'])
def test_ansible_builder_takes_the_definition(core, tmp_path):
    shutil.copytree(ROOT / 'execution-environment', tmp_path / 'execution-environment')
    (tmp_path / '.build').mkdir()
    (tmp_path / '.build' / TARBALL).write_text('the collection')
    context = tmp_path / 'context'
    builder('create', '-f', tmp_path / 'execution-environment' / f'{core}.yml', '-c', context)
    # The version that the tests use, the first one of the list.
    pinned = re.search(r'ansible-core==(\d+\.\d+)', (ROOT / 'tests' / 'requirements' / f'{core}.txt').read_text())[1]
    steps = (context / 'Containerfile').read_text()
    assert f'ansible-core=={pinned}.*' in steps and 'ansible-runner' in steps
    # The galaxy stage works in this folder, and reads from it what requirements.yml names.
    collection, = yaml.safe_load((context / '_build' / 'requirements.yml').read_text())['collections']
    assert (context / '_build' / collection['name']).read_text() == 'the collection' and collection['name'].endswith(TARBALL)
    assert 'COPY _build /build' in steps and 'WORKDIR /build' in steps
    assert {'psycopg[binary]', 'PyMySQL'} <= set((context / '_build' / 'requirements.txt').read_text().split())


def test_the_collection_says_itself_what_it_needs(tmp_path):
    place = tmp_path / 'ansible_collections' / 'oceanbase'
    place.mkdir(parents=True)
    shutil.copytree(ROOT / 'meta', place / 'obproxy' / 'meta')
    shutil.copy(ROOT / 'galaxy.yml', place / 'obproxy')
    found = builder('introspect', tmp_path)
    assert re.search(r'sqlalchemy.*oceanbase\.obproxy', found, re.IGNORECASE)
    assert re.search(r'openssh-clients \[platform:rpm.*oceanbase\.obproxy', found)
