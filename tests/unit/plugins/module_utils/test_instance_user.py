# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _user
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import write
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.instance_support import Host

Account = collections.namedtuple('Account', 'pw_name pw_uid pw_gid pw_dir')


@pytest.fixture(name='host')
def host_fixture(tmp_path):
    return Host(tmp_path)


@pytest.fixture(name='accounts')
def accounts_fixture(host, monkeypatch):
    """A user database that useradd and userdel work on."""
    found = {}
    home = host.root / 'home' / 'admin'

    def run(argv):
        host.commands.append(' '.join(argv))
        if argv[0] == 'useradd':
            if not home.exists():
                os.makedirs(str(home))
                write(home / '.profile', 'skel')
            found[argv[-1]] = Account(argv[-1], os.geteuid(), os.getegid(), str(home))
        elif argv[0] == 'userdel':
            del found[argv[-1]]
        return 0, '', ''

    os.makedirs(host.layout.skeleton)
    write(host.layout.skeleton + '/.profile', 'skel')
    host.run = run
    monkeypatch.setattr(_user, 'find', found.get)
    monkeypatch.setattr(_user, 'processes', lambda names, proc: [])
    return found


def test_missing_user_is_created_without_password_and_removed_again(host, accounts):
    assert host.present(user='admin').changed
    assert host.commands == ['useradd -m -d /home/admin -s /bin/bash -U admin']
    assert host.record()['user_created'] is True
    assert not host.present(user='admin').changed
    assert host.record()['user_created'] is True
    host.absent()
    assert host.commands[1:] == ['userdel admin'] and not accounts
    assert not (host.root / 'home' / 'admin').exists()


def test_user_stays_while_another_instance_needs_it(host, accounts):
    host.present(user='admin')
    host.present(user='admin', name='bar-3883')
    host.absent()
    assert 'admin' in accounts
    host.absent(name='bar-3883')
    assert not accounts


def test_home_of_a_removed_user_stays_with_what_was_added_to_it(host, accounts):
    host.present(user='admin')
    (host.root / 'home' / 'admin' / 'obproxy-4.3.1.0').mkdir()
    host.absent()
    assert not accounts
    assert sorted(os.listdir(str(host.root / 'home' / 'admin'))) == ['.profile', 'obproxy-4.3.1.0']


def test_user_who_was_there_before_stays(host, accounts):
    accounts['admin'] = Account('admin', os.geteuid(), os.getegid(), '/nonexistent')
    host.present(user='admin')
    host.absent()
    assert host.commands == [] and 'admin' in accounts


def test_user_with_processes_stays(host, accounts, monkeypatch):
    host.present(user='admin')
    busy = Account('x', os.geteuid(), 0, '')
    monkeypatch.setattr(_user, 'processes',
                        lambda names, proc: [collections.namedtuple('One', 'uid')(busy.pw_uid)])
    host.absent()
    assert 'admin' in accounts


def test_user_that_cannot_be_created(host, accounts):
    host.run = lambda argv: (4, '', 'useradd: UID 0 is not unique')
    with pytest.raises(HostError, match='Creating the user admin failed.*UID 0 is not unique'):
        host.present(user='admin')


@pytest.mark.parametrize('name', ['', '-x', 'a b', 'x;id', 'Admin', 'a' * 33, 'x\n'])
def test_user_name_that_would_be_unsafe(name):
    with pytest.raises(HostError, match='cannot be the obproxy user'):
        _user.check_name(name)
