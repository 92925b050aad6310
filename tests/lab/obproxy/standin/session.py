"""One client's session: login, then one command after the other."""
import os
import struct

from . import protocol
from .stream import Stream

TENANT_PATIENCE = 0.4
QUIT, INIT_DB, QUERY, PING = 1, 2, 3, 14


def is_loopback(address):
    return address.startswith('127.') or address == '::1'


def is_private(address):
    parts = address.split('.')
    return is_loopback(address) or parts[0] == '10' or parts[:2] == ['192', '168'] or (
        parts[0] == '172' and 16 <= int(parts[1]) <= 31)


class Session(object):
    def __init__(self, proxy, sock, peer, number):
        self.proxy = proxy
        self.peer = peer
        self.number = number
        self.user = ''
        self.database = None
        self.logged_in = False
        # no zero byte: the salt travels as a C string
        self.salt = bytes(bytearray(1 + byte % 126 for byte in bytearray(os.urandom(20))))
        self.reader = protocol.Reader()
        self.stream = Stream(proxy.loop, sock, self.received, self.closed)
        self.waiting = []
        self.send([protocol.greeting(proxy.server_version(), number, self.salt)], 0)

    def closed(self):
        self.proxy.sessions.pop(self.number, None)

    def received(self, data):
        for sequence, payload in self.reader.feed(data):
            if not self.stream.open:
                return
            if self.logged_in:
                self.command(payload, sequence + 1)
            else:
                self.login(payload, sequence + 1)

    def send(self, payloads, sequence, then=None):
        """With the fault never_answer nothing goes out; with slow it goes out late."""
        faults = self.proxy.faults.now()
        if 'never_answer' in faults:
            return
        out = []
        for payload in payloads:
            data, sequence = protocol.packets(payload, sequence)
            out.append(data)

        def go():
            self.stream.write(b''.join(out))
            if then is not None:
                then()
        if faults.get('slow'):
            self.proxy.loop.later(faults['slow'], go)
        else:
            go()

    def login(self, payload, sequence):
        try:
            self.user, token, self.database = protocol.login(payload)
        except (ValueError, IndexError, struct.error):
            self.stream.close()
            return
        name, _at, tenant = self.user.partition('@')
        if tenant.split('#')[0] != 'proxysys':
            # an ordinary user's login goes to an observer, and here there is none
            self.proxy.loop.later(TENANT_PATIENCE, self.stream.close)
            return
        stored = self.proxy.config.running['obproxy_sys_password']
        if (name == 'root' and self.address_is_let_in()
                and protocol.knows_password(token, self.salt, stored)):
            self.logged_in = True
            self.proxy.logins += 1
            self.send([protocol.ok()], sequence)
            return
        self.proxy.logs.write('WARN', 'login of %s from %s refused' % (self.user, self.peer[0]))
        message = "Access denied for user '%s'@'%s' (using password: %s)" % (
            self.user, self.peer[0], 'YES' if token else 'NO')
        self.send([protocol.error(1045, message)], sequence, self.stream.finish)

    def address_is_let_in(self):
        if self.proxy.config.boolean('skip_proxy_sys_private_check'):
            return is_private(self.peer[0])
        return is_loopback(self.peer[0])

    def command(self, payload, sequence):
        code = bytearray(payload[:1] or b'\0')[0]
        if code == QUIT:
            self.stream.close()
        elif code == PING:
            self.send([protocol.ok()], sequence)
        elif code == INIT_DB:
            self.database = payload[1:].decode('utf-8', 'replace')
            self.send([protocol.ok()], sequence)
        elif code == QUERY:
            self.proxy.queries += 1
            self.proxy.request_bytes += len(payload)
            self.query(payload[1:].decode('utf-8', 'replace'), sequence)
        else:
            self.send([protocol.error(1235, 'Not supported feature or function')], sequence)

    def query(self, statement, sequence):
        self.send(self.proxy.admin.answer(self, statement), sequence)
