"""Stands for the mysql client, which the lab's hosts haven't got: admin_sql PORT; the password and then statements, a line each, on stdin."""
import hashlib
import socket
import struct
import sys


def packet(stream):
    header = stream.read(4)
    return stream.read(int.from_bytes(header[:3], 'little'))


def checked(answer):
    if answer[:1] == b'\xff':
        sys.exit('ERROR %d: %s' % (struct.unpack('<H', answer[1:3])[0], answer[9:].decode()))
    return answer


def scrambled(password, salt):
    first = hashlib.sha1(password).digest()
    second = hashlib.sha1(salt + hashlib.sha1(first).digest()).digest()
    return bytes(a ^ b for a, b in zip(first, second))


def query(link, stream, statement):
    link.sendall(struct.pack('<I', len(statement) + 1)[:3] + b'\0\x03' + statement)
    if checked(packet(stream))[:1] == b'\0':
        return
    ends = 0
    while ends < 2:
        row = checked(packet(stream))
        if row[:1] == b'\xfe' and len(row) < 9:
            ends += 1
        elif ends:
            print(row.decode(errors='replace'))


def main():
    password, *statements = sys.stdin.buffer.read().splitlines()
    link = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10)
    stream = link.makefile('rb')
    greeting = packet(stream)
    rest = greeting[greeting.index(b'\0', 1) + 5:]
    salt = rest[:8] + rest[8 + 19:8 + 19 + 12]
    login = struct.pack('<IIB23x', 0x88205, 1 << 24, 45) + b'root@proxysys\0\x14' + scrambled(password, salt) + b'mysql_native_password\0'
    link.sendall(struct.pack('<I', len(login))[:3] + b'\x01' + login)
    checked(packet(stream))
    for statement in filter(None, statements):
        query(link, stream, statement)


main()
