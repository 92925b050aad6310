# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells the monitoring agents of a host about its instances: a script, what runs it, and what it is to know.

The script finds out what may change at any time; what takes a password or the inventory is left for it in a file for
each instance.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fcntl
import json
import os
import sys
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameters, _process, _values
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_directories, ensure_file, ensure_folder, opened, remove_file, remove_if_empty)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import PackageError, parse_file_name

FOLDER = 'agent'
OUTPUTS = (('textfile_dir', 'obproxy.prom'), ('ocp_agent_dir', 'obproxy.yaml'))
SERVICE, TIMER, CRON = 'obproxy-agent.service', 'obproxy-agent.timer', 'obproxy-agent'
# Of the system, and root's: the one that Ansible was given may be anybody's.
PYTHONS = ('/usr/bin/python3', '/usr/libexec/platform-python', '/usr/bin/python')
SERVICE_TEXT = """\
# Put here by oceanbase.obproxy.obproxy_agent: changes are lost.
[Unit]
Description=Tell the monitoring agents about the OBProxy instances

[Service]
Type=oneshot
ExecStart={python} -E -s {script} {folder}
TimeoutStartSec=60
# Without this each run would leave lines in the journal.
LogLevelMax=notice
"""
TIMER_TEXT = """\
# Put here by oceanbase.obproxy.obproxy_agent: changes are lost.
[Unit]
Description=Tell the monitoring agents about the OBProxy instances

[Timer]
OnActiveSec=0
OnUnitInactiveSec=15
AccuracySec=1

[Install]
WantedBy=timers.target
"""
CRON_TEXT = """\
# Put here by oceanbase.obproxy.obproxy_agent: changes are lost.
* * * * * root {python} -E -s {script} {folder} --minute >/dev/null 2>&1
"""


def limits(client):
    """What the live proxy has, as numbers."""
    live = _parameters.read(client)

    def number(name, convert):
        return convert(live[name].value) if name in live else None
    return {'memory_limit': number('proxy_mem_limited', _values.size),
            'client_max_connections': number('client_max_connections', _values.whole)}


def python():
    """What runs the script."""
    return next((path for path in PYTHONS if os.path.isfile(path) and os.stat(path).st_uid == 0), sys.executable)


class Agent(object):
    """One call on a host, under the lock of its set-up."""

    def __init__(self, changes, layout, run):
        self.changes = changes
        self.layout = layout
        self.run = run
        self.folder = os.path.join(layout.records, FOLDER)

    def tell(self, record, found, given):
        """Have the agents in found told about an instance; given are its address, limits, pending_restart and the script."""
        facts = self._facts(record, found, given)
        ensure_directories(self.changes, self.layout.records)
        owner = (os.geteuid(), os.getegid())
        with opened(self.layout.records) as records:
            ensure_folder(self.changes, records, FOLDER, owner, 0o700)
            with opened(FOLDER, records) as folder:
                ensure_file(self.changes, folder, record['name'] + '.json', _text(facts), 0o600, owner)
        self._ensure(self.layout.agent_script, given['script'], 0o755)
        self._ensure_schedule()
        self._refresh()

    def _facts(self, record, found, given):
        before = self._read(record['name']) or {}
        facts = dict((key, record.get(key)) for key in ('name', 'home', 'sql_port', 'exporter_port', 'server_id', 'cluster_id'))
        facts.update(found, cluster=record.get('cluster_name'), version=_version(record), address=given['address'],
                     **(given['limits'] or dict((key, before.get(key)) for key in ('memory_limit', 'client_max_connections'))))
        facts['pending_restart'] = self._pending(record, before.get('pending_restart'), given['pending_restart'])
        return facts

    def _pending(self, record, before, names):
        """What waits for a restart: what did before, unless there was one, and what came now."""
        started = [_process.process(pid, self.layout.proc) for pid in _process.instance_pids(record['home'], self.layout.proc)]
        began = max([_process.boot_time(self.layout.proc) + one.start_time for one in started if one] or [time.time()])
        waiting = before if before and before['since'] >= began else {'names': []}
        if set(names or ()) <= set(waiting['names']):
            return waiting if waiting['names'] else None
        return {'names': sorted(set(waiting['names']) | set(names)), 'since': int(time.time()) + 1}

    def _read(self, name):
        with opened(self.folder) as folder:
            text = folder.read(name + '.json')
        return json.loads(text) if text else None

    def _ensure(self, path, text, mode=0o644):
        """A file of root's; with an empty text, none. True when changed."""
        if text:
            ensure_directories(self.changes, os.path.dirname(path))
        with opened(os.path.dirname(path)) as folder:
            if not text:
                return remove_file(self.changes, folder, os.path.basename(path))
            return ensure_file(self.changes, folder, os.path.basename(path), text, mode, (os.geteuid(), os.getegid()))

    def _ensure_schedule(self):
        words = dict(python=python(), script=self.layout.agent_script, folder=self.folder)
        if not os.path.isdir(self.layout.systemd):
            self._ensure(os.path.join(self.layout.cron, CRON), CRON_TEXT.format(**words))
            return
        changed = [self._ensure(os.path.join(self.layout.units, name), text.format(**words))
                   for name, text in ((SERVICE, SERVICE_TEXT), (TIMER, TIMER_TEXT))]
        if any(changed) and not self.changes.check_mode:
            self._systemctl('daemon-reload')
        if any(self.run(['systemctl', what, '--quiet', TIMER])[0] for what in ('is-enabled', 'is-active')):
            self.changes.add(TIMER, 'not running\n', 'enabled, running\n')
            if not self.changes.check_mode:
                self._systemctl('enable', TIMER)
                self._systemctl('restart', TIMER)

    def _refresh(self):
        if self.changes.check_mode:
            return
        rc, out, err = self.run([python(), '-E', '-s', self.layout.agent_script, self.folder])
        if rc != 0:
            raise HostError('The monitoring agents could not be told: %s' % (err or out).strip())

    def _systemctl(self, *arguments):
        rc, out, err = self.run(['systemctl'] + list(arguments))
        if rc != 0:
            raise HostError('systemctl %s failed with exit code %d: %s' % (' '.join(arguments), rc, (err or out).strip()))

    def forget(self, name):
        """Take an instance out of what the agents are told; with the last one, all of it."""
        facts = self._read(name)
        if facts is None:
            return
        with opened(self.folder) as folder:
            # The script holds it from reading to writing: what it has read of the instance is not to come back.
            fcntl.flock(folder.fd, fcntl.LOCK_EX)
            remove_file(self.changes, folder, name + '.json')
            left = [entry for entry in folder.entries() if entry.endswith('.json') and entry != name + '.json']
            self._remove_outputs(facts, self._used(left))
        if left:
            self._refresh()
            return
        if os.path.isdir(self.layout.systemd) and not self.changes.check_mode:
            self._systemctl('disable', '--now', TIMER)
        for path in (os.path.join(self.layout.units, TIMER), os.path.join(self.layout.units, SERVICE),
                     os.path.join(self.layout.cron, CRON), self.layout.agent_script):
            self._ensure(path, '')
        if not self.changes.check_mode:
            if os.path.isdir(self.layout.systemd):
                self._systemctl('daemon-reload')
            remove_if_empty(self.folder)

    def _used(self, entries):
        """The directories into which other instances are written."""
        others = [self._read(entry[:-len('.json')]) for entry in entries]
        return set(one[key] for one in others if one for key, _name in OUTPUTS)

    def _remove_outputs(self, facts, used):
        for key, name in OUTPUTS:
            if facts[key] and facts[key] not in used:
                with opened(os.path.realpath(facts[key])) as folder:
                    remove_file(self.changes, folder, name)


def _text(facts):
    return json.dumps(facts, indent=2, sort_keys=True, separators=(',', ': ')) + '\n'


def _version(record):
    try:
        return parse_file_name(record.get('version')).version
    except PackageError:
        return ''
