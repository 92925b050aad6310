"""An application on the proxy's host: client.py PORT PASSWORD REPORT

Every 50 ms it connects anew, and asks on a session that it holds. The report says how many connections were greeted, refused or
dropped without a greeting, and how many held sessions were cut although their process went on.
"""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Session  # noqa: E402

PORT, PASSWORD, REPORT = int(sys.argv[1]), sys.argv[2], sys.argv[3]
counts = dict.fromkeys(('greeted', 'refused', 'dropped', 'held', 'cut'), 0)


def runs(pid):
    try:
        with open('/proc/%d/stat' % pid) as source:
            return source.read().rpartition(')')[2].split()[0] not in 'ZX'
    except (IOError, OSError):
        return False


def connect():
    try:
        probe = socket.create_connection(('127.0.0.1', PORT), 10)
    except OSError:
        return 'refused'
    try:
        return 'greeted' if probe.recv(1) else 'dropped'
    except OSError:
        return 'dropped'
    finally:
        probe.close()


def proxy_of(session):
    """The process that serves a session, as show proxysession has it."""
    session.send(0, b'\x03show proxysession')
    columns = bytearray(session.packet())[0]
    for _column in range(columns + 1):
        session.packet()
    row, values = session.packet(), []
    while row:
        size = bytearray(row)[0]
        values.append(b'' if size == 0xfb else row[1:1 + size])
        row = row[1:] if size == 0xfb else row[1 + size:]
    while session.packet()[:1] != b'\xfe':
        pass
    return int(values[11])


def main():
    if os.fork():
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    held, pid = None, None
    while True:
        counts[connect()] += 1
        try:
            if held is None:
                held = Session(PORT, PASSWORD)
                pid = proxy_of(held)
                counts['held'] += 1
            else:
                assert proxy_of(held) == pid
        except (OSError, AssertionError):
            if held is not None:
                time.sleep(2)
                counts['cut'] += runs(pid)
            held = None
        with open(REPORT + '.new', 'w') as target:
            json.dump(counts, target)
        os.rename(REPORT + '.new', REPORT)
        time.sleep(0.05)


main()
