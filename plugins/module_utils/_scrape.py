# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exporter on this host answers to GET /metrics, by its status line alone: http.client takes 18 ms to import, for each host."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket

STATUS = re.compile(br'HTTP/1\.\d (\d{3})\b')
LONGEST = 256


def status(port, timeout):
    """The HTTP status, None for what is no HTTP; timeout in seconds for each step. Raises what sockets raise."""
    probe = socket.create_connection(('127.0.0.1', port), timeout)
    try:
        probe.sendall(b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
        line = part = probe.recv(LONGEST)
        while part and b'\n' not in line and len(line) < LONGEST:
            part = probe.recv(LONGEST)
            line += part
    finally:
        probe.close()
    found = STATUS.match(line)
    return int(found.group(1)) if found else None
