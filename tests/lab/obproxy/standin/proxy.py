"""The running proxy: what its parts share, and how it leaves."""
import os
import signal

from .admin import Admin
from .exporter import Exporter
from .restart import HotRestart
from .session import Session

TIDY_FIRST = 0.2
GRACE_STEP = 2.0


class Proxy(object):
    def __init__(self, home, release, config, logs, faults, loop, listeners, program):
        self.home = home
        self.release = release
        self.config = config
        self.logs = logs
        self.faults = faults
        self.loop = loop
        self.listeners = listeners
        self.sessions = {}
        self.connections = self.logins = self.queries = self.request_bytes = 0
        self.leaving = False
        self.admin = Admin(self)
        self.exporter = Exporter(self)
        self.restart = HotRestart(self, program)

    def serve(self):
        self.listeners.serve('SQL', self.accept)
        self.listeners.serve('RPC', lambda sock, _peer: sock.close())
        self.listeners.serve('EXPORTER', self.exporter.accept)
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.on_signal(number, self.leave_now)
        self.loop.on_signal(signal.SIGUSR1, self.asked_to_leave)
        self.loop.on_signal(signal.SIGCHLD, self.restart.reap)
        self.loop.later(TIDY_FIRST, self.tidy)
        after = self.faults.now().get('die_after')
        if after:
            self.loop.later(after, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def tidy(self):
        self.logs.tidy()
        self.loop.later(self.config.seconds('log_cleanup_interval'), self.tidy)

    def accept(self, sock, peer):
        self.connections += 1
        self.sessions[self.connections] = Session(self, sock, peer, self.connections)

    def logged_in(self):
        return [session for _number, session in sorted(self.sessions.items()) if session.logged_in]

    def server_version(self):
        return self.config.running['mysql_version']

    def local_command(self, number):
        if number == 1:
            self.leave_now()
        elif number == 2:
            self.restart.begin()

    def stop_listening(self):
        self.leaving = True
        self.listeners.close()

    def leave_now(self):
        """Abrupt: open clients are cut."""
        self.stop_listening()
        self.logs.write('INFO', 'asked to exit')
        self.loop.later(self.config.seconds('delay_exit_time'), lambda: os._exit(0))

    def asked_to_leave(self):
        if self.leaving:
            return
        self.stop_listening()
        limit = self.config.whole('hot_upgrade_exit_timeout') / 1000000.0
        if self.restart.handed_over():
            self.logs.write('INFO', 'handed over to the new process, exit in %g s' % limit)
            if limit >= 0:
                self.loop.later(limit, lambda: os._exit(0))
                return
        self.logs.write('INFO', 'asked to exit gracefully')
        self.loop.later(GRACE_STEP, self.leave_when_idle)
        if limit >= 0:
            self.loop.later(max(limit, GRACE_STEP), lambda: os._exit(0))

    def leave_when_idle(self):
        if not self.sessions:
            os._exit(0)
        self.loop.later(GRACE_STEP, self.leave_when_idle)
