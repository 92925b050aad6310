# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL client against a scripted server: what no real one can be made to do."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import threading

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _proxysys
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client, ProxysysError, quote
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import (
    EOF, OK, Server, error, greeting, lets_in, packet, receive, sha1, table,
)

ANSWER = b''.join(packet(number + 1, payload) for number, payload in enumerate(table([u'name', u'value'], [[u'a', u'1'], [u'b', None]])))
TALK = [packet(0, greeting()), packet(2, OK), ANSWER]


class Script(Server):
    """Sends the parts of a talk, each after what the client sends next; limit cuts it off after so many bytes."""

    def __init__(self, talk, limit=None, then='close'):
        self.talk = talk
        self.limit = sum(len(part) for part in talk) if limit is None else limit
        self.then = then
        self.heard = []
        self.finished = threading.Event()
        Server.__init__(self)

    def serve(self, connection):
        left = self.limit
        for number, part in enumerate(self.talk):
            if number:
                self.heard.append(receive(connection))
            connection.sendall(part[:left])
            left -= len(part[:left])
            if not left:
                break
        if self.then == 'hang':
            self.finished.wait(30)
        elif self.then == 'reset':
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    def close(self):
        self.finished.set()
        Server.close(self)


@pytest.fixture(name='script')
def script_fixture():
    made = []

    def make(*args, **kwargs):
        made.append(Script(*args, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.close()


def talk_to(server, timeout=10):
    client = Client(server.port, u'pass-word', timeout=timeout)
    try:
        return client.query(u'show proxyconfig')
    finally:
        client.close()


def test_a_whole_talk(script):
    server = script(TALK)
    assert talk_to(server) == ([u'name', u'value'], [[u'a', u'1'], [u'b', None]])
    assert lets_in(server.heard[0], sha1(u'pass-word')) and not lets_in(server.heard[0], sha1(u'other'))
    assert b'root@proxysys\0' in server.heard[0] and b'pass-word' not in server.heard[0]
    assert server.heard[1] == b'\x03show proxyconfig'


@pytest.mark.parametrize('then', ['close', 'reset'])
def test_a_connection_cut_at_every_byte_is_lost(script, then):
    whole = sum(len(part) for part in TALK)
    for limit in range(whole):
        server = script(TALK, limit, then)
        with pytest.raises(_proxysys.ConnectionLost):
            talk_to(server)


@pytest.mark.parametrize('limit', [0, 3, 30, len(TALK[0]), len(TALK[0]) + 2, len(TALK[0] + TALK[1]) + 20])
def test_a_server_that_falls_silent_costs_its_timeout_and_no_more(script, limit):
    server = script(TALK, limit, 'hang')
    began = monotonic()
    with pytest.raises(_proxysys.Timeout):
        talk_to(server, timeout=0.3)
    assert 0.2 < monotonic() - began < 3


class Dripping(Server):
    """Sends its greeting a byte at a time, forever in time for a timeout per read."""

    def serve(self, connection):
        stop = threading.Event()
        for byte in bytearray(packet(0, greeting())):
            connection.sendall(bytes(bytearray([byte])))
            stop.wait(0.05)


def test_a_server_that_drips_does_not_stretch_the_deadline():
    server = Dripping()
    try:
        began = monotonic()
        with pytest.raises(_proxysys.Timeout):
            Client(server.port, u'', timeout=0.5)
        assert monotonic() - began < 2
    finally:
        server.close()


def test_nothing_listens():
    closed = socket.socket()
    closed.bind(('127.0.0.1', 0))
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(_proxysys.Refused, match='nothing listens on 127.0.0.1:%d' % port):
        Client(port, u'')


@pytest.mark.parametrize('first, words', [
    (b'SSH-2.0-OpenSSH_9.2\r\n', 'does not speak the MySQL protocol'),
    (b'HTTP/1.1 400 Bad Request\r\n\r\n', 'does not speak the MySQL protocol'),
    (packet(0, b'\x09old server\0'), 'version 10'),
    (packet(0, b'\x0ano end of the version'), 'malformed'),
    (packet(0, b'\x0a5.6.25\0short'), 'malformed'),
    (packet(0, b''), 'malformed'),
    (packet(0, greeting(capabilities=0x0205)), 'older than MySQL 4.1'),
])
def test_a_server_of_another_kind_is_told_apart(script, first, words):
    with pytest.raises(ProxysysError, match=words):
        talk_to(script([first]))


def test_an_error_in_place_of_the_greeting(script):
    first = b'\xff' + struct.pack('<H', 1040) + b'Too many connections'
    with pytest.raises(_proxysys.ServerError, match='1040: Too many connections') as caught:
        talk_to(script([packet(0, first)]))
    assert caught.value.errno == 1040


def test_a_login_switched_to_native_uses_the_new_salt(script):
    other = b'ABCDEFGHIJKLMNOPQRST'
    switch = b'\xfemysql_native_password\0' + other + b'\0'
    server = script([packet(0, greeting(plugin=b'caching_sha2_password')), packet(2, switch), packet(4, OK), ANSWER])
    assert len(talk_to(server)[1]) == 2
    assert len(server.heard[1]) == 20
    assert lets_in(b'\0' * 32 + b'user\0' + b'\x14' + server.heard[1], sha1(u'pass-word'), other)


@pytest.mark.parametrize('answer', [b'\xfe', b'\xfecaching_sha2_password\0' + b'x' * 21, b'\x01\x04'])
def test_another_login_method_is_refused(script, answer):
    with pytest.raises(ProxysysError, match='log ?in'):
        talk_to(script([packet(0, greeting()), packet(2, answer)]))


def test_a_server_without_plugins(script):
    server = script([packet(0, greeting(capabilities=0x8205)), packet(2, OK), ANSWER])
    assert len(talk_to(server)[1]) == 2
    assert lets_in(server.heard[0], sha1(u'pass-word'))
    assert b'mysql_native_password' not in server.heard[0]


@pytest.mark.parametrize('answer, words', [
    (packet(1, b'\xfb/etc/passwd'), 'never given'),
    (packet(3, OK), 'lost its order'),
    (packet(1, b'\x01') + packet(2, b'\x03de'), 'malformed'),
    (packet(1, b'\x01') + packet(2, b''.join([b'\x01x'] * 6)) + packet(3, b'\x01x'), 'columns have no end'),
    (packet(1, b'\x01') + packet(2, b''.join([b'\x01x'] * 6)) + packet(3, EOF) + packet(4, b'\x09short'), 'malformed'),
])
def test_a_strange_answer_is_an_error_and_ends_the_connection(script, answer, words):
    server = script(TALK[:2] + [answer], None, 'hang')
    client = Client(server.port, u'')
    with pytest.raises(ProxysysError, match=words):
        client.query(u'show proxyconfig')
    with pytest.raises(_proxysys.ConnectionLost):
        client.query(u'show proxyconfig')


def test_a_refused_statement_keeps_the_connection_and_its_secret(script):
    refused = packet(1, error(5099, "Unknown variable near 'S3cret'"))
    server = script(TALK[:2] + [refused, refused, ANSWER])
    client = Client(server.port, u'')
    with pytest.raises(_proxysys.ServerError, match='S3cret') as caught:
        client.query(u'select')
    assert caught.value.errno == 5099
    with pytest.raises(_proxysys.ServerError) as caught:
        client.query(u'select', secret=True)
    assert caught.value.errno == 5099 and 'S3cret' not in str(caught.value)
    assert len(client.query(u'select')[1]) == 2


@pytest.mark.parametrize('plain, literal', [
    (u'', u"''"), (u'2G', u"'2G'"), (u"it's", u'"it\'s"'), (u'say "so"', u'\'say "so"\''), (u'a;b,c=d#', u"'a;b,c=d#'"),
])
def test_quote_uses_the_quotes_that_the_text_has_not(plain, literal):
    assert quote(plain) == literal


@pytest.mark.parametrize('plain', [u'back\\slash', u'both \' and "', u'nul\0'])
def test_quote_refuses_what_obproxy_would_garble(plain):
    with pytest.raises(ProxysysError) as caught:
        quote(plain)
    assert plain not in str(caught.value)
