# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own edge: arguments, check mode, errors. Upgrades are tested in tests/supervisor."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import pwd

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade_link import Link
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade_restart import numbers
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_upgrade
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import call, write

ME = pwd.getpwuid(os.geteuid()).pw_name
FILE = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'


class NoPackages(object):
    """RPM on a host without any OBProxy."""

    def __init__(self, _run):
        pass

    def find(self, _nevra):
        return None

    def installed(self):
        return []


@pytest.fixture(name='home')
def home_fixture(tmp_path, monkeypatch):
    layout = Layout(str(tmp_path))
    home = tmp_path / 'opt' / 'foo-2883'
    (home / 'run').mkdir(parents=True)
    (tmp_path / 'run').mkdir()
    os.makedirs(layout.records)
    write(os.path.join(layout.records, 'foo-2883.json'), json.dumps({
        'format': 1, 'name': 'foo-2883', 'user': ME, 'home': str(home), 'sql_port': 2883, 'exporter_port': 2884,
        'version': 'obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'}))
    monkeypatch.setattr(obproxy_upgrade, 'Layout', lambda: layout)
    monkeypatch.setattr(obproxy_upgrade, 'Rpm', NoPackages)
    return home


@pytest.fixture(name='run')
def run_fixture(home, monkeypatch, capsys):
    def run(**changed):
        arguments = dict(dict(name='foo-2883', package=FILE, sys_password='hunter2'), **changed)
        return call(obproxy_upgrade, arguments, monkeypatch, capsys)
    return run


@pytest.mark.parametrize('changed, words', [
    (dict(name='bar-1'), 'bar-1 has no record'), (dict(name='../x-1'), 'is no instance name'),
    (dict(package='bash.rpm'), 'is no OBProxy package'), (dict(), 'is not installed')])
def test_what_cannot_be_done_is_said(run, changed, words):
    result = run(**changed)
    assert result['failed'] and words in result['msg'] and result['serves'] is False
    assert 'hunter2' not in json.dumps(result)


def test_check_mode_before_the_package_is_there(run, home):
    (home / 'run' / 'stopped').touch()
    result = run(_ansible_check_mode=True, _ansible_diff=True)
    assert result['changed'] is True and result['mode'] == 'none'
    assert result['diff'][0]['after'] == FILE.replace('.rpm', '\n') and os.listdir(str(home)) == ['run']


def test_what_the_script_of_the_package_watches_is_not_stopped(run, home):
    (home / 'run' / 'stopped').write_text(u'handed over\n')
    result = run(_ansible_check_mode=True)
    assert not result.get('failed') and result['mode'] != 'none'


def test_the_link_is_bin_or_where_that_is_rpm_s_current(home):
    assert Link(str(home), Changes()).name == 'bin'
    (home / 'bin').mkdir()
    link = Link(str(home), Changes())
    assert (link.name, link.target()) == ('current', None)
    package = home / 'package' / 'bin'
    package.mkdir(parents=True)
    (package / 'obproxy').touch()
    link.flip(str(package))
    assert link.leads_to() == str(package / 'obproxy') and link.program() == str(home / 'current' / 'obproxy')
    link.restore('current', None)
    assert sorted(os.listdir(str(home))) == ['bin', 'package', 'run']
    (home / 'current').mkdir()
    with pytest.raises(HostError, match='current is a directory'):
        Link(str(home), Changes()).target()


def test_versions_compare_as_numbers():
    assert numbers('3.2.3') == numbers('3.2.3.0') < numbers('3.2.10') < numbers('4.0')
    assert numbers(None) == (0, 0, 0, 0)
