# -*- coding: utf-8 -*-
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small MySQL client for OBProxy's admin port.

Targets have no MySQL driver and many cannot install one. The admin port needs little:
the handshake, mysql_native_password, COM_QUERY with text results, COM_PING, COM_QUIT.
Every operation has a deadline for the whole of it, and no text of an exception
holds a password or a statement.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import hashlib
import socket
import struct

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic

LONG_PASSWORD = 0x00000001
LONG_FLAG = 0x00000004
PROTOCOL_41 = 0x00000200
TRANSACTIONS = 0x00002000
SECURE_CONNECTION = 0x00008000
PLUGIN_AUTH = 0x00080000
WANTED = LONG_PASSWORD | LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH

COM_QUIT, COM_QUERY, COM_PING = 0x01, 0x03, 0x0E
UTF8MB4 = 45
NATIVE = b'mysql_native_password'
MAX_CHUNK = 0xFFFFFF
MAX_RESPONSE = 1 << 28
OK, EOF, ERR, LOCAL_INFILE = 0x00, 0xFE, 0xFF, 0xFB
ER_ACCESS_DENIED = 1045


class ProxysysError(Exception):
    """Whatever kept us from an answer; errno is the server's number where it gave one."""

    def __init__(self, message, errno=None):
        super(ProxysysError, self).__init__(to_native(message))
        self.errno = errno


class ServerError(ProxysysError):
    """The server understood and refused."""


class AccessDenied(ServerError):
    """The server refused the user or the password."""


class ConnectionLost(ProxysysError):
    """The connection ended before the answer was complete."""


class Timeout(ProxysysError):
    """No complete answer within the time."""


class Refused(ProxysysError):
    """Nothing listens."""


def quote(text):
    """An SQL string literal.

    OBProxy drops every escape and doubled quote inside a literal, and with it the text's end,
    so a text that needs one cannot be told to it; to change it silently would be worse.
    """
    text = to_text(text)
    for mark in (u"'", u'"'):
        if mark not in text and u'\\' not in text and u'\0' not in text:
            return mark + text + mark
    raise ProxysysError('OBProxy takes no text that has a backslash, or both single and double quotes')


def scramble(password, salt):
    """What mysql_native_password sends: SHA1(p) XOR SHA1(salt + SHA1(SHA1(p)))."""
    if not password:
        return b''
    first = hashlib.sha1(to_bytes(password)).digest()
    second = hashlib.sha1(salt + hashlib.sha1(first).digest()).digest()
    return bytes(bytearray(a ^ b for a, b in zip(bytearray(first), bytearray(second))))


class Reader:
    """Walks through one packet; running over its end is the sender's fault and said so."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        if self.left() < size:
            raise ProxysysError('malformed packet: it ends before what it announces')
        part = self.data[self.at:self.at + size]
        self.at += size
        return part

    def integer(self, size):
        return struct.unpack('<Q', self.take(size) + b'\0' * (8 - size))[0]

    def until_nul(self):
        end = self.data.find(b'\0', self.at)
        if end < 0:
            raise ProxysysError('malformed packet: a string without its end')
        part = self.take(end - self.at)
        self.at += 1
        return part

    def length(self):
        """A length-encoded integer; None stands for SQL's NULL."""
        first = self.integer(1)
        if first < 0xFB:
            return first
        if first == 0xFB:
            return None
        if first == 0xFF:
            raise ProxysysError('malformed packet: not a length')
        return self.integer({0xFC: 2, 0xFD: 3, 0xFE: 8}[first])

    def text(self):
        size = self.length()
        return None if size is None else to_text(self.take(size), errors='replace')


class Wire:
    """Packets over one socket, each call within the deadline that begin() set."""

    def __init__(self, host, port, timeout):
        self.where = '%s:%d' % (host, port)
        self.timeout = timeout
        self.sequence = 0
        self.buffer = b''
        self.begin()
        try:
            self.socket = socket.create_connection((host, port), self._remaining())
        except socket.timeout:
            raise Timeout('no connection to %s within %s s' % (self.where, timeout))
        except socket.error as exc:
            if exc.errno == errno.ECONNREFUSED:
                raise Refused('nothing listens on %s' % self.where)
            if exc.errno == errno.ECONNRESET:
                raise ConnectionLost('%s closed the connection at once' % self.where)
            raise ProxysysError('cannot connect to %s: %s' % (self.where, exc))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self):
        self.deadline = monotonic() + self.timeout
        self.sequence = 0

    def _remaining(self):
        left = self.deadline - monotonic()
        if left <= 0:
            raise Timeout('no complete answer from %s within %s s' % (self.where, self.timeout))
        return left

    def _guarded(self, call, argument):
        self.socket.settimeout(self._remaining())
        try:
            return call(argument)
        except socket.timeout:
            raise Timeout('no complete answer from %s within %s s' % (self.where, self.timeout))
        except socket.error as exc:
            raise ConnectionLost('the connection to %s was lost: %s' % (self.where, exc))

    def _exactly(self, size):
        parts = [self.buffer]
        have = len(self.buffer)
        while have < size:
            part = self._guarded(self.socket.recv, 1 << 16)
            if not part:
                raise ConnectionLost('%s closed the connection before its answer was complete' % self.where)
            parts.append(part)
            have += len(part)
        data = b''.join(parts)
        self.buffer = data[size:]
        return data[:size]

    def receive(self):
        """One whole packet, joined from its chunks."""
        chunks, total = [], 0
        while True:
            header = self._exactly(4)
            size = struct.unpack('<I', header[:3] + b'\0')[0]
            if bytearray(header)[3] != self.sequence:
                raise ProxysysError('%s does not speak the MySQL protocol (or lost its order)' % self.where)
            self.sequence = (self.sequence + 1) % 256
            total += size
            if total > MAX_RESPONSE:
                raise ProxysysError('%s answers with more than %d bytes at once' % (self.where, MAX_RESPONSE))
            chunks.append(self._exactly(size))
            if size < MAX_CHUNK:
                return b''.join(chunks)

    def send(self, payload):
        """One packet, split into chunks where it is long."""
        for start in range(0, len(payload) + 1, MAX_CHUNK):
            chunk = payload[start:start + MAX_CHUNK]
            header = struct.pack('<I', len(chunk))[:3] + struct.pack('B', self.sequence)
            self.sequence = (self.sequence + 1) % 256
            rest = memoryview(header + chunk)
            while len(rest):
                rest = rest[self._guarded(self.socket.send, rest[:1 << 16]):]

    def close(self):
        self.socket.close()


class Client:
    """A logged-in connection: Client(2883, password).query('show proxyconfig')."""

    def __init__(self, port, password, user='root@proxysys', host='127.0.0.1', timeout=10):
        self.user = user
        self.port = port
        self.server_version = None
        self.affected_rows = 0
        self._wire = Wire(host, port, timeout)
        try:
            self._log_in(password)
        except BaseException:
            self._drop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def query(self, sql, secret=False):
        """Run one statement: (columns, rows) as text, ([], []) where it returns no rows.

        secret: the statement holds a secret, so the server's words are left out of an error,
        as they may quote it.
        """
        return self._operation(COM_QUERY, to_bytes(sql), lambda: self._read_result(secret))

    def ping(self):
        self._operation(COM_PING, b'', lambda: self._read_result(False))

    def close(self):
        if self._wire is None:
            return
        try:
            self._wire.begin()
            self._wire.send(struct.pack('B', COM_QUIT))
        except ProxysysError:
            pass  # it is gone already, which is all that was wanted
        self._drop()

    def _drop(self):
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _operation(self, command, argument, read):
        if self._wire is None:
            raise ConnectionLost('the connection is closed')
        try:
            self._wire.begin()
            self._wire.send(struct.pack('B', command) + argument)
            return read()
        except ServerError:
            raise
        except BaseException:
            # after half an answer the next one cannot be told from its rest
            self._drop()
            raise

    def _log_in(self, password):
        salt, capabilities = self._read_greeting(self._wire.receive())
        flags = WANTED & capabilities
        token = scramble(password, salt)
        answer = struct.pack('<IIB23x', flags, MAX_CHUNK + 1, UTF8MB4)
        answer += to_bytes(self.user) + b'\0' + struct.pack('B', len(token)) + token
        if flags & PLUGIN_AUTH:
            answer += NATIVE + b'\0'
        self._wire.send(answer)
        packet = self._wire.receive()
        if packet[:1] == b'\xfe':
            self._wire.send(scramble(password, self._read_switch(packet)))
            packet = self._wire.receive()
        if packet[:1] == b'\xff':
            raise self._server_error(packet)
        if packet[:1] != b'\x00':
            raise ProxysysError('%s asks for a way to log in other than mysql_native_password' % self._wire.where)

    def _read_greeting(self, packet):
        if packet[:1] == b'\xff':
            raise self._server_error(packet)
        reader = Reader(packet)
        if reader.integer(1) != 10:
            raise ProxysysError('%s does not greet with version 10 of the MySQL protocol' % self._wire.where)
        self.server_version = to_text(reader.until_nul(), errors='replace')
        reader.take(4)
        salt = reader.take(8)
        reader.take(1)
        capabilities = reader.integer(2)
        if reader.left() >= 16:
            reader.take(3)
            capabilities |= reader.integer(2) << 16
            reader.take(11)
        if not capabilities & SECURE_CONNECTION or not capabilities & PROTOCOL_41:
            raise ProxysysError('the server on %s is older than MySQL 4.1 and cannot be logged in to' % self._wire.where)
        return salt + reader.take(12), capabilities

    def _read_switch(self, packet):
        reader = Reader(packet[1:])
        plugin = reader.until_nul() if reader.left() else b'mysql_old_password'
        if plugin != NATIVE:
            raise ProxysysError('%s asks for the login method %s; only mysql_native_password is spoken here'
                                % (self._wire.where, to_text(plugin, errors='replace')))
        return reader.take(20)

    def _server_error(self, packet, secret=False):
        reader = Reader(packet[1:])
        number = reader.integer(2)
        message = to_text(reader.take(reader.left()), errors='replace')
        if message.startswith(u'#'):
            message = message[6:]
        if secret:
            message = u'the server\'s words are left out, as they may quote a secret'
        kind = AccessDenied if number == ER_ACCESS_DENIED else ServerError
        return kind('error %d: %s' % (number, message), number)

    def _read_result(self, secret):
        packet = self._wire.receive()
        first = Reader(packet).integer(1)
        if first == ERR:
            raise self._server_error(packet, secret)
        if first == OK:
            self.affected_rows = Reader(packet[1:]).length()
            return [], []
        if first == LOCAL_INFILE:
            raise ProxysysError('the server asks for a local file, which is never given')
        count = Reader(packet).length()
        columns = [self._read_column() for dummy in range(count)]
        if not self._is_end(self._wire.receive()):
            raise ProxysysError('malformed result: the columns have no end')
        return columns, self._read_rows(count, secret)

    def _read_column(self):
        reader = Reader(self._wire.receive())
        return [reader.text() for dummy in range(5)][4]

    def _read_rows(self, count, secret):
        rows = []
        while True:
            packet = self._wire.receive()
            if self._is_end(packet):
                return rows
            if packet[:1] == b'\xff':
                raise self._server_error(packet, secret)
            reader = Reader(packet)
            rows.append([reader.text() for dummy in range(count)])

    @staticmethod
    def _is_end(packet):
        return packet[:1] == b'\xfe' and len(packet) < 9


def connect_any(port, passwords, timeout=10):
    """Log in with the first password that is let in: (client, its index)."""
    denied = AccessDenied('no password was given', ER_ACCESS_DENIED)
    for index, password in enumerate(passwords):
        try:
            return Client(port, password, timeout=timeout), index
        except AccessDenied as exc:
            denied = exc
    raise denied
