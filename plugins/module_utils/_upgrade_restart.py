# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an instance gets from one version to another: hot, cold, or started anew; and back."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _program, _server
from ansible_collections.oceanbase.obproxy.plugins.module_utils._anew import Anew
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._hot_restart import OLDEST
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import listeners, process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import Service

HOT, COLD, ANEW, NONE = 'hot', 'cold', 'anew', 'none'
# From this version on all is persisted in a database that earlier ones do not read, and there is the RPC port.
DATABASE = (4, 3)
RPC_PORT = 2885
LOOK_TIMEOUT = 10


def numbers(version):
    """A version as numbers that compare: 3.2.3 is 3.2.3.0."""
    found = [int(part) for part in (version or '').split('.') if part.isdigit()]
    return tuple(found + [0] * (4 - len(found)))


def mode_of(wanted, asked, instance, supervisor, link, program, before):
    """(mode, why not hot) to get from what serves before, which may be nothing, to the version wanted."""
    old = numbers(before['version'] if before else None)
    if before is None:
        return COLD, 'it does not run'
    if before['version'] is None:
        return COLD, 'it does not answer'
    if wanted < DATABASE <= old:
        return ANEW, 'versions before 4.3 cannot read what later ones have persisted'
    if asked == COLD:
        return COLD, 'it is asked for'
    if old < OLDEST:
        return COLD, 'version %s has no hot restart' % before['version']
    if old < DATABASE <= wanted and instance.rpc_port not in (None, RPC_PORT):
        return COLD, 'the RPC port, which came with 4.3, can be given at a cold start only'
    return _hot_unless(supervisor, link, program, before)


def _hot_unless(supervisor, link, program, before):
    """Hot, if what the proxy executes is the link, and can be executed without LD_LIBRARY_PATH."""
    one = process(before['pid'])
    executed = os.path.normpath(os.path.join(one.cwd or '/', one.argv0)) if one else None
    if executed != link.program():
        return COLD, 'it was started as %s and would execute that again' % executed
    try:
        if program:
            _program.check(supervisor, program, with_libraries=False)
    except HostError as exc:
        return COLD, str(exc)
    return HOT, None


class Restart(object):
    """The restart of one instance on what its link points to."""

    def __init__(self, mode, parent, instance, supervisor, params, record, records):
        self.mode = mode
        self.parent = parent
        # One that leaves after an earlier hot restart may still have sessions.
        self.known = instance.pids()
        self.instance = instance
        self.supervisor = supervisor
        self.params = dict(params, cluster_name=record.get('cluster_name', ''), work_mode='CONFIG_URL',
                           config_url='', startup_parameters=None)
        self.records = records
        self.anew = Anew(instance, supervisor, self.params, record, records) if mode == ANEW else None

    def _service(self, mode):
        return Service(self.instance, self.supervisor, dict(self.params, mode=mode), Changes(), self.records)

    def check(self):
        """Refuse what cannot work, before anything is touched."""
        if self.mode == ANEW:
            self.anew.ask()

    def carry_out(self):
        """Restart; HostError or ProxysysError says why the new version doesn't serve."""
        if self.mode == ANEW:
            self.anew.carry_out()
        elif self.mode != NONE:
            self._service(self.mode).set('restarted')

    def undo(self):
        """Have what the link points to again serve; how, in words."""
        if self.mode == NONE:
            return ''
        if self.mode == HOT and self._parent_serves():
            self._end_children()
        else:
            if self.anew:
                self.anew.undo()
            self._service(COLD).set('restarted')
        server = _server.wait_for(dict(self.params, sql_port=self.instance.sql_port, timeout=LOOK_TIMEOUT,
                                       exporter_port=self.instance.exporter_port, wait=self.params['timeout']))
        if server['pid'] == self.parent:
            return '; its process %d goes on serving' % self.parent
        return '; it was started again, as process %d' % server['pid']

    def _parent_serves(self):
        """A parent that has handed its sockets over does not listen any more."""
        entry = listeners([self.instance.sql_port]).get(self.instance.sql_port, {'pids': ()})
        return self.parent in entry['pids']

    def _end_children(self):
        for pid in self.instance.pids():
            if pid not in self.known:
                os.kill(pid, signal.SIGKILL)
