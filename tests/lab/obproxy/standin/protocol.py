"""The server's side of the MySQL protocol: packets, greeting, login, text results."""
import hashlib
import struct

LONGEST = 0xffffff
# long password, found rows, long flag, connect with db, protocol 41, transactions,
# secure connection, plugin auth
CAPABILITIES = 0x1 | 0x2 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
CONNECT_WITH_DB, LENENC_AUTH, SECURE_CONNECTION = 0x8, 0x200000, 0x8000
UTF8 = 33
VAR_STRING = 253


def packets(payload, sequence):
    """A payload as packets: cut where it is too long for one. -> (bytes, next sequence)"""
    out = bytearray()
    while True:
        part = payload[:LONGEST]
        payload = payload[LONGEST:]
        out += struct.pack('<I', len(part))[:3] + struct.pack('B', sequence % 256) + part
        sequence += 1
        if len(part) < LONGEST:
            return bytes(out), sequence


class Reader(object):
    """Takes bytes as they come, yields whole payloads with their last sequence number."""

    def __init__(self):
        self.received = bytearray()
        self.joined = bytearray()

    def feed(self, data):
        self.received += data
        while len(self.received) >= 4:
            length = self.received[0] | self.received[1] << 8 | self.received[2] << 16
            if len(self.received) < 4 + length:
                return
            sequence = self.received[3]
            self.joined += self.received[4:4 + length]
            del self.received[:4 + length]
            if length < LONGEST:
                whole, self.joined = bytes(self.joined), bytearray()
                yield sequence, whole


def lenenc(number):
    if number < 251:
        return struct.pack('B', number)
    if number < 1 << 16:
        return b'\xfc' + struct.pack('<H', number)
    if number < 1 << 24:
        return b'\xfd' + struct.pack('<I', number)[:3]
    return b'\xfe' + struct.pack('<Q', number)


def text(value):
    if value is None:
        return b'\xfb'
    raw = value.encode('utf-8')
    return lenenc(len(raw)) + raw


def greeting(server_version, session_id, salt):
    return (b'\x0a' + server_version.encode('ascii') + b'\0' + struct.pack('<I', session_id)
            + salt[:8] + b'\0' + struct.pack('<HBHH', CAPABILITIES & 0xffff, UTF8, 2,
                                             CAPABILITIES >> 16)
            + struct.pack('B', 21) + b'\0' * 10 + salt[8:] + b'\0' + b'mysql_native_password\0')


def login(payload):
    """The client's answer to the greeting. -> (user, token, database)"""
    capabilities = struct.unpack_from('<I', payload)[0]
    end = payload.index(b'\0', 32)
    user = payload[32:end].decode('utf-8', 'replace')
    start = end + 1
    if capabilities & (LENENC_AUTH | SECURE_CONNECTION):
        length = payload[start]
        token = payload[start + 1:start + 1 + length]
        start += 1 + length
    else:
        end = payload.index(b'\0', start)
        token, start = payload[start:end], end + 1
    database = ''
    if capabilities & CONNECT_WITH_DB:
        database = payload[start:].partition(b'\0')[0].decode('utf-8', 'replace')
    return user, token, database


def knows_password(token, salt, stored):
    """mysql_native_password against a stored sha1 in hex. An empty one accepts everybody."""
    if not stored:
        return True
    try:
        once = bytes(bytearray.fromhex(stored))
    except ValueError:
        return False
    if len(once) != 20 or len(token) != 20:
        return False
    mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    return bytes(bytearray(a ^ b for a, b in zip(once, mask))) == token


def ok():
    return b'\0\0\0' + struct.pack('<HH', 2, 0)


def end_of_rows():
    return b'\xfe' + struct.pack('<HH', 0, 2)


def error(errno, message):
    state = {1045: b'28000', 1064: b'42000', 1235: b'42000'}.get(errno, b'HY000')
    return b'\xff' + struct.pack('<H', errno) + b'#' + state + message.encode('utf-8')


def column(name):
    return (text('def') + text('') * 3 + text(name) + text('')
            + b'\x0c' + struct.pack('<HIBHB', UTF8, 65535, VAR_STRING, 0, 0) + b'\0\0')


def result(columns, rows):
    """The payloads of a text result set."""
    yield lenenc(len(columns))
    for name in columns:
        yield column(name)
    yield end_of_rows()
    for row in rows:
        yield b''.join(text(value) for value in row)
    yield end_of_rows()
