# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations that take a cluster's servers batch by batch, while the others serve."""

from __future__ import annotations

import os
import re

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_operations import BEFORE_WORK, RESTART
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._earlier import CHOSEN, Roll, named, stopped_on_purpose
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import is_open
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE, UNRESOLVED

MODES = ('hot', 'cold')
OLDEST_HOT = (3, 2, 1)
GATE = BEFORE_WORK[0]
HOOKS = {'before': 'obproxy_before_restart', 'after': 'obproxy_after_restart'}
ROLE = re.compile(r'[A-Za-z_]\w*(\.\w+)*')


class Rolling(Operation):
    """Chooses servers for a roll, in batches, with what each batch needs of the others."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.known = []
        self.others = {}
        self.stopped = set()
        self.earlier = None
        self.goes_on = False
        self.size = 1
        self.hooks = {}

    def is_same(self, task):
        """Tell whether an earlier task was on its way to where this one goes."""
        return True

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        super().check(cluster_key)
        if self.cluster is None:
            return
        rest = [row for row in self.known if row not in self.servers and row['id'] not in self.stopped]
        self.others = self.resolve(rest)
        if self.others:
            self.settings.check_sys_password(self.request, [self.inventory.host(name) for name in self.others])

    def choose(self, key):
        """Return the servers named, else all that run, without those that an unfinished roll has done."""
        # Of a server whose takeover was not completed nothing is certain, not even its ports.
        self.known = [row for row in self.store.servers(cluster_id=self.cluster['id']) if not is_open(row)]
        self.stopped = stopped_on_purpose(self.store, self.cluster)
        self.earlier = Roll(self.store, self.cluster, self.request.operation, self.is_same)
        if self.request.get(key):
            return super().choose(key)
        running = [row for row in self.known if row['id'] not in self.stopped]
        left = [row for row in running if row['id'] not in self.earlier.done]
        self.goes_on = bool(left) and len(left) < len(running)
        if not running:
            self.request.fault(self.request.field(key), None, 'a cluster with a server that was not stopped', status=CONFLICT,
                               why=f"{self.cluster['name']} has {len(self.known)} servers, all of them stopped")
        return sorted(left or running, key=lambda row: row['id'] not in self.earlier.failed)

    def check_settings(self, hosts):
        """Check the variables of a roll."""
        super().check_settings(hosts)
        self.size = batch_size(self.request, self.settings.get('obproxy_max_unavailable', hosts),
                               len([row for row in self.known if row['id'] not in self.stopped]))
        self.hooks = {when: self._hooks(name, self.settings.get(name, hosts)) for when, name in HOOKS.items()}

    def check_restart_mode(self, servers, hosts):
        """Refuse a hot restart where a server's version, as the registry has it, cannot do it."""
        mode = self.settings.get('obproxy_restart_mode', hosts) or MODES[0]
        if mode not in MODES:
            self._faulty('obproxy_restart_mode', mode, f"one of {', '.join(MODES)}")
        for name, server in servers.items() if mode == 'hot' else ():
            package = re.match(r'obproxy(?:-ce)?-(\d+(?:\.\d+)*)', server['version'] or '')
            if package and tuple(map(int, package[1].split('.'))) < OLDEST_HOT:
                self._faulty('obproxy_restart_mode', mode, 'cold',
                             f"the server on {name} is {package[1]}, and hot restart came with 3.2.1")

    def _faulty(self, name, value, expected, why=None):
        self.request.fault(name, CANNOT_RESOLVE if value is UNRESOLVED else value, expected, why=why)

    def _hooks(self, name, given):
        """Return {files, role} of what the user wants to be carried out around a restart."""
        given = [given] if isinstance(given, str) and given.endswith(('.yml', '.yaml')) else given
        if isinstance(given, str) and ROLE.fullmatch(given):
            return {'files': [], 'role': given}
        if not given:
            return {'files': [], 'role': ''}
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            self._faulty(name, given, 'a list of files with tasks, or the name of a role')
            return {'files': [], 'role': ''}
        files = [self.settings.find_file(one) for one in given]
        for one, path in zip(given, files):
            if path is None:
                self._faulty(name, one, 'a file on the controller', f'looked for it from {os.getcwd()}')
        return {'files': files, 'role': ''}

    def _context(self):
        found = super()._context()
        found['stringMap'][CHOSEN] = str(bool(self.request.get('obproxy_server_ids'))).lower()
        return found

    def described(self, server):
        """Return the hooks with each server."""
        return {**super().described(server), 'hooks': self.hooks}

    def more(self):
        """Return the batches, the servers that are only watched, and what is to be said of the rest."""
        return {**super().more(), 'batches': self._batches(), 'members': self._members(), 'notes': self._notes()}

    def _members(self):
        timeout = self.timeouts.get(GATE.role, GATE.timeout)
        return {name: {'timeout': timeout, 'name': f"{self.cluster['name']}-{row['sql_port']}", 'sql_port': row['sql_port'],
                       'exporter_port': row['exporter_port'], 'server_id': row['id']}
                for name, row in {**self.hosts, **self.others}.items()}

    def _batches(self):
        """Return for each batch its hosts, those that come before it, and those that have to serve meanwhile."""
        names, batches = list(self.hosts), []
        # What an earlier run has broken cannot be asked to serve until its own turn has come.
        broken = [name for name, row in self.hosts.items() if row['id'] in self.earlier.failed]
        for start in range(0, len(names), self.size):
            hosts, before = names[start:start + self.size], names[:start]
            waiting = [name for name in broken if name not in before]
            others = [name for name in (*names, *self.others) if name not in hosts and name not in waiting]
            batches.append({'hosts': hosts, 'before': before, 'others': others})
        return batches

    def _notes(self):
        notes = []
        if self.goes_on:
            notes.append(f'Goes on where run {self.earlier.run_id} stopped: {named(self.earlier.done)} done already. '
                         'To take all anew, name them in obproxyServerIds.')
        left_out = self.stopped - {row['id'] for row in self.servers}
        if left_out:
            notes.append(f'Not counted on, and left as they are, because they were stopped on purpose: {named(left_out)}.')
        return notes


class Restart(Rolling):
    """Restarts servers batch by batch."""

    task_name = 'Restart obproxy'
    steps = RESTART

    def check_settings(self, hosts):
        """Check the variables of a roll, and whether all servers can be restarted so."""
        super().check_settings(hosts)
        self.check_restart_mode(self.hosts, hosts)


def batch_size(request, value, total):
    """Return how many servers may be away at once: a number, or a percentage of those that run; at least one."""
    if value is None:
        return 1
    text = '' if isinstance(value, bool) else str(value).strip()
    found = re.fullmatch(r'([1-9][0-9]{0,5})(%?)', text)
    if not found or found[2] and int(found[1]) > 100:
        request.fault('obproxy_max_unavailable', CANNOT_RESOLVE if value is UNRESOLVED else value,
                      "a number from 1 on, or a percentage from '1%' to '100%'")
        return 1
    number = int(found[1])
    return max(1, number * total // 100 if found[2] else number)
