"""A client's connection: bytes in, bytes out, without ever blocking."""
import selectors


class Stream(object):
    def __init__(self, loop, sock, on_bytes, on_close):
        self.loop = loop
        self.sock = sock
        self.on_bytes = on_bytes
        self.on_close = on_close
        self.outgoing = bytearray()
        self.closing = False
        self.open = True
        sock.setblocking(False)
        loop.watch(sock, selectors.EVENT_READ, self._ready)

    def _ready(self, events):
        try:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if self.open and events & selectors.EVENT_READ:
                self._receive()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()

    def _receive(self):
        received = self.sock.recv(1 << 18)
        if received:
            self.on_bytes(received)
        else:
            self.close()

    def write(self, data):
        if not self.open:
            return
        self.outgoing += data
        try:
            self._flush()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()

    def _flush(self):
        try:
            while self.outgoing:
                sent = self.sock.send(memoryview(self.outgoing)[:1 << 20])
                del self.outgoing[:sent]
        finally:
            if self.open:
                events = selectors.EVENT_READ
                if self.outgoing:
                    events |= selectors.EVENT_WRITE
                self.loop.watch(self.sock, events, self._ready)
        if self.closing:
            self.close()

    def finish(self):
        """Closes when everything is sent."""
        self.closing = True
        if not self.outgoing:
            self.close()

    def close(self):
        if self.open:
            self.open = False
            self.loop.watch(self.sock, 0, None)
            self.sock.close()
            self.on_close()
