# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _server
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_server_info
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy, Server, play

PASSWORD = u'Sys-Passw0rd'
STRANGER = '''
import socket, sys
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(5)
sys.stdout.write('%d\\n' % listener.getsockname()[1])
sys.stdout.flush()
while True:
    connection = listener.accept()[0]
    connection.recv(4096)
    connection.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\n')
    connection.close()
'''


class Exporter(Server):
    """Answers every request with one status."""

    status = 200

    def serve(self, connection):
        asked = connection.recv(4096)
        status = self.status if asked.startswith(b'GET /metrics ') else 404
        connection.sendall(('HTTP/1.1 %d Word\r\nContent-Length: 0\r\n\r\n' % status).encode())


@pytest.fixture(name='proxy')
def proxy_fixture():
    fake = FakeProxy(password=PASSWORD)
    yield fake
    fake.close()


@pytest.fixture(name='exporter')
def exporter_fixture():
    fake = Exporter()
    yield fake
    fake.close()


@pytest.fixture(name='closed_port')
def closed_port_fixture():
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        port = closed.getsockname()[1]
    return port


@pytest.fixture(name='look')
def look_fixture(capsys):
    def look(sql_port, exporter_port, check=False, password=PASSWORD, **more):
        result, printed = play(capsys, obproxy_server_info, check, sql_port=sql_port, exporter_port=exporter_port, sys_password=password, **more)
        assert PASSWORD not in printed
        return result
    return look


@pytest.mark.parametrize('check', [False, True])
def test_a_server_that_serves(look, proxy, exporter, check):
    result = look(proxy.port, exporter.port, check)
    assert not result['changed']
    assert result['server'] == dict(
        pid=os.getpid(), version='4.3.1.0', binary='ObProxy-OceanBase 4.3.1.0-4', ping=True, exporter=True,
        sql_port=proxy.port, exporter_port=exporter.port, sessions=1)


def test_a_server_that_takes_no_new_connections(look, proxy, exporter):
    proxy.refuse = {'ping': True}
    result = look(proxy.port, exporter.port)
    assert result['failed'] and 'ping proxy' in result['msg'] and '1053' in result['msg']


def test_an_exporter_that_is_not_there(look, proxy, closed_port):
    result = look(proxy.port, closed_port)
    assert result['failed'] and '127.0.0.1:%d/metrics' % closed_port in result['msg']
    assert '%s/log/obproxy.log' % os.getcwd() in result['msg']


def test_an_exporter_that_answers_wrongly(look, proxy, exporter):
    exporter.status = 500
    assert 'expected HTTP 200' in look(proxy.port, exporter.port)['msg']


def test_an_exporters_port_that_another_process_holds(look, proxy):
    stranger = subprocess.Popen([sys.executable, '-c', STRANGER], stdout=subprocess.PIPE)
    try:
        result = look(proxy.port, int(stranger.stdout.readline()))
    finally:
        stranger.kill()
        stranger.communicate()
    assert result['failed'] and 'held by pid %d' % stranger.pid in result['msg'] and 'pid %d' % os.getpid() in result['msg']


def test_all_that_is_wrong_is_told_at_once(look, closed_port):
    result = look(closed_port, closed_port)
    assert 'nothing listens' in result['msg'] and '/metrics' in result['msg'] and 'obproxy_diagnosis.log' in result['msg']


def test_check_mode_before_the_first_start(look, closed_port):
    result = look(closed_port, closed_port, True)
    assert result['server'] is None and str(closed_port) in result['msg'] and not result['changed']


def test_a_wrong_password_is_not_waited_for(look, proxy, exporter):
    began = time.time()
    result = look(proxy.port, exporter.port, password=u'wr0ng', wait=60)
    assert result['failed'] and '1045' in result['msg'] and 'wr0ng' not in result['msg']
    assert time.time() - began < 30


def test_waiting_until_it_serves(look, proxy, exporter):
    proxy.refuse = {'ping': True}
    mended = threading.Timer(0.7, proxy.refuse.clear)
    mended.start()
    assert look(proxy.port, exporter.port, wait=30)['server']['ping']
    mended.join()


def test_waiting_has_an_end(look, proxy, closed_port):
    began = time.time()
    assert look(proxy.port, closed_port, wait=1)['failed']
    assert 1 <= time.time() - began < 10


def test_an_exporters_port_that_speaks_no_http(look, proxy):
    result = look(proxy.port, proxy.port)
    assert result['failed'] and 'expected HTTP 200' in result['msg']


def test_waiting_until_the_clients_have_left(look, proxy, exporter):
    assert look(proxy.port, exporter.port, drain_timeout=1)['server']['sessions'] == 1
    leaving = threading.Timer(0.5, lambda: setattr(proxy, 'sessions', []))
    leaving.start()
    assert look(proxy.port, exporter.port, drain_timeout=60)['server']['sessions'] == 0
    leaving.join()


@pytest.mark.parametrize('wait, ends', [(60, True), (0, False)])
def test_a_proxy_that_once_fails_to_answer_is_waited_for_as_long_as_its_clients(look, monkeypatch, wait, ends):
    answers = [dict(sessions=1), _server.NotAlive('busy'), dict(sessions=0)]

    def survey(_params):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
    monkeypatch.setattr(_server, 'survey', survey)
    result = look(1, 1, drain_timeout=wait)
    assert result['server']['sessions'] == (0 if ends else 1) and bool(answers) is not ends
