# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted server of the MySQL protocol, the admin SQL of an OBProxy on top of it, and a way to run a module."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import hashlib
import json
import re
import socket
import struct
import threading

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes, to_text

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    @contextlib.contextmanager
    def patch_module_args(args):
        basic._ANSIBLE_ARGS = to_bytes(json.dumps({'ANSIBLE_MODULE_ARGS': args}))
        yield

SALT = b'12345678abcdefghijkl'
OK = b'\0\0\0\2\0\0\0'
EOF = b'\xfe\0\0\2\0'
CAPABILITIES = 0x00088205


def packet(sequence, payload):
    return struct.pack('<I', len(payload))[:3] + struct.pack('B', sequence) + payload


def text(value):
    if value is None:
        return b'\xfb'
    value = to_bytes(value)
    head = struct.pack('B', len(value)) if len(value) < 251 else b'\xfc' + struct.pack('<H', len(value))
    return head + value


def greeting(capabilities=CAPABILITIES, plugin=b'mysql_native_password'):
    low, high = capabilities & 0xFFFF, capabilities >> 16
    return (b'\x0a5.6.25\0' + struct.pack('<I', 7) + SALT[:8] + b'\0' + struct.pack('<HBHHB', low, 33, 2, high, 21)
            + b'\0' * 10 + SALT[8:] + b'\0' + plugin + b'\0')


def error(number, message):
    return b'\xff' + struct.pack('<H', number) + b'#HY000' + to_bytes(message)


def table(columns, rows):
    """The packets of a result, in the order they are sent."""
    definitions = [b''.join(text(part) for part in (u'def', u'', u'', u'', column, u'')) + b'\x0c' + b'\0' * 12 for column in columns]
    return [struct.pack('B', len(columns))] + definitions + [EOF] + [b''.join(text(cell) for cell in row) for row in rows] + [EOF]


def sha1(password):
    return hashlib.sha1(to_bytes(password)).hexdigest()


class Server:
    """Listens on a free port and serves each connection by serve(), each in a thread of its own."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(5)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        thread = threading.Thread(target=self.accept)
        thread.daemon = True
        thread.start()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except (OSError, socket.error):
                return
            self.connections.append(connection)
            thread = threading.Thread(target=self.guarded, args=(connection,))
            thread.daemon = True
            thread.start()

    def guarded(self, connection):
        try:
            self.serve(connection)
        except (OSError, socket.error, EOFError):
            pass
        finally:
            connection.close()

    def serve(self, connection):
        raise NotImplementedError

    def close(self):
        # closing alone would not wake the thread that waits in accept
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()


def receive(connection):
    def exactly(size):
        data = b''
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data
    return exactly(struct.unpack('<I', exactly(4)[:3] + b'\0')[0])


def lets_in(answer, stored, salt=SALT):
    """Whether a login answer holds the password with this stored SHA-1; an empty one lets in everybody."""
    if not stored:
        return True
    at = 32
    end = answer.index(b'\0', at)
    token = bytearray(answer[end + 2:end + 2 + 20])
    second = hashlib.sha1(bytes(bytearray.fromhex(to_text(stored)))).digest()
    mask = bytearray(hashlib.sha1(salt + second).digest())
    first = bytes(bytearray(a ^ b for a, b in zip(token, mask)))
    return len(token) == 20 and hashlib.sha1(first).digest() == second


class FakeProxy(Server):
    """The admin SQL as OBProxy's: literals without escapes, one parameter per alter, hashed passwords."""

    def __init__(self, version=u'4.3.1.0', password=u'', parameters=None, tabled=True, refuse=None):
        self.version = version
        self.items = {
            u'obproxy_sys_password': [sha1(password) if password else u'', u'false', u'SYS'],
            u'observer_sys_password': [u'', u'false', u'SYS'],
            u'observer_sys_password1': [u'', u'false', u'SYS'],
        }
        self.items.update(parameters or {})
        self.defaults = {}
        self.rows = [] if tabled else None
        self.refuse = refuse or {}
        self.sessions = [u'mysql']
        self.statements = []
        Server.__init__(self)

    def serve(self, connection):
        connection.sendall(packet(0, greeting()))
        if not lets_in(receive(connection), self.items[u'obproxy_sys_password'][0]):
            connection.sendall(packet(2, error(1045, "Access denied for user 'root'@'xxx' (using password: YES)")))
            return
        connection.sendall(packet(2, OK))
        while True:
            command = receive(connection)
            if command[:1] == b'\x01':
                return
            statement = to_text(command[1:])
            self.statements.append(statement)
            connection.sendall(b''.join(packet(number + 1, payload) for number, payload in enumerate(self.answer(statement))))

    def answer(self, statement):
        if statement == u'show proxyconfig':
            return table([u'name', u'value', u'info', u'need_reboot', u'visible_level'],
                         [[name, item[0], u'', item[1], item[2]] for name, item in sorted(self.items.items())])
        if statement == u'show proxyconfig diff':
            differing = [name for name, item in sorted(self.items.items()) if item[0] != self.defaults.get(name)]
            return table([u'name', u'value'], [[name, self.items[name][0]] for name in differing])
        if statement == u'select proxy_version()':
            return table([u'proxy_version()'], [[u'OceanBase %s 4' % self.version]])
        if statement == u'show proxyinfo binary':
            return table([u'name', u'info'], [[u'binary info', u'ObProxy-OceanBase %s-4' % self.version]])
        if statement == u'show proxysession':
            return table([u'Id', u'Tenant'], [[u'1', tenant] for tenant in [u'proxysys'] + self.sessions])
        if statement == u'ping proxy':
            return [error(1053, 'Server shutdown in progress')] if 'ping' in self.refuse else [OK]
        for pattern, work in ((r'alter proxyconfig set (\w+) = (.*)$', self.alter), (r'replace into proxy_config\((.*)\) values\((.*)\)$', self.replace),
                              (r"select \* from proxy_config where name='(\w+)'$", self.select)):
            found = re.match(pattern, statement, re.S)
            if found:
                return work(*found.groups())
        return [error(1235, 'Not supported feature or function')]

    @staticmethod
    def literal(text_):
        found = re.match(u'^(?:\'([^\'\\\\]*)\'|"([^"\\\\]*)")$', text_, re.S)
        return u'garbled' if not found else found.group(1) if found.group(1) is not None else found.group(2)

    def alter(self, name, value):
        value = self.literal(value)
        if name not in self.items:
            return [error(5099, 'Unknown system variable')]
        if value in self.refuse.get(name, ()):
            return [error(4147, 'Invalid config')]
        if name.startswith((u'obproxy_sys_password', u'observer_sys_password')):
            value = sha1(value) if value else value
        self.items[name][0] = value
        return [OK]

    def replace(self, columns, values):
        if self.rows is None:
            return [error(1235, 'Not supported feature or function')]
        row = dict(zip(columns.split(u', '), [self.literal(value) for value in values.split(u', ')]))
        row[u'value'] = sha1(row[u'value']) if row[u'value'] else u''
        self.rows = [one for one in self.rows if any(one[key] != row[key] for key in (u'cluster_name', u'name'))] + [row]
        return [OK]

    def select(self, name):
        if self.rows is None:
            return [error(1235, 'Not supported feature or function')]
        columns = [u'vid', u'tenant_name', u'cluster_name', u'name', u'value', u'config_level']
        found = [row for row in self.rows if row[u'name'] == name]
        return table(columns, [[row.get(column, u'') for column in columns] for row in found]) if found else [OK]


def play(capsys, module, check=False, diff=True, **options):
    """What a module prints: (result, all that was printed)."""
    args = dict(options, _ansible_check_mode=check, _ansible_diff=diff, _ansible_remote_tmp='/tmp', _ansible_keep_remote_files=False)
    with patch_module_args(args):
        with pytest.raises(SystemExit):
            module.main()
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.out + printed.err
