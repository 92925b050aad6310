# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries that cannot be used: what is said, and that no password is in it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
import stat
import subprocess
import sys

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _engine
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry

COLLECTIONS = str(pathlib.Path(_dag.__file__).parents[5])


def said(url):
    with pytest.raises(RegistryError) as caught:
        with Registry(url).transaction() as store:
            store.hosts()
    return str(caught.value)


def test_a_newer_schema_is_refused(world, create_body):
    world.plan('create', create_body)
    world.sql('INSERT INTO obproxy_schema VALUES (99)')
    assert 'upgrade the collection' in said(world.url)


def test_a_file_that_is_no_registry(tmp_path):
    path = tmp_path / 'registry.db'
    path.write_text('not a database, but long enough to be looked at as one' * 20)
    assert str(path) in said(f'sqlite:///{path}') and 'registry' in said(f'sqlite:///{path}')


def test_a_place_where_nothing_can_be_made(tmp_path):
    (tmp_path / 'file').touch()
    assert 'cannot be created' in said(f"sqlite:///{tmp_path / 'file' / 'registry.db'}")


def test_the_file_is_for_its_owner_only(world, create_body):
    world.url = f"sqlite:///{world.folder / 'new' / 'registry.db'}"
    world.plan('create', create_body)
    assert stat.S_IMODE((world.folder / 'new').stat().st_mode) == 0o700
    assert stat.S_IMODE((world.folder / 'new' / 'registry.db').stat().st_mode) == 0o600


def test_a_locked_registry(world, create_body, monkeypatch):
    world.plan('create', create_body)
    monkeypatch.setattr(_engine, 'BUSY_SECONDS', 0.2)
    connection = sqlite3.connect(world.path, isolation_level=None)
    connection.execute('BEGIN IMMEDIATE')
    try:
        assert 'another process holds it' in said(world.url)
    finally:
        connection.close()


@pytest.mark.parametrize('url', ['sqlite://', 'sqlite:///', 'sqlite:///:memory:', 'sqlite:///file:x?mode=memory&uri=true'])
def test_a_registry_in_memory_is_refused_at_once(world, create_body, url):
    world.url = url
    with pytest.raises(RegistryError, match='names no file: .* would be gone before the hosts are worked on'):
        world.plan_beside('create', create_body)


@contextlib.contextmanager
def nobody():
    """Be somebody who may not write here: root may write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_check_mode_needs_no_registry_that_can_be_written(world, create_body, add_body):
    world.plan('create', create_body)
    expected = world.plan('batch_add', add_body, 'foo', check_mode=True)
    world.become_first_version()
    for path, mode in ((world.path, 0o444), (world.folder, 0o555), (world.folder.parent, 0o755), (world.folder.parents[1], 0o755)):
        path.chmod(mode)
    before = world.path.read_bytes()
    with nobody():
        with pytest.raises(OSError):
            (world.folder / 'new').touch()
        assert world.plan_beside('batch_add', add_body, 'foo', check_mode=True)['run']['hosts'] == expected['run']['hosts']
    world.folder.chmod(0o755)
    assert world.path.read_bytes() == before
    assert sorted(path.name for path in world.folder.iterdir()) == ['packages', 'registry.db']


def test_check_mode_sees_what_another_process_has_just_written(world, create_body, add_body):
    world.plan('create', create_body)
    with contextlib.closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute('SELECT * FROM obproxy_runs').fetchall()
        world.plan('create', {**create_body, 'name': 'bar', 'obproxyInstallParam': {'hostIds': []}})
        other.execute('BEGIN IMMEDIATE')
        assert world.plan_beside('batch_add', add_body, 'bar', check_mode=True)['run']['cluster_name'] == 'bar'


def test_check_mode_does_not_take_a_file_for_a_registry_that_is_none(world, create_body):
    world.path.write_text('not a database, but long enough to be looked at as one' * 20)
    with pytest.raises(RegistryError, match='registry.db failed: file is not a database'):
        world.plan_beside('create', create_body, check_mode=True)


@pytest.mark.parametrize('url', [
    'nosuchthing://user:s3cret@127.0.0.1/registry', 'user:s3cret@127.0.0.1', 'postgresql+nosuchdriver://user:s3cret@127.0.0.1/x',
    'postgresql://user:s3cret@127.0.0.1:port/x', 'postgresql+nosuchdriver://127.0.0.1/x?user=me&password=s3cret'])
def test_a_wrong_address_is_not_repeated(url):
    text = said(url)
    assert 's3cret' not in text and ('obproxy_registry_url' in text or 'driver' in text)


def test_without_sqlalchemy(tmp_path):
    code = """
import sys
sys.modules['sqlalchemy'] = None
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _plan, _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
try:
    Registry()
except Exception as exc:
    print(type(exc).__name__, exc)
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True,
                          env={'PYTHONPATH': ':'.join([COLLECTIONS, *filter(None, sys.path)]), 'HOME': str(tmp_path)})
    assert done.stdout.startswith('RegistryError') and 'pip install "sqlalchemy>=2.0"' in done.stdout


def test_the_default_is_under_ansible_home(tmp_path, monkeypatch):
    monkeypatch.delenv('OBPROXY_REGISTRY_URL', raising=False)
    monkeypatch.setenv('ANSIBLE_HOME', str(tmp_path / 'home'))
    assert Registry().url.database == str(tmp_path / 'home' / 'obproxy' / 'registry.db')
    monkeypatch.setenv('OBPROXY_REGISTRY_URL', f'sqlite:///{tmp_path}/other.db')
    assert Registry().url.database == f'{tmp_path}/other.db'
    monkeypatch.setenv('HOME', str(tmp_path))
    assert Registry('sqlite:///~/third.db').url.database == f'{tmp_path}/third.db'
