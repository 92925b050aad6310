# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart that keeps the port open: the proxy starts its successor, which takes the sockets over."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _credentials, _parameters, _program, _server)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, connect_any

OLDEST = (3, 2, 1)
PAUSE = 0.1
LOGIN_TIMEOUT = 5
COLD = 'Nothing was changed. A cold restart (mode=cold) works, and closes the port for a moment.'


class HotRestart(object):
    """One hot restart of one instance. The parent is the process that serves, the child its successor."""

    def __init__(self, instance, supervisor, passwords, timeout):
        self.instance = instance
        self.supervisor = supervisor
        self.passwords = passwords
        self.timeout = timeout
        self.parent = None
        self.exit_timeout = None

    def check(self):
        """Refuse what cannot work, before anything is touched."""
        self.parent = self._only_process()
        self._check_program()
        with self._log_in() as client:
            version = _credentials.version(client)
            if version < OLDEST:
                raise HostError('%s is version %s, and hot restart came with %s. %s' % (
                    self.instance.name, '.'.join(map(str, version)), '.'.join(map(str, OLDEST)), COLD))
            self.exit_timeout = _exit_timeout(client)

    def _log_in(self):
        try:
            return connect_any(self.instance.sql_port, self.passwords, LOGIN_TIMEOUT)[0]
        except ProxysysError as exc:
            raise HostError('%s cannot be restarted hot, as that is asked for by SQL: %s. %s' % (self.instance.name, exc, COLD))

    def _only_process(self):
        """The pid of the instance; the parent of an earlier hot restart is waited for."""
        deadline = monotonic() + self.timeout
        while True:
            pids = self.instance.pids()
            if len(pids) == 1:
                return pids[0]
            if monotonic() >= deadline:
                raise HostError('%s is still in an earlier hot restart, its processes are %s: the old one leaves when '
                                'hot_upgrade_exit_timeout is over. %s' % (self.instance.name, _words(pids), COLD))
            time.sleep(PAUSE)

    def _check_program(self):
        """The parent executes what its argv[0] leads to, without the library path that it was started with."""
        parent = process(self.parent)
        program = os.path.join(parent.cwd or '/', parent.argv0) if parent else ''
        try:
            _program.check(self.supervisor, program, with_libraries=False)
        except HostError as exc:
            raise HostError('%s cannot be restarted hot, as its successor would not start. It is executed without '
                            'LD_LIBRARY_PATH: %s. %s' % (self.instance.name, str(exc).rstrip('.'), COLD))

    def carry_out(self):
        """What came of it, once the child serves."""
        with self._log_in() as client:
            client.query('alter proxyconfig set proxy_local_cmd = 2')
        child, binary = self._wait()
        return dict(mode='hot', parent=self.parent, pid=child, binary=binary, parent_leaves_within=self.exit_timeout)

    def _wait(self):
        """(the child, its binary), once the child answers a login; the parent goes on serving when none comes."""
        deadline = monotonic() + self.timeout
        child = None
        while monotonic() < deadline:
            pids = self.instance.pids()
            children = [pid for pid in pids if pid != self.parent]
            if child is not None and not children:
                raise HostError('The new process (%s) of %s has ended. %s' % (child, self.instance.name, self._left(pids)))
            child = children[-1] if children else None
            binary = self._serves(child) if child is not None and self.instance.owns(self.instance.sql_port) else None
            if binary:
                return child, binary
            time.sleep(PAUSE)
        self._give_up(child)

    def _serves(self, child):
        """What the child says of its executable, once it is the one that answers; None before."""
        try:
            with connect_any(self.instance.sql_port, self.passwords, LOGIN_TIMEOUT)[0] as client:
                if str(child) not in _server.answering_pids(client):
                    return None
                client.query('ping proxy')
                return client.query('show proxyinfo binary')[1][0][-1]
        except ProxysysError:
            return None

    def _give_up(self, child):
        """End a child that is stuck, unless the parent does not serve any more."""
        if child is None:
            raise HostError('%s has started no new process within %d s of proxy_local_cmd=2. %s' % (
                self.instance.name, self.timeout, self._left(self.instance.pids())))
        try:
            with self._log_in() as client:
                serves = str(self.parent) in _server.answering_pids(client)
        except (HostError, ProxysysError):
            serves = False
        if serves:
            os.kill(child, signal.SIGKILL)
        raise HostError('The new process (%d) of %s does not answer within %d s%s. %s' % (
            child, self.instance.name, self.timeout, ', and was killed' if serves else '', self._left([self.parent])))

    def _left(self, pids):
        if self.parent in pids:
            return 'Process %d goes on serving: nothing was lost' % self.parent
        return 'Process %d is gone, too: the watchdog starts another one' % self.parent


def _words(pids):
    return ', '.join(str(pid) for pid in pids) or 'none'


def _exit_timeout(client):
    """The seconds that the parent stays for its sessions; None when it stays as long as there are any."""
    live = _parameters.read(client).get('hot_upgrade_exit_timeout')
    return int(live.value) / 1000000.0 if live and live.value.isdigit() else None
