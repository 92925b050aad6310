# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else is at work on an instance that is to go. Removals themselves are tested with molecule."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import shutil
import subprocess

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _uninstall
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import write
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.instance_support import ME, NAME


@pytest.fixture(name='layout')
def layout_fixture(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    layout = Layout(str(tmp_path / 'host'))
    for folder in (layout.records, os.path.dirname(layout.lock)):
        os.makedirs(folder)
    return layout


def remove(layout, check_mode=False):
    return _uninstall.uninstall(NAME, False, 0, Changes(check_mode), layout, lambda argv, **more: (0, '', ''))


def record(layout, home):
    write(os.path.join(layout.records, NAME + '.json'), json.dumps({
        'format': 1, 'name': NAME, 'user': ME, 'home': home, 'cluster_id': 1, 'sql_port': 2883}))


def test_what_is_gone_leaves_no_lock(layout, tmp_path):
    assert remove(layout) == (None, [])
    record(layout, str(tmp_path / NAME))
    assert remove(layout)[0]['sql_port'] == 2883
    assert not os.path.exists(layout.records) and not os.path.exists(layout.lock_of(NAME))


def test_another_call_for_the_same_instance_is_waited_for(layout, tmp_path, monkeypatch):
    monkeypatch.setattr(_uninstall, 'LOCK_TIMEOUT', 1)
    record(layout, str(tmp_path / NAME))
    with locked(layout.lock_of(NAME), 1, 'test'):
        with pytest.raises(HostError, match='The instance %s is locked' % NAME):
            remove(layout)
    assert os.listdir(layout.records) == [NAME + '.json']


@pytest.mark.parametrize('check_mode', [True, False])
@pytest.mark.parametrize('argv', [['./obproxy', '60'], ['/bin/bash', './obproxyd.sh']])
def test_an_instance_without_a_record_that_runs_is_not_called_gone(layout, tmp_path, argv, check_mode):
    home = tmp_path / NAME
    home.mkdir()
    shutil.copy('/bin/sleep', str(home / 'obproxy'))
    # It waits without a child, which would outlive it.
    (home / 'obproxyd.sh').write_text(u'read -r _\n')
    running = subprocess.Popen(argv, cwd=str(home), stdin=subprocess.PIPE)
    try:
        with pytest.raises(HostError, match=r'no record.* process %d \(' % running.pid):
            remove(layout, check_mode)
    finally:
        running.kill()
        running.wait()
    assert remove(layout, check_mode) == (None, [])
