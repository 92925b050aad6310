# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a survey means for an instance: what makes it impossible, and who is in its way."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys

from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import TEMPORARY
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import (
    WATCHDOG, process, processes, runs_with, user_name, watchdog_pids)

MIN_NOFILE = 4096
MIN_TEMPORARY_MB = 200


def problems(survey, facts, python=None):
    """Sentences about what makes an installation impossible here."""
    python = python or sys.version_info
    found = list(survey.problems)
    if facts['uid'] != 0:
        found.append('The survey runs as uid %d, not as root: installing needs root, use become.' % facts['uid'])
    if tuple(python[:2]) != (2, 7) and tuple(python[:2]) < (3, 6):
        found.append('Python on this host is %s: 2.7, or 3.6 or newer, is expected. Set ansible_python_interpreter.'
                     % facts['python'])
    if not facts['addresses']:
        found.append('The host has no address but loopback: OBProxy does not start without one. Configure its '
                     'network.')
    if facts['limits']['nofile_reachable'] < MIN_NOFILE:
        found.append('A process may open %d files here: OBProxy needs %d at least, 655350 is advised. Raise the '
                     'hard limit nofile.' % (facts['limits']['nofile_reachable'], MIN_NOFILE))
    found += _package_problems(survey, facts)
    found += _record_problems(survey)
    if not survey.pids:
        found += _disk_problems(survey.options['min_free_mb'], facts['free_mb'])
    return found


def _package_problems(survey, facts):
    wanted = survey.options['package']
    if not wanted:
        return []
    found = []
    machine = facts['architecture']
    if wanted['arch'] not in (machine, 'noarch'):
        found.append('The package is for %s, but this host is %s: choose a package for %s.'
                     % (wanted['arch'], machine, machine))
    for package in survey.packages:
        nevra = package.nevra
        if (nevra.name, nevra.version) == (wanted['name'], wanted['version']) and \
                (nevra.release, nevra.arch) != (wanted['release'], wanted['arch']):
            found.append('%s is installed and %s-%s-%s.%s would share its directory %s: remove the installed one '
                         'first, or choose that one or another version.'
                         % (nevra, wanted['name'], wanted['version'], wanted['release'], wanted['arch'], package.dir))
    return found


def _record_problems(survey):
    wanted = survey.options.get('cluster_id')
    if not survey.record or wanted is None or survey.record.get('cluster_id') == wanted:
        return []
    return ['%s on this host belongs to cluster id %s, not to %s: give this cluster another name or port, or remove '
            'that instance first.' % (survey.options['name'], survey.record.get('cluster_id'), wanted)]


def _disk_problems(minimum, free):
    found = []
    for folder in sorted(free):
        needed = min(minimum, MIN_TEMPORARY_MB) if folder == TEMPORARY else minimum
        if free[folder] < needed:
            found.append('%d MB are free for %s: %d MB are needed. Make room, or mount another disk there.'
                         % (free[folder], folder, needed))
    return found


def warnings(survey, facts):
    """Sentences about what an instance will lack here, though it can be installed."""
    if facts['systemd'] or processes(('cron', 'crond'), survey.proc):
        return []
    return ['Neither systemd nor cron runs on this host: nothing will start the instance again after a reboot, or its '
            'watchdog when that one has ended. Install cron and see that it runs.']


def conflicts(survey):
    """Sentences about who holds our ports or runs in our home, and is not this instance."""
    return (_port_conflicts(survey) + _record_conflicts(survey) + _home_conflicts(survey) +
            _watchdog_conflicts(survey))


def _who(pid, proc):
    one = process(pid, proc)
    if one is None:
        return 'process %d' % pid
    return 'process %d (%s) of user %s' % (pid, one.exe or one.comm, one.user)


def _port_conflicts(survey):
    found = []
    for port, words in sorted(survey.ports.items()):
        entry = survey.listeners.get(port)
        if not entry:
            continue
        others = [pid for pid in entry['pids'] if pid not in survey.pids]
        if entry['pids'] and not others:
            continue
        who = ' and '.join(_who(pid, survey.proc) for pid in others) or \
            'a process of user %s that cannot be seen from here' % user_name(entry['uid'])
        found.append('Port %d (%s) is taken by %s on %s: stop that one, or choose another port.'
                     % (port, words, who, ', '.join(entry['addresses'])))
    return found


def _record_conflicts(survey):
    found = []
    for record in survey.records:
        if record['name'] == survey.options['name']:
            continue
        taken = sorted(set(survey.ports).intersection(
            record.get(key) for key in ('sql_port', 'exporter_port', 'rpc_port')))
        if taken:
            found.append('Port %s belongs to the instance %s of this host, by its record, even while it does not '
                         'listen: choose another port.'
                         % (', '.join('%d (%s)' % (port, survey.ports[port]) for port in taken), record['name']))
    return found


def _home_conflicts(survey):
    """obproxy processes in our home that listen, but on none of our ports: another start of it."""
    found = []
    for pid in survey.pids:
        ports = sorted(port for port, entry in survey.listeners.items() if pid in entry['pids'])
        if survey.ports and ports and not set(ports).intersection(survey.ports):
            found.append('In the home %s runs %s, but it listens on %s: stop that one; two processes would share one '
                         'configuration.' % (survey.home, _who(pid, survey.proc),
                                             ', '.join(str(port) for port in ports)))
    return found


def _watchdog_conflicts(survey):
    """Somebody else's obproxyd.sh that was started for one of our ports."""
    ours = set(watchdog_pids(survey.home, survey.proc)) if survey.options['name'] else set()
    homes = set(os.path.join(os.path.realpath(record['home']), WATCHDOG) for record in survey.records)
    found = []
    for one in survey.processes:
        if one.comm == 'obproxy' or one.pid in ours or one.script in homes:
            continue
        ports = [port for port in sorted(survey.ports) if runs_with(one.pid, str(port), survey.proc)]
        if ports:
            found.append('A watchdog, %s with script %s, was started for port %d: it would start its own obproxy '
                         'there. Stop it.' % (_who(one.pid, survey.proc), one.script, ports[0]))
    return found


def judged(survey):
    """(what a survey returns, warnings): the facts, what makes an instance impossible, who is in its way, what is missing."""
    facts = survey.facts()
    result = dict(host=facts, problems=problems(survey, facts), conflicts=conflicts(survey),
                  missing_commands=sorted(name for name, path in facts['commands'].items() if not path))
    return result, warnings(survey, facts)
