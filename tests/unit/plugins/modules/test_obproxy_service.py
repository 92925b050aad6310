# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own edge: arguments, check mode, errors. Starts are tested in tests/supervisor."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import subprocess

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_service
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import call

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(name='layout')
def layout_fixture(tmp_path, monkeypatch):
    (tmp_path / 'host' / 'run').mkdir(parents=True)
    layout = Layout(str(tmp_path / 'host'))
    monkeypatch.setattr(obproxy_service, 'Layout', lambda: layout)
    return layout


@pytest.fixture(name='run')
def run_fixture(tmp_path, monkeypatch, capsys, layout):
    def run(**changed):
        arguments = dict(name='foo-2883', user=ME, home=str(tmp_path / 'foo-2883'), cluster_name='foo', sql_port=2883,
                         exporter_port=2884, sys_password='hunter2', rs_list='10.0.0.1:2881', ob_cluster_name='ob')
        arguments.update(changed)
        return call(obproxy_service, dict((name, value) for name, value in arguments.items() if value is not None),
                    monkeypatch, capsys)
    return run


def test_a_first_run_in_check_mode(run):
    result = run(_ansible_check_mode=True, _ansible_diff=True, user='no-such-user')
    assert result['changed'] is True and result['pids'] == []
    assert result['diff'] == [{'before_header': 'foo-2883', 'after_header': 'foo-2883',
                               'before': 'stopped\n', 'after': 'running\n'}]
    assert 'hunter2' not in str(result.get('diff'))


@pytest.mark.parametrize('state', ['stopped', 'absent'])
def test_what_never_was_is_stopped(run, state):
    assert run(state=state, sys_password=None, exporter_port=None, cluster_name=None)['changed'] is False


@pytest.mark.parametrize('missing', ['sys_password', 'exporter_port', 'cluster_name'])
def test_started_needs(run, missing):
    result = run(**{missing: None})
    assert result['failed'] and missing in result['msg']


def test_what_is_not_prepared_is_said(run):
    assert 'obproxy_instance' in run()['msg']


@pytest.mark.parametrize('name', ['../x-1', 'foo', 'foo;rm-1'])
def test_unsafe_names_are_refused(run, name):
    assert run(name=name)['failed']


def test_another_call_for_the_same_instance_is_waited_for(run, layout):
    lock = layout.lock_of('foo-2883')
    with locked(lock, 1, 'test'):
        assert 'The instance foo-2883 is locked' in run(timeout=1)['msg']
        assert run(timeout=1, name='foo-3883', state='absent')['changed'] is False
    assert run(state='absent')['changed'] is False
    assert not os.path.exists(lock)


def test_a_watchdog_without_its_proxy_is_stopped(run, tmp_path):
    """A crash loop between two launches: nothing of obproxy runs, and still there is what to stop."""
    home = tmp_path / 'foo-2883'
    (home / 'run').mkdir(parents=True)
    script = home / 'obproxyd.sh'
    script.write_text(u'#!/bin/bash\n[ "$2" = stop ] && { : >%s/run/stopped; kill "$(cat %s/pid)"; exit; }\n'
                      u'while :; do sleep 0.2; done\n' % (home, home))
    script.chmod(0o755)
    watchdog = subprocess.Popen([str(script), '-c', 'run'])
    try:
        (home / 'pid').write_text(u'%d' % watchdog.pid)
        assert run(state='absent', _ansible_check_mode=True)['changed'] is True
        assert watchdog.poll() is None
        assert run(state='absent')['changed'] is True
        assert watchdog.wait() != 0
        assert run(state='absent')['changed'] is False
    finally:
        if watchdog.poll() is None:
            watchdog.kill()
