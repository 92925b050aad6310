"""Ports for servers that tests start on this machine."""
from __future__ import annotations

import fcntl
import os
import socket
import tempfile

# Below those that the kernel gives to clients: between the choice and its use, one of them could take it.
RANGE = range(10000, 32000)
COUNTER = os.path.join(tempfile.gettempdir(), f'obproxy-test-ports-{os.geteuid()}')


def free_ports(count: int = 1) -> list[int]:
    """Return ports that nobody listens on, and that no other test of this machine is given soon."""
    with open(os.open(COUNTER, os.O_RDWR | os.O_CREAT, 0o600), 'r+', encoding='ascii') as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        last = int(counter.read() or RANGE.start)
        ports: list[int] = []
        while len(ports) < count:
            last = last + 1 if last + 1 in RANGE else RANGE.start
            if _is_free(last):
                ports.append(last)
        counter.seek(0)
        counter.truncate()
        counter.write(str(last))
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True
