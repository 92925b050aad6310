# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance is told that was started anew. Real ways back are tested in tests/supervisor."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _anew
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy, sha1

SYS, RO = u'Sys-Passw0rd', u'Pr0xyro-Pw'


class Instance(object):
    name = 'foo-2883'

    def __init__(self, home, port):
        self.home = home
        self.sql_port = port

    def owner(self):
        return os.geteuid(), os.getegid()


class Supervisor(object):
    def stop(self, timeout=None):
        return []


class Service(object):
    """Starts nothing: the proxy is there already."""

    def __init__(self, *args):
        pass

    def set(self, state):
        pass


@pytest.fixture(name='proxy')
def proxy_fixture():
    fake = FakeProxy(u'4.2.3.0', SYS)
    yield fake
    fake.close()


def test_passwords_and_parameters_are_told_again(tmp_path, monkeypatch, proxy):
    (tmp_path / 'etc').mkdir()
    (tmp_path / 'etc' / 'proxy_config.db').write_text(u'4.3')
    monkeypatch.setattr(_anew, 'Service', Service)
    monkeypatch.setattr(_anew, 'set_state', lambda *args: None)
    proxy.items[u'work_thread_num'] = [u'128', u'false', u'USER']
    anew = _anew.Anew(Instance(str(tmp_path), proxy.port), Supervisor(), dict(
        sys_password=SYS, old_sys_passwords=[], timeout=10, stop_timeout=1,
        ob_passwords=[dict(cluster_name='hooray', password=RO)]), {}, str(tmp_path))
    anew.facts = dict(work_mode='CONFIG_URL', config_url='http://c', rs_list=None, ob_clusters=[dict(cluster_name='hooray')],
                      differing=[dict(name='work_thread_num', value='64'), dict(name='of_4_3_only', value='1')])
    anew.carry_out()
    assert proxy.items[u'observer_sys_password'][0] == sha1(RO)
    assert [row[u'value'] for row in proxy.rows] == [sha1(RO)]
    assert proxy.items[u'work_thread_num'][0] == u'64' and anew.not_kept == ['of_4_3_only']
    assert (tmp_path / 'etc.before-upgrade' / 'proxy_config.db').read_text() == u'4.3' and os.listdir(str(tmp_path / 'etc')) == []
