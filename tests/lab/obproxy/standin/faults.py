"""Faults on request, as words: die_at_start, hang_at_start, never_answer, no_metrics,
slow=SECONDS, die_after=SECONDS.

They come from the environment (OBPROXY_STANDIN_FAULT) and from two files, which are read again
at each connection: so a fault can be had from, and taken from, a proxy that runs.
"""
import os

HOST_FILE = '/etc/obproxy-standin.fault'


class Faults(object):
    def __init__(self, home, environment):
        self.files = (HOST_FILE, os.path.join(home, 'etc', 'standin.fault'))
        self.fixed = environment.get('OBPROXY_STANDIN_FAULT', '')

    def now(self):
        texts = [self.fixed]
        for path in self.files:
            try:
                with open(path) as handle:
                    texts.append(handle.read())
            except (IOError, OSError):
                continue
        found = {}
        for word in ' '.join(texts).replace(',', ' ').split():
            name, _equals, value = word.partition('=')
            found[name] = float(value or 0)
        return found
