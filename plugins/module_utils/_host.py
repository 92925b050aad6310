# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One survey of a host: what it is, what runs on it, and what stands against an instance here."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import platform
import resource
import shlex
import socket
import struct

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _agents, _process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, read_records
from ansible_collections.oceanbase.obproxy.plugins.module_utils._user import find as find_user, reachable_nofile

COMMAND_FOLDERS = ('/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin')
PACKAGE_FOLDERS = {'obproxy': '/opt/taobao/install', 'obproxy-ce': '/home/admin'}
TEMPORARY = '/tmp'
GLOBAL_SCOPE = '00'


def _lines(path):
    try:
        with open(path) as source:
            return source.read().splitlines()
    except (IOError, OSError):
        return []


def operating_system(path='/etc/os-release'):
    """id and version_id of the distribution."""
    found = {}
    for line in _lines(path):
        name, _equals, value = line.partition('=')
        found[name] = ''.join(shlex.split(value)[:1]) if value else ''
    return {'id': found.get('ID', ''), 'version_id': found.get('VERSION_ID', '')}


def addresses(proc='/proc'):
    """The host's addresses, but for loopback and link-local ones."""
    found, last = set(), None
    for line in _lines(proc + '/net/fib_trie'):
        words = line.split()
        if len(words) > 1 and words[-2] in ('|--', '+--'):
            last = words[-1]
        elif words[1:] == ['host', 'LOCAL'] and last and not last.startswith('127.'):
            found.add(last)
    for line in _lines(proc + '/net/if_inet6'):
        fields = line.split()
        if len(fields) == 6 and fields[3] == GLOBAL_SCOPE:
            words = [int(fields[0][at:at + 8], 16) for at in range(0, 32, 8)]
            found.add(socket.inet_ntop(socket.AF_INET6, struct.pack('>4I', *words)))
    return sorted(found)


def memory_mb(proc='/proc'):
    for line in _lines(proc + '/meminfo'):
        if line.startswith('MemTotal:'):
            return int(line.split()[1]) // 1024
    return 0


def existing_parent(path):
    """path itself, or the nearest directory above it that exists."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def free_mb(path):
    """What is free where path lies, or would lie."""
    found = os.statvfs(existing_parent(path))
    return found.f_bavail * found.f_frsize // (1024 * 1024)


def find_command(name, path=None):
    """Where a command lies, None when it is missing."""
    folders = (os.environ.get('PATH', '') if path is None else path).split(':')
    for folder in folders + list(COMMAND_FOLDERS):
        full = os.path.join(folder, name)
        if folder and os.path.isfile(full) and os.access(full, os.X_OK):
            return full
    return None


def _user(name):
    found = find_user(name)
    return {'name': name, 'exists': bool(found), 'uid': found.pw_uid if found else None,
            'gid': found.pw_gid if found else None, 'home': found.pw_dir if found else None}


def _packages(run, problems):
    if not find_command('rpm'):
        problems.append('The command rpm is missing: OBProxy comes as an RPM package. Install rpm.')
        return []
    try:
        return Rpm(run).installed()
    except HostError as exc:
        problems.append(str(exc))
        return []


def _free(options):
    folders = [options['base'], TEMPORARY]
    if options['package']:
        folders.insert(1, PACKAGE_FOLDERS.get(options['package']['name'], '/home/admin'))
    return dict((folder, free_mb(folder)) for folder in folders)


def ports_of(options):
    """{port: what it is for} of the ports that were asked about."""
    names = (('sql_port', 'SQL'), ('exporter_port', 'exporter'), ('rpc_port', 'RPC'))
    return dict((options[key], words) for key, words in names if options.get(key))


class Survey(object):
    """What one look at the host found; before it becomes plain data."""

    def __init__(self, options, run, layout=None):
        layout = layout or Layout()
        self.options = options
        self.problems = []
        self.ports = ports_of(options)
        self.packages = _packages(run, self.problems)
        self.records, broken = read_records(layout.records)
        self.problems += broken
        named = [record for record in self.records if record['name'] == options['name']]
        self.record = named[0] if named else None
        self.home = self.record['home'] if self.record else os.path.join(options['base'], options['name'] or '')
        self.processes = _process.processes(('obproxy', 'obproxyd.sh'), layout.proc)
        self.pids = _process.instance_pids(self.home, layout.proc) if options['name'] else []
        obproxies = set(one.pid for one in self.processes if one.comm == 'obproxy')
        self.listeners = dict((port, entry) for port, entry in _process.listeners(proc=layout.proc).items()
                              if port in self.ports or obproxies.intersection(entry['pids']))
        self.proc = layout.proc
        self.layout = layout

    def pid(self):
        """Our process that holds the SQL port, else the youngest one."""
        owners = self.listeners.get(self.options['sql_port'], {}).get('pids', ())
        holding = [pid for pid in self.pids if pid in owners]
        return (holding or self.pids or [None])[-1]

    def facts(self):
        """The survey as plain data; no command line is in it."""
        options = self.options
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        return {
            'architecture': os.uname()[4],
            'kernel': os.uname()[2],
            'os': operating_system(),
            'python': platform.python_version(),
            'systemd': os.path.isdir(self.layout.systemd),
            'agents': _agents.find(proc=self.proc),
            'uid': os.geteuid(),
            'user': _user(options['user']),
            'addresses': addresses(self.proc),
            'memory_mb': memory_mb(self.proc),
            'free_mb': _free(options),
            'limits': {'nofile_hard': hard, 'nofile_reachable': reachable_nofile()},
            'processes': [dict(one._asdict()) for one in self.processes],
            'listeners': dict((str(port), entry) for port, entry in self.listeners.items()),
            'packages': [dict(package.nevra._asdict(), dir=package.dir) for package in self.packages],
            'commands': dict((name, find_command(name)) for name in options['commands']),
            'records': self.records,
            'record': self.record,
            'instance': {'running': bool(self.pids), 'pid': self.pid(), 'pids': self.pids},
        }
