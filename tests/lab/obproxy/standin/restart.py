"""Hot restart: a child takes the listening sockets over while the parent goes on serving."""
import os
import signal


def start_child(program, environment, sockets):
    """Forks and executes argv[0] alone: no argument, no variable but these."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        for number in sockets:
            os.set_inheritable(number, True)
        os.execve(program, [program], environment)
    finally:
        os._exit(127)


def tell_parent():
    """The child's word to its parent that it serves now."""
    parent = os.getppid()
    try:
        with open('/proc/%d/comm' % parent) as handle:
            if handle.read().strip() == 'obproxy':
                os.kill(parent, signal.SIGUSR1)
    except (IOError, OSError):
        return


class HotRestart(object):
    def __init__(self, proxy, program):
        self.proxy = proxy
        self.program = program
        self.child = None
        self.limit = None

    def begin(self):
        proxy = self.proxy
        if not proxy.release.at_least(3, 2, 1) or self.child is not None or proxy.leaving:
            proxy.logs.write('WARN', 'no hot restart: too old, under way or leaving')
            return
        sockets = proxy.listeners.for_child()
        environment = dict((name, str(number)) for name, number in sockets.items())
        environment['OBPROXY_ROOT'] = proxy.home
        self.child = start_child(self.program, environment, sockets.values())
        proxy.logs.write('INFO', 'hot restart: started %s as pid %d' % (self.program, self.child))
        self.limit = proxy.loop.later(
            proxy.config.seconds('hot_upgrade_rollback_timeout'), self.give_up)

    def give_up(self):
        if self.child is not None and not self.proxy.leaving:
            self.proxy.logs.write('WARN', 'hot restart: pid %d is stuck, killed' % self.child)
            os.kill(self.child, signal.SIGKILL)

    def handed_over(self):
        return self.child is not None

    def reap(self):
        if self.child is None:
            return
        pid, status = os.waitpid(self.child, os.WNOHANG)
        if pid:
            self.child = None
            self.limit.cancel()
            self.proxy.logs.write('WARN', 'hot restart: pid %d is gone, status %d' % (pid, status))
            if not self.proxy.leaving:
                self.proxy.logs.verdict('hot restart', False)
