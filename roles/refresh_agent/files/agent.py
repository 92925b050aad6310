#!/usr/bin/env python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the monitoring agents of this host about its OBProxy instances. Put here by the role refresh_agent: changes are lost.

Run every few seconds by obproxy-agent.timer, or by cron with --minute. Its first argument is the folder with what it
is to know of the instances.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import fcntl
import json
import os
import re
import socket
import sys
import time

PROC = '/proc'
WATCHDOG = 'obproxyd.sh'
SHELLS = ('bash', 'sh', 'dash', 'ksh', 'mksh', 'zsh', 'ash', 'busybox', WATCHDOG)
TEXTFILE, OCP_FILE = 'obproxy.prom', 'obproxy.yaml'
PROBE_SECONDS = 2
PAUSE_SECONDS = 15
# name: (type, help)
METRICS = collections.OrderedDict((
    ('obproxy_info', 'What runs: its version and its cluster.'),
    ('obproxy_process_up', 'Whether the process obproxy is there.'),
    ('obproxyd_process_up', 'Whether its watchdog obproxyd.sh is there.'),
    ('obproxy_sql_up', 'Whether the SQL port greets clients.'),
    ('obproxy_stopped', 'Whether somebody has stopped it on purpose.'),
    ('obproxy_process_start_time_seconds', 'When the process was started.'),
    ('obproxy_process_resident_memory_bytes', 'What memory the process has.'),
    ('obproxy_memory_limit_bytes', 'Its parameter proxy_mem_limited.'),
    ('obproxy_client_max_connections', 'Its parameter client_max_connections.'),
    ('obproxy_pending_restart', 'How many parameters that were set take effect only after a restart.'),
))


def read(path):
    try:
        with open(path) as source:
            return source.read()
    except (IOError, OSError, UnicodeDecodeError):
        return ''


def as_owner(uid, gid, function, *arguments):
    """Call as an unprivileged user: root in a container may not look into other users' processes, and never writes in
    directories of theirs."""
    if os.geteuid() != 0:
        return function(*arguments)
    os.setegid(gid)
    os.seteuid(uid)
    try:
        return function(*arguments)
    finally:
        os.seteuid(0)
        os.setegid(0)


class Process(object):
    """A living process; comm is None where there is none."""

    def __init__(self, pid):
        self.folder = '%s/%s' % (PROC, pid)
        text = read(self.folder + '/stat')
        fields = text[text.rfind(')') + 1:].split()
        alive = len(fields) > 19 and fields[0] not in ('Z', 'X', 'x')
        self.comm = text[text.find('(') + 1:text.rfind(')')] if alive else None
        self.ticks = int(fields[19]) if alive else 0

    def look(self, function, name):
        """What a link or file of the process says, None where that cannot be seen."""
        try:
            found = os.stat(self.folder)
            return as_owner(found.st_uid, found.st_gid, function, self.folder + '/' + name)
        except (IOError, OSError):
            return None

    def works_in(self, folder):
        found = self.look(os.stat, 'cwd')
        return found is not None and os.path.isdir(folder) and os.path.samestat(found, os.stat(folder))

    def started(self):
        boot = re.search(r'^btime (\d+)', read(PROC + '/stat'), re.M)
        return int(boot.group(1)) + self.ticks / float(os.sysconf('SC_CLK_TCK'))

    def memory(self):
        found = re.search(r'^VmRSS:\s+(\d+) kB', read(self.folder + '/status'), re.M)
        return int(found.group(1)) * 1024 if found else 0

    def watches(self, home):
        """Whether it is the watchdog of the instance in home: our obproxyd.sh, or the package's."""
        arguments = read(self.folder + '/cmdline').rstrip('\0').split('\0')[1:]
        while arguments and arguments[0].startswith('-'):
            arguments.pop(0)
        if not arguments or os.path.basename(arguments[0]) != WATCHDOG:
            return False
        script = os.path.realpath(os.path.join(self.look(os.readlink, 'cwd') or '/', arguments[0]))
        if script == os.path.join(os.path.realpath(home), WATCHDOG):
            return arguments[1:3] == ['-c', 'run']
        return script == os.path.realpath(os.path.join(home, 'bin', WATCHDOG))


def processes():
    found = [Process(pid) for pid in os.listdir(PROC) if pid.isdigit()]
    return [one for one in found if one.comm == 'obproxy' or one.comm in SHELLS]


def greets(port):
    """Whether a client that connects is greeted."""
    try:
        client = socket.create_connection(('127.0.0.1', port), PROBE_SECONDS)
        try:
            return bool(client.recv(1))
        finally:
            client.close()
    except (IOError, OSError, socket.timeout):
        return False


def is_stopped(home):
    """Whether somebody has stopped the instance: what our watchdog writes when the package's takes over is not empty."""
    try:
        return os.stat(os.path.join(home, 'run', 'stopped')).st_size == 0
    except OSError:
        return False


def measure(facts, running):
    """{metric: value} of one instance; a metric that has no value is left out."""
    mine = [one for one in running if one.comm == 'obproxy' and one.works_in(facts['home'])]
    # In a hot restart there are two: the younger one stays.
    process = max(mine, key=lambda one: one.ticks) if mine else None
    values = {
        'obproxy_info': 1,
        'obproxy_process_up': int(process is not None),
        'obproxyd_process_up': int(any(one.comm in SHELLS and one.watches(facts['home']) for one in running)),
        'obproxy_sql_up': int(process is not None and greets(facts['sql_port'])),
        'obproxy_stopped': int(is_stopped(facts['home'])),
        'obproxy_memory_limit_bytes': facts.get('memory_limit'),
        'obproxy_client_max_connections': facts.get('client_max_connections'),
        'obproxy_pending_restart': 0,
    }
    # What would be started, as an upgrade may have come since.
    program = os.path.realpath(os.path.join(facts['home'], 'current' if os.path.islink(os.path.join(facts['home'], 'current')) else 'bin'))
    if process is not None:
        started = process.started()
        values['obproxy_process_start_time_seconds'] = round(started, 2)
        values['obproxy_process_resident_memory_bytes'] = process.memory()
        pending = facts.get('pending_restart') or {}
        if started <= pending.get('since', 0):
            values['obproxy_pending_restart'] = len(pending['names'])
        program = process.look(os.readlink, 'exe') or program
    found = re.search(r'/obproxy-(\d+(?:\.\d+)+)/', program + '/')
    return values, found.group(1) if found else facts.get('version') or ''


def labels(pairs):
    return '{%s}' % ','.join('%s="%s"' % (name, str(value).replace('\\', '\\\\').replace('"', '\\"')) for name, value in pairs)


def textfile(instances, running):
    """The metrics of the instances in Prometheus' text form."""
    lines = collections.OrderedDict((name, []) for name in METRICS)
    for facts in instances:
        values, version = measure(facts, running)
        common = [('name', facts['name']), ('obproxy_cluster', facts['cluster']), ('obproxy_cluster_id', facts['cluster_id']),
                  ('obproxy_server_id', facts['server_id'])]
        for name, value in values.items():
            if value is not None:
                more = [('cluster', facts['cluster']), ('version', version)] if name == 'obproxy_info' else []
                lines[name].append('%s%s %s\n' % (name, labels(common + more), value))
    return ''.join('# HELP %s %s\n# TYPE %s gauge\n%s' % (name, METRICS[name], name, ''.join(found))
                   for name, found in lines.items() if found)


def ocp_file(instances, _running):
    """The instances as OCP's agent has its properties; what JSON writes is YAML."""
    lines = ['configVersion: ""\n', 'configs:\n']
    for facts in instances:
        values = [('host.ip', facts['address']), ('cluster.name', facts['cluster']), ('id', facts['server_id']),
                  ('name', facts['name']), ('sql.port', facts['sql_port']), ('exporter.port', facts['exporter_port'])]
        for key, value in values:
            kind = 'int64' if isinstance(value, int) else 'string'
            lines.append('  - key: obproxy.%s.%s\n    value: %s\n    valueType: %s\n'
                         % (facts['name'], key, json.dumps(value), kind))
    return ''.join(lines)


def open_folder(path):
    """A directory held open. Only root's own links are followed: those of others may lead root anywhere."""
    if os.path.islink(path) and os.lstat(path).st_uid == 0:
        path = os.path.realpath(path)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def write(fd, name, text):
    """Put a file in place in one step. OCP's agent is left alone when nothing is new; a textfile's age says that all is well."""
    path, new = '/proc/self/fd/%d/%s' % (fd, name), '/proc/self/fd/%d/.%s.new' % (fd, name)
    if name == OCP_FILE and read(path) == text:
        return
    if os.path.lexists(new):
        os.unlink(new)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), 'w') as target:
        target.write(text)
        os.fchmod(target.fileno(), 0o644)
    os.rename(new, path)


def known(folder):
    """What the role has said of the instances; one that goes just now is left out."""
    names = sorted(name for name in os.listdir(folder) if name.endswith('.json') and not name.startswith('.'))
    texts = [read(os.path.join(folder, name)) for name in names]
    return [json.loads(text) for text in texts if text]


def refresh(facts_folder):
    """Write what each agent of the host reads; what went wrong."""
    faults = []
    running, instances = processes(), known(facts_folder)
    for key, name, render in (('textfile_dir', TEXTFILE, textfile), ('ocp_agent_dir', OCP_FILE, ocp_file)):
        for folder in sorted(set(facts[key] for facts in instances if facts[key])):
            try:
                text = render([facts for facts in instances if facts[key] == folder], running)
                fd = open_folder(folder)
                try:
                    owner = os.fstat(fd)
                    as_owner(owner.st_uid, owner.st_gid, write, fd, name, text)
                finally:
                    os.close(fd)
            except (IOError, OSError) as exc:
                faults.append('%s cannot be written: %s' % (os.path.join(folder, name), exc))
    return faults


def main(arguments):
    lock = os.open(arguments[0], os.O_RDONLY)
    faults = []
    for turn in range(60 // PAUSE_SECONDS if '--minute' in arguments else 1):
        if turn:
            time.sleep(PAUSE_SECONDS)
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = refresh(arguments[0])
        fcntl.flock(lock, fcntl.LOCK_UN)
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
