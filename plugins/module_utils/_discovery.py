# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every OBProxy instance on a host, however it was started."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _agents, _discovery_live, _discovery_ports, _process, _supervision)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import find_command
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import BINARY, Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, ProxysysError, connect_any)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, read_records

OBPROXY = 'obproxy'
ENTERPRISE, COMMUNITY = 'enterprise', 'community'
ROOT_VARIABLE = 'OBPROXY_ROOT'


def survey(params, run, layout=None):
    """All that one look at the host finds; params may have sys_passwords with timeout, and sql_port."""
    layout = layout or Layout()
    problems = []
    packages = _packages(run, problems)
    records, broken = read_records(layout.records)
    found = find(layout.proc)
    shells = _supervision.watchdogs(layout.proc)
    for instance in found:
        _complete(instance, packages, records)
        instance['supervisor'] = _supervision.describe(
            instance, shells, instance['record'], run, layout.proc)
        if params.get('sql_port') in (None, instance['sql_port']):
            _ask(instance, params)
        instance.pop('parents')
    return {'instances': found, 'records': records, 'packages': [_package(one) for one in packages],
            'problems': problems + broken, 'architecture': os.uname()[4],
            'systemd': os.path.isdir(layout.systemd), 'agents': _agents.find(proc=layout.proc)}


def _packages(run, problems):
    if not find_command('rpm'):
        return []
    try:
        return Rpm(run).installed()
    except HostError as exc:
        problems.append(str(exc))
        return []


def _package(package):
    found = dict(package.nevra._asdict())
    return dict(found, file=str(package.nevra) + '.rpm', dir=package.dir)


def find(proc=_process.PROC):
    """The instances by their processes, homes and listening sockets; the arguments say nothing."""
    obproxies = _process.processes((OBPROXY,), proc)
    listening = _process.listeners(proc=proc)
    groups = []
    for one in obproxies:
        ports = set(port for port, entry in listening.items() if one.pid in entry['pids'])
        group = {'processes': [one], 'ports': ports, 'home': _home(one, proc)}
        for other in [known for known in groups if _belong_together(known, group)]:
            groups.remove(other)
            group = {'processes': other['processes'] + group['processes'], 'ports': other['ports'] | group['ports'],
                     'home': other['home']}
        groups.append(group)
    return [_instance(group, listening) for group in groups]


def _home(one, proc):
    root = _process.environment(one.pid, ROOT_VARIABLE, proc)
    return os.path.realpath(root) if root and os.path.isabs(root) else one.cwd


def _belong_together(one, other):
    """In a hot restart parent and child share sockets and home; the one that leaves has no sockets any more."""
    if one['ports'] & other['ports']:
        return True
    return bool(one['home']) and one['home'] == other['home'] and not (one['ports'] and other['ports'])


def _instance(group, listening):
    """An instance as far as no login is needed; its youngest process is the one that stays."""
    members = sorted(group['processes'], key=lambda one: (one.start_time, one.pid))
    holders = [one for one in members if any(one.pid in listening[port]['pids'] for port in group['ports'])]
    main = (holders or members)[-1]
    spoken = dict((port, _discovery_ports.speaks(port, listening[port]['addresses'])) for port in sorted(group['ports']))
    sql, exporter, silent, other = ([port for port in sorted(spoken) if spoken[port] == kind] for kind in (
        _discovery_ports.SQL, _discovery_ports.EXPORTER, _discovery_ports.SILENT, _discovery_ports.OTHER))
    exe = main.exe or ''
    deleted = exe.endswith(_process.DELETED)
    return {
        'pid': main.pid, 'pids': [one.pid for one in members], 'start_time': main.start_time,
        'parents': [one.ppid for one in members if one.ppid > 1],
        'exe': exe[:-len(_process.DELETED)] if deleted else main.exe, 'deleted': deleted,
        'user': main.user, 'uid': main.uid, 'home': group['home'], 'cwd': main.cwd,
        'sql_port': sql[0] if sql else None, 'exporter_port': exporter[0] if exporter else None,
        'rpc_port': other[0] if other else None, 'silent_ports': silent, 'ports': sorted(spoken),
    }


def _complete(instance, packages, records):
    """Add what files say: package, edition, version, record."""
    named = [one for one in packages if one.dir and instance['exe'] == os.path.realpath(one.dir) + BINARY]
    instance['package'] = _package(named[0]) if named else None
    found = re.search(r'/obproxy-(\d+(?:\.\d+)+)/bin/obproxy\Z', instance['exe'] or '')
    instance['version'] = named[0].nevra.version if named else found.group(1) if found else None
    enterprise = (instance['exe'] or '').startswith(_supervision.ENTERPRISE_FOLDER)
    instance['edition'] = ENTERPRISE if enterprise else COMMUNITY if named else None
    mine = [record for record in records if instance['home'] == os.path.realpath(record['home'])
            and record['sql_port'] in instance['ports']]
    instance['record'] = mine[0] if mine else None


def _ask(instance, params):
    """Add what the proxy says of itself to whoever knows the password."""
    instance.update(login='not tried', request=None, variables=None)
    if not params.get('sys_passwords') or instance['sql_port'] is None:
        return
    listening = instance['rpc_port']
    try:
        client, index = connect_any(instance['sql_port'], params['sys_passwords'], params['timeout'])
        with client:
            instance.update(_discovery_live.ask(client))
    except AccessDenied:
        instance['login'] = 'refused'
        return
    except ProxysysError as exc:
        instance.update(login='failed', login_error=str(exc))
        return
    instance.update(login='ok', password_index=index, rpc_port=listening or instance['rpc_port'])
    instance['request'] = _discovery_live.request(instance, instance['record'])
    instance['variables'] = _discovery_live.variables(instance)
