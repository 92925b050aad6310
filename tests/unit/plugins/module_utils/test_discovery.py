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

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _discovery_live, _discovery_ports, _process, _supervision)

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


def differing(*values):
    return [dict(name=name, value=value, need_restart=need_restart) for name, value, need_restart in values]


def exported(record, *values):
    instance = dict(work_mode='CONFIG_URL', ob_clusters=[{'cluster_name': 'gone', 'ob_cluster_id': 9}], sql_port=2883, exporter_port=2884,
                    package=None, app_name='foo', differing=differing(*values))
    return _discovery_live.request(instance, record)


def items(**values):
    return [{'name': name, 'value': values[name]} for name in sorted(values)]


def test_an_instance_without_a_record_is_exported_as_it_says_itself():
    body = exported(None, ('syslog_level', 'WARN', False), ('work_thread_num', '8', True), ('mysql_version', '5.6,8', True))
    assert (body['name'], body['obLinks']) == ('foo', [{'clusterName': 'gone', 'obClusterId': 9, 'username': 'proxyro'}])
    assert body['startupParameters'] == items(work_thread_num='8')
    assert body['parameters'] == items(mysql_version='5.6,8', syslog_level='WARN')[::-1]


def test_a_server_of_a_cluster_is_exported_as_its_cluster():
    link = {'cluster_name': 'hooray', 'ob_cluster_id': 1, 'username': 'proxyro'}
    record = {'cluster_name': 'bar', 'ob_links': [link], 'own_parameters': items(syslog_level='ERROR', enable_qos='true'),
              'startup_parameters': items(proxy_mem_limited='2G'), 'parameters': items(syslog_level='INFO', monitor_stat_level='1')}
    body = exported(record, ('syslog_level', 'ERROR', False), ('enable_qos', 'true', False), ('monitor_stat_level', '2', False))
    assert (body['name'], body['obLinks']) == ('bar', [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}])
    assert body['startupParameters'] == items(proxy_mem_limited='2G')
    assert sorted(body['parameters'], key=lambda one: one['name']) == items(monitor_stat_level='2', syslog_level='INFO')
