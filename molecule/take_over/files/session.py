"""Sessions of root@proxysys: session.py PORT PASSWORD run STATEMENT | hold NUMBER FILE

hold keeps that many open and writes to the file, each second, how many still answer.
"""
import hashlib
import json
import os
import socket
import struct
import sys
import time


class Session:
    def __init__(self, port, password):
        self.socket = socket.create_connection(('127.0.0.1', port), 10)
        greeting = self.packet()
        rest = greeting[greeting.index(b'\0', 1) + 1:]
        salt = rest[4:12] + rest[31:43]
        first = hashlib.sha1(password.encode()).digest()
        second = hashlib.sha1(salt + hashlib.sha1(first).digest()).digest()
        token = bytes(a ^ b for a, b in zip(first, second)) if password else b''
        login = struct.pack('<IIB23x', 0x0008a201, 1 << 24, 45) + b'root@proxysys\0'
        self.send(1, login + bytes([len(token)]) + token + b'mysql_native_password\0')
        assert self.packet()[:1] == b'\0', 'the login is refused'

    def send(self, sequence, payload):
        self.socket.sendall(struct.pack('<I', len(payload))[:3] + bytes([sequence]) + payload)

    def exactly(self, size):
        data = b''
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            assert part, 'the connection is closed'
            data += part
        return data

    def packet(self):
        head = self.exactly(4)
        return self.exactly(struct.unpack('<I', head[:3] + b'\0')[0])

    def run(self, statement):
        self.send(0, b'\x03' + statement.encode())
        return self.packet()

    def answers(self):
        try:
            return self.run('ping proxy')[:1] == b'\0'
        except (OSError, AssertionError):
            return False


def hold(port, password, number, path):
    sessions = [Session(port, password) for _number in range(number)]
    while True:
        sessions = [session for session in sessions if session.answers()]
        with open(path + '.new', 'w') as target:
            json.dump({'opened': number, 'answer': len(sessions), 'at': time.time()}, target)
        os.rename(path + '.new', path)
        time.sleep(1)


def main():
    port, password, command, *rest = sys.argv[1:]
    if command == 'run':
        assert Session(int(port), password).run(rest[0])[:1] != b'\xff', 'refused'
    elif os.fork() == 0:
        os.setsid()
        hold(int(port), password, int(rest[0]), rest[1])


if __name__ == '__main__':
    main()
