"""log/obproxy.log, log/obproxy_diagnosis.log, and the tidying that deletes strangers."""
import os
import re
import time

KNOWN = re.compile(
    r'^obproxy(_(diagnosis|error|digest|slow|stat|limit|limiter|xflush|trace|config|pool|pool_stat'
    r'|shard|rpc|driver_client))?\.log(\.wf)?(\.\d+(\.gz)?)?$')


class Logs(object):
    def __init__(self, home):
        self.folder = os.path.join(home, 'log')

    def _append(self, name, line):
        now = time.time()
        stamp = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))
        with open(os.path.join(self.folder, name), 'a') as handle:
            handle.write('[%s.%06d] %s\n' % (stamp, now % 1 * 1000000, line))

    def write(self, level, text):
        self._append('obproxy.log', '%-5s [PROXY] [%d] %s' % (level, os.getpid(), text))

    def verdict(self, cause, success):
        self._append('obproxy_diagnosis.log', '[REBOOT] cause: %s, pid: %d, result: reboot %s' % (
            cause, os.getpid(), 'success' if success else 'failed'))

    def tidy(self):
        """Files named obproxy* that are none of its own are deleted, as the real one does."""
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            if name.startswith('obproxy') and not KNOWN.match(name) and os.path.isfile(path):
                os.unlink(path)
                self.write('INFO', 'removed a file that is not known: %s' % name)
