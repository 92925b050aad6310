# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hot restart refuses before it touches anything. Restarts themselves are tested in tests/supervisor."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._hot_restart import HotRestart
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy

PASSWORD = u'Sys-Passw0rd'


class Instance(object):
    """One whose process is this one."""

    name = 'foo-2883'

    def __init__(self, sql_port):
        self.sql_port = sql_port

    def pids(self):
        return [os.getpid()]


class Supervisor(object):
    """Notes what it is to run, and answers with this."""

    def __init__(self, rc=0, err=''):
        self.answer = rc, '', err
        self.asked = []

    def as_user(self, argv):
        self.asked.append(argv)
        return self.answer


@pytest.fixture(name='proxy')
def proxy_fixture():
    fake = FakeProxy(password=PASSWORD, parameters={u'hot_upgrade_exit_timeout': [u'30000000', u'false', u'USER']})
    yield fake
    fake.close()


def hot(proxy, supervisor=None, password=PASSWORD):
    return HotRestart(Instance(proxy.port), supervisor or Supervisor(), [password], 5)


@pytest.mark.parametrize('version', [u'3.2.1', u'3.2.8', u'4.3.1.0'])
def test_what_can_restart_hot(proxy, version):
    proxy.version = version
    supervisor = Supervisor()
    hot(proxy, supervisor).check()
    assert not [argv for argv in supervisor.asked if any('LD_LIBRARY_PATH' in word for word in argv)]
    assert not [statement for statement in proxy.statements if statement.startswith(u'alter')]


@pytest.mark.parametrize('version', [u'1.9.1.1', u'3.2.0', u'3.1.9'])
def test_a_version_that_is_too_old(proxy, version):
    proxy.version = version
    with pytest.raises(HostError, match='version %s, and hot restart came with 3.2.1.*mode=cold' % version):
        hot(proxy).check()


@pytest.mark.parametrize('rc, words', [(127, 'error while loading shared libraries: libstdc++.so.6'), (126, 'Permission denied'),
                                       (124, ''), (-9, '')])
def test_a_program_that_would_not_start_without_its_libraries(proxy, rc, words):
    with pytest.raises(HostError, match='LD_LIBRARY_PATH.*Nothing was changed.*mode=cold') as caught:
        hot(proxy, Supervisor(rc, words)).check()
    assert words in str(caught.value)


def test_a_wrong_password(proxy):
    with pytest.raises(HostError, match='asked for by SQL'):
        hot(proxy, password=u'wr0ng').check()
