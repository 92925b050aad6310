# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks on a listening port: OBProxy's SQL, its exporter, or something else."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import select
import socket
import struct

SQL, EXPORTER, SILENT, OTHER = 'sql', 'exporter', 'silent', 'other'
ANYWHERE = ('0.0.0.0', '127.0.0.1', '::', '::1')
GREETING_WAIT = 0.5
ANSWER_WAIT = 2
PROTOCOL_VERSION, ERROR_PACKET = 10, 255


def speaks(port, addresses=()):
    """Which of the four a port is, asked by one connection."""
    here = not addresses or any(address in ANYWHERE for address in addresses)
    try:
        connection = socket.create_connection(('127.0.0.1' if here else addresses[0], port), ANSWER_WAIT)
    except socket.timeout:
        return SILENT
    except socket.error:
        return OTHER
    try:
        return _converse(connection)
    except socket.error:
        return OTHER
    finally:
        connection.close()


def _converse(connection):
    """MySQL greets unasked, the exporter waits for a request."""
    if _ready(connection, GREETING_WAIT):
        return SQL if _is_greeting(connection.recv(64)) else OTHER
    connection.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
    if not _ready(connection, ANSWER_WAIT):
        return SILENT
    answer = connection.recv(64)
    if _is_greeting(answer):
        return SQL
    return EXPORTER if answer.startswith(b'HTTP/1.') and b' 200' in answer[:16] else OTHER


def _ready(connection, seconds):
    return bool(select.select([connection], [], [], seconds)[0])


def _is_greeting(data):
    return (len(data) > 4 and struct.unpack('<I', data[:3] + b'\0')[0] > 1
            and bytearray(data)[3] == 0 and bytearray(data)[4] in (PROTOCOL_VERSION, ERROR_PACKET))
