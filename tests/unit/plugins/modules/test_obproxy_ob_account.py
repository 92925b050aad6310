# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own edge. What it does in OceanBase is tested in tests/seekdb."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _ob_account
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_ob_account
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import Server, error, greeting, packet, play, receive

PASSWORD, ADMINISTRATOR = u'R0-Pw', u'R00t-Pw'


class Denying(Server):
    """Lets nobody in."""

    def serve(self, connection):
        connection.sendall(packet(0, greeting()))
        receive(connection)
        connection.sendall(packet(2, error(1045, u'Access denied')))


@pytest.fixture(name='denying')
def denying_fixture():
    server = Denying()
    yield server
    server.close()


@pytest.fixture(name='run')
def run_fixture(capsys):
    def run(*servers, **options):
        result, printed = play(capsys, obproxy_ob_account, root_servers=list(servers), password=PASSWORD, **options)
        assert PASSWORD not in printed and ADMINISTRATOR not in printed
        return result
    return run


@pytest.mark.parametrize('server', ['10.0.0.1', '10.0.0.1:0', '10.0.0.1:65536', ':2881', 'a b:2881', '10.0.0.1:2881;10.0.0.2:2881', '::1:2881'])
def test_what_is_no_root_server(run, server):
    result = run('127.0.0.1:2881', server)
    assert result['failed'] and server in result['msg'] and 'ip:port' in result['msg']


def test_no_root_server(run):
    assert 'root server' in run()['msg']


def test_an_address_of_ipv6():
    assert _ob_account.addresses(['[fe80::1]:2881', 'ob1:2882']) == [('fe80::1', 2881), ('ob1', 2882)]


def test_where_nobody_listens(run):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        server = '127.0.0.1:%d' % closed.getsockname()[1]
    result = run(server, server)
    assert result['failed'] and 'no root server answers' in result['msg'] and result['msg'].count('nothing listens on ' + server) == 2


def test_who_is_not_let_in(run, denying):
    server = '127.0.0.1:%d' % denying.port
    assert 'no sys_password is given' in run(server)['msg']
    assert 'root@sys is not let in' in run(server, sys_password=ADMINISTRATOR)['msg']


@pytest.mark.parametrize('grant, enough', [
    (u"GRANT SELECT ON *.* TO 'proxyro'", True),
    (u"GRANT INSERT, SELECT ON *.* TO 'proxyro' WITH GRANT OPTION", True),
    (u"GRANT ALL PRIVILEGES ON *.* TO 'proxyro'", True),
    (u"GRANT USAGE ON *.* TO 'proxyro'", False),
    (u"GRANT SELECT ON `oceanbase`.* TO 'proxyro'", False),
    (u"GRANT CREATE USER ON *.* TO 'SELECT'", False),
])
def test_which_grants_are_enough(grant, enough):
    class Client(object):
        def query(self, statement):
            return [u'Grants'], [[grant]]
    assert _ob_account.reads_everything(Client()) is enough
