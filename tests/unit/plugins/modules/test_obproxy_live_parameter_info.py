# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_live_parameter_info
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy, play, table

PASSWORD = u'Sys-Passw0rd'


class Proxy(FakeProxy):
    def answer(self, statement):
        if statement == u'show proxyconfig diff':
            return table([u'name', u'value'], [[name, item[0]] for name, item in sorted(self.items.items()) if item[0] != u'default'])
        return FakeProxy.answer(self, statement)


@pytest.fixture(name='proxy')
def proxy_fixture():
    fake = Proxy(password=PASSWORD, parameters={
        u'proxy_mem_limited': [u'4G', u'false', u'USER'], u'enable_qos': [u'default', u'false', u'USER'],
        u'listen_port': [u'2883', u'true', u'SYS'], u'refresh_config': [u'x', u'false', u'MEMORY'],
    })
    yield fake
    fake.close()


@pytest.mark.parametrize('check', [False, True])
def test_all_is_read_but_passwords(capsys, proxy, check):
    result, printed = play(capsys, obproxy_live_parameter_info, check, sql_port=proxy.port, sys_password=PASSWORD)
    assert result['parameters'] == {'proxy_mem_limited': '4G', 'enable_qos': 'default', 'listen_port': '2883'}
    assert (result['differing'], result['pending_restart'], result['changed']) == (['proxy_mem_limited'], [], False)
    assert 'password' not in printed.replace('sys_password', '').replace('old_sys_passwords', '') and PASSWORD not in printed


def test_a_wrong_password_is_said(capsys, proxy):
    result = play(capsys, obproxy_live_parameter_info, sql_port=proxy.port, sys_password='wrong')[0]
    assert result['failed'] and 'cannot be read: no password given' in result['msg']
