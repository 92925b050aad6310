"""The sockets a proxy listens on, opened or inherited."""
import selectors
import socket

INHERITED = 'OBPROXY_INHERITED_%s_FD'


class Listeners(object):
    def __init__(self, loop, environment):
        self.loop = loop
        self.environment = environment
        self.sockets = {}

    def inherited(self, kind):
        return INHERITED % kind in self.environment

    def open(self, kind, address, port):
        """Raises OSError when the port is somebody else's."""
        if self.inherited(kind):
            number = int(self.environment[INHERITED % kind])
            sock = socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM)
            socket.socket(fileno=number).close()
        else:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((address, port))
                sock.listen(1024)
            except OSError:
                sock.close()
                raise
        sock.setblocking(False)
        self.sockets[kind] = sock

    def serve(self, kind, work):
        sock = self.sockets.get(kind)
        if sock is None:
            return

        def ready(_events):
            try:
                accepted, peer = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            work(accepted, peer)
        self.loop.watch(sock, selectors.EVENT_READ, ready)

    def for_child(self):
        """What a child needs in its environment to take the sockets over."""
        return dict((INHERITED % kind, sock.fileno()) for kind, sock in self.sockets.items())

    def close(self):
        for sock in self.sockets.values():
            self.loop.watch(sock, 0, None)
            sock.close()
        self.sockets = {}
