# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's place on its host: user, home, record, limits, and what starts it at boot."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _user
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_directories, ensure_file, ensure_folder, locked, opened, remove_file,
    remove_if_empty, remove_tree)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import (
    WATCHDOG, instance_pids, watchdog_pids)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import (
    Layout, check_name, home_of, new_record, read_record, read_records, set_state, write_record)

__all__ = ['Layout', 'absent', 'check_name', 'home_of', 'present', 'read_record', 'read_records',
           'set_state', 'unit_name', 'cron_name']

HOME_MODE = 0o750
FOLDERS = ('etc', 'log', 'run')
DATA = ('etc', 'log')
LOCK_TIMEOUT = 120
ROOT_MODE = 0o644
TAKEN_OVER = 'taken_over'


def unit_name(name):
    return 'obproxy-%s.service' % name


def cron_name(name):
    """cron ignores files whose names hold a dot."""
    return 'obproxy-' + name.replace('.', '_')


def _root():
    return os.geteuid(), os.getegid()


def locked_host(layout, changes):
    """Keep other set-ups of this host out."""
    return locked(layout.lock, LOCK_TIMEOUT, 'The obproxy set-up of this host', changes.check_mode)


def present(changes, wanted, layout, run):
    """Set an instance up; wanted has name, user, home, record, supervisor, obproxyd, unit and cron."""
    wanted = _fitting(wanted, layout)
    with locked_host(layout, changes):
        record = _record(wanted, layout)
        ensure_directories(changes, layout.records)
        write_record(changes, record, layout.records)
        owner = _user.ensure(changes, wanted['user'], run)
        _ensure_home(changes, wanted, owner)
        _user.ensure_limits(changes, wanted['user'], layout.limits)
        ensure_supervisor(changes, wanted, layout, run)
    return record


def _fitting(wanted, layout):
    """Of a unit and a cron file only what starts things at boot on this host."""
    if not (wanted['unit'] and wanted['cron']):
        return wanted
    return dict(wanted, **{'cron' if os.path.isdir(layout.systemd) else 'unit': ''})


def _record(wanted, layout):
    """The record to write: it goes first, so that a killed run is remembered with what it made."""
    name, user = wanted['name'], wanted['user']
    record = new_record(wanted['record'], name, user, wanted['home'], wanted['supervisor'])
    old = read_record(name, layout.records) or {}
    if old and old.get('cluster_id') != record.get('cluster_id'):
        raise HostError('%s on this host belongs to cluster id %s, not to %s: give this cluster another name '
                        'or port, or remove that instance first.'
                        % (name, old.get('cluster_id'), record.get('cluster_id')))
    if old and old['home'] != record['home']:
        raise HostError('%s lives in %s on this host, not in %s: an instance cannot be moved.'
                        % (name, old['home'], record['home']))
    others = [one for one in read_records(layout.records)[0] if one['user'] == user]
    record['user_created'] = _user.find(user) is None or any(one.get('user_created') for one in others)
    record['state'] = old.get('state', 'creating')
    return dict(old, **record)


def _ensure_home(changes, wanted, owner):
    home = wanted['home']
    ensure_directories(changes, os.path.dirname(home))
    with opened(os.path.dirname(home)) as base:
        ensure_folder(changes, base, os.path.basename(home), owner, HOME_MODE)
        with opened(os.path.basename(home), base) as folder:
            for name in FOLDERS:
                ensure_folder(changes, folder, name, owner, HOME_MODE)
            if wanted['obproxyd']:
                ensure_file(changes, folder, WATCHDOG, wanted['obproxyd'], HOME_MODE, owner)


def ensure_supervisor(changes, wanted, layout, run):
    """The unit or the cron file of wanted (name, unit, cron); an empty text means that there is to be none."""
    name = wanted['name']
    if wanted['unit'] is not None:
        _ensure_unit(changes, name, wanted['unit'], layout, run)
    if wanted['cron'] is not None:
        _ensure_root_file(changes, layout.cron, cron_name(name), wanted['cron'])


def _ensure_root_file(changes, folder, name, text):
    """A file of root's with this text; none when the text is empty. True when changed."""
    if text:
        ensure_directories(changes, folder)
    with opened(folder) as parent:
        if not text:
            return remove_file(changes, parent, name)
        return ensure_file(changes, parent, name, text, ROOT_MODE, _root())


def _ensure_unit(changes, name, text, layout, run):
    unit = unit_name(name)
    booted = os.path.isdir(layout.systemd)
    there = os.path.exists(os.path.join(layout.units, unit))
    if not text and booted and not changes.check_mode and there:
        _systemctl(run, 'disable', unit)
    changed = _ensure_root_file(changes, layout.units, unit, text)
    if not booted:
        return
    # A unit that systemd has never read needs no reload, which would cost as much CPU time as a module's start.
    outdated = changed and there or bool(text) and _needs_reload(run, unit)
    if outdated and not changed:
        changes.add("systemd's view of " + unit, 'out of date\n', 'as in its file\n')
    if outdated and not changes.check_mode:
        _systemctl(run, 'daemon-reload')


def _needs_reload(run, unit):
    """Whether systemd knows another unit than there is: a run was killed before it told systemd, or somebody had removed the file."""
    rc, out, _err = run(['systemctl', 'show', '-p', 'NeedDaemonReload', '-p', 'LoadState', unit])
    return rc == 0 and bool({'NeedDaemonReload=yes', 'LoadState=not-found'} & set(out.split()))


def _systemctl(run, *arguments):
    rc, out, err = run(['systemctl'] + list(arguments))
    if rc != 0:
        raise HostError('systemctl %s failed with exit code %d: %s'
                        % (' '.join(arguments), rc, (err or out).strip()))


def absent(changes, name, home, keep_data, layout, run, keep_user=False):
    """Undo what present did for this instance, and nothing of another's; keep_data keeps etc and log."""
    # Much to load, which only a removal has a use for.
    from ansible_collections.oceanbase.obproxy.plugins.module_utils._agent import Agent
    with locked_host(layout, changes):
        record = read_record(name, layout.records) or {}
        home = record.get('home', home)
        _refuse_if_running(name, home, layout)
        Agent(changes, layout, run).forget(name)
        _ensure_unit(changes, name, '', layout, run)
        _ensure_root_file(changes, layout.cron, cron_name(name), '')
        _remove_home(changes, record, name, home, keep_data)
        others = [one for one in read_records(layout.records)[0]
                  if one['name'] != name and one['user'] == record.get('user')]
        if record and not others:
            _user.remove_limits(changes, record['user'], layout.limits)
            kept = keep_user or (keep_data and os.path.lexists(home))
            if record.get('user_created') and not kept:
                _user.remove(changes, record['user'], run, layout.skeleton, layout.proc)
        with opened(layout.records) as records:
            remove_file(changes, records, name + '.json')
        if changes.changed and not changes.check_mode:
            remove_if_empty(layout.records)
            remove_if_empty(os.path.dirname(home))


def _refuse_if_running(name, home, layout):
    pids = instance_pids(home, layout.proc) + watchdog_pids(home, layout.proc)
    if pids:
        raise HostError('%s still runs in %s (process %s): stop it first (obproxy_service).'
                        % (name, home, ', '.join(str(pid) for pid in pids)))


def _remove_home(changes, record, name, home, keep_data):
    if TAKEN_OVER in record or os.path.basename(home) != name:
        # A taken-over instance lives in a directory that was there before us: only what is ours goes.
        with opened(home) as folder:
            remove_file(changes, folder, WATCHDOG)
            for entry in record.get(TAKEN_OVER, {}).get('made', ()):
                if folder.stat(entry) is not None and not changes.check_mode:
                    remove_tree(folder, entry)
        return
    with opened(os.path.dirname(home)) as base:
        if base.stat(name) is None:
            return
        with opened(name, base) as folder:
            doomed = [entry for entry in folder.entries() if not (keep_data and entry in DATA)]
            if keep_data and not doomed:
                return
        changes.add(home, '\n'.join(doomed) + '\n', '')
        if not changes.check_mode:
            remove_tree(base, name, keep=DATA if keep_data else ())
