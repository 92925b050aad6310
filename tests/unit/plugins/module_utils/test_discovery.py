# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose watchdog a shell is, and what speaks on a port."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import socket
import threading

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _discovery_ports, _process, _supervision

Shell = collections.namedtuple('Shell', 'pid cwd script')
ME = {'sql_port': 2883, 'home': '/data/foo', 'parents': [], 'pids': [7], 'exe': '/home/admin/obproxy-4.3.1.0/bin/obproxy'}


@pytest.mark.parametrize('arguments, cwd, mine', [
    (['-c', 'start', '-p', '2883'], '/elsewhere', True),
    (['-c', 'start', '-p2883'], '/elsewhere', True),
    (['-c', 'start', '-p', '3883'], '/data/foo', False),
    (['/data/foo', '10.0.0.1', '2883'], '/root', True),
    (['/data/foo', '10.0.0.1', '3883'], '/data/foo', False),
    (['-c', 'daemon'], '/data/foo', True),
    (['-c', 'daemon'], '/data/foo/bin', True),
    (['-c', 'daemon'], '/data/bar', False),
])
def test_a_watchdog_is_told_by_its_port_else_by_its_place(monkeypatch, arguments, cwd, mine):
    monkeypatch.setattr(_process, 'script_arguments', lambda pid, proc: arguments)
    assert _supervision.watches(Shell(5, cwd, '/opt/x/obproxyd.sh'), ME) is mine


def test_the_parent_of_a_proxy_watches_it(monkeypatch):
    monkeypatch.setattr(_process, 'script_arguments', lambda pid, proc: [])
    assert _supervision.watches(Shell(5, '/', '/opt/x/obproxyd.sh'), dict(ME, parents=[5]))


def serve(answer, first):
    """A server for one connection, which greets at once or answers a request."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(1)

    def work():
        connection = listener.accept()[0]
        if not first:
            connection.recv(100)
        connection.sendall(answer)
        connection.close()
        listener.close()
    threading.Thread(target=work).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize('answer, first, kind', [
    (b'\x4a\0\0\0\x0a5.6.25\0', True, 'sql'), (b'\x17\0\0\0\xff\x10\x04Too many connections', True, 'sql'),
    (b'HTTP/1.1 200 OK\r\n\r\n', False, 'exporter'), (b'HTTP/1.1 404 Not Found\r\n\r\n', False, 'other'),
    (b'', True, 'other'), (b'SSH-2.0-x\r\n', True, 'other')])
def test_what_speaks_on_a_port(answer, first, kind):
    assert _discovery_ports.speaks(serve(answer, first)) == kind


def test_a_port_that_says_nothing_is_silent(monkeypatch):
    monkeypatch.setattr(_discovery_ports, 'ANSWER_WAIT', 0.2)
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(1)
    assert _discovery_ports.speaks(listener.getsockname()[1]) == 'silent'
    listener.close()
    assert _discovery_ports.speaks(listener_port_that_is_closed()) == 'other'


def listener_port_that_is_closed():
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    port = listener.getsockname()[1]
    listener.close()
    return port
