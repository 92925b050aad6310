"""One thread, one selector: sockets, timers, signals. An idle proxy sleeps in epoll."""
import heapq
import selectors
import signal
import socket
import time


class Timer(object):
    def __init__(self, work):
        self.work = work

    def cancel(self):
        self.work = None


class Loop(object):
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.timers = []
        self.count = 0
        self.signals = {}

    def watch(self, sock, events, work):
        """events is 0 to let go of it."""
        known = sock in self.selector.get_map()
        if known and events:
            self.selector.modify(sock, events, work)
        elif known:
            self.selector.unregister(sock)
        elif events:
            self.selector.register(sock, events, work)

    def later(self, seconds, work):
        timer = Timer(work)
        self.count += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.count, timer))
        return timer

    def on_signal(self, number, work):
        if not self.signals:
            receiver, sender = socket.socketpair()
            for end in (receiver, sender):
                end.setblocking(False)
            signal.set_wakeup_fd(sender.fileno())
            self.ends = (receiver, sender)
            self.watch(receiver, selectors.EVENT_READ, self._signalled)
        self.signals[number] = work
        signal.signal(number, lambda _number, _frame: None)

    def _signalled(self, _events):
        for number in bytearray(self.ends[0].recv(64)):
            if number in self.signals:
                self.signals[number]()

    def _due(self):
        while self.timers and self.timers[0][0] <= time.monotonic():
            _when, _count, timer = heapq.heappop(self.timers)
            if timer.work is not None:
                timer.work()

    def run(self):
        while True:
            self._due()
            wait = None
            if self.timers:
                wait = max(0, self.timers[0][0] - time.monotonic())
            for key, events in self.selector.select(wait):
                # a peer handled before it may have closed this one
                if key.fileobj in self.selector.get_map():
                    key.data(events)
