# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopting an instance that runs: our record and supervisor in place of what it had, the process untouched."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _discovery, _instance, _supervision, _user
from ansible_collections.oceanbase.obproxy.plugins.module_utils._agent import Agent
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_directories, ensure_file, ensure_folder, ensure_link, opened, remove_file, remove_if_empty, remove_tree)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import WATCHDOG, watchdog_pids
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import (
    new_record, program_of, read_record, write_record)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import Instance, Obproxyd

KEPT = WATCHDOG + '.before-take-over'
RUN_MODE, SCRIPT_MODE = 0o750, 0o750
BEFORE = _instance.TAKEN_OVER
RENDERED = 'Rendered by the role prepare_create'
OURS = ('bin', 'run')


class Adoption(object):
    """One call of the module: what is wanted, where, and what was changed."""

    def __init__(self, params, changes, layout, run):
        self.params = params
        self.changes = changes
        self.layout = layout
        self.run = run
        self.supervisor = Obproxyd(Instance(params), run, layout)

    def adopt(self):
        """Adopt; (pid, record)."""
        _instance.home_of(self.params['name'], '/', self.params['home'])
        with _instance.locked_host(self.layout, self.changes):
            found = self._find()
            # The record goes first, so that a killed run is remembered with what was there before it.
            record = self._record(found)
            ensure_directories(self.changes, self.layout.records)
            write_record(self.changes, record, self.layout.records)
            self._ensure_files(found)
            if found['user'] != 'root':
                _user.ensure_limits(self.changes, found['user'], self.layout.limits)
            _instance.ensure_supervisor(self.changes, self.params, self.layout, self.run)
            self._replace_supervisor(found)
        return found['pid'], record

    def _find(self):
        port, home = self.params['sql_port'], self.params['home']
        found = [one for one in _discovery.survey({}, self.run, self.layout)['instances'] if one['sql_port'] == port]
        if not found:
            raise HostError('No obproxy answers on port %d any more: it did when the host was surveyed. Nothing was '
                            'changed.' % port)
        for name, wanted in (('home', home), ('user', self.params['user'])):
            if found[0][name] != wanted:
                raise HostError('The %s of the obproxy on port %d is %s now, it was %s when the host was surveyed. '
                                'Nothing was changed.' % (name, port, found[0][name], wanted))
        self._check_program(found[0])
        return found[0]

    @staticmethod
    def _check_program(found):
        """The proxy is started as bin/obproxy of its home; where a bin is there already, it must be the same one."""
        program = program_of(found['home'])
        if os.path.lexists(os.path.dirname(program)) and os.path.realpath(program) != found['exe']:
            raise HostError('%s is not what runs here, which is %s: our obproxyd.sh starts the former. Let it be the '
                            'same, or move %s/bin away. Nothing was changed.' % (program, found['exe'], found['home']))

    def _record(self, found):
        name = self.params['name']
        record = new_record(self.params['record'], name, found['user'], found['home'], 'obproxyd')
        old = read_record(name, self.layout.records) or {}
        kept = found['supervisor']
        if BEFORE in old:
            record[BEFORE] = old[BEFORE]
        elif not old:
            record[BEFORE] = dict((key, kept[key]) for key in ('kind', 'script', 'unit'))
            record[BEFORE]['loop'] = _supervision.loop_of(kept)
            record[BEFORE]['made'] = [name for name in OURS if not os.path.lexists(os.path.join(found['home'], name))]
        record.update(state='running', user_created=old.get('user_created', False))
        return dict(old, **record)

    def _ensure_files(self, found):
        owner = self.supervisor.instance.owner()
        with opened(found['home']) as home:
            if home.stat('bin') is None:
                ensure_link(self.changes, home, 'bin', os.path.dirname(found['exe']))
            if home.stat('run') is None:
                ensure_folder(self.changes, home, 'run', owner, RUN_MODE)
            self._keep_script(home, owner)
            ensure_file(self.changes, home, WATCHDOG, self.params['obproxyd'], SCRIPT_MODE, owner)

    def _keep_script(self, home, owner):
        """Another obproxyd.sh in the home is OBD's: it is kept under another name."""
        text = home.read(WATCHDOG)
        if text is not None and RENDERED not in text and home.stat(KEPT) is None:
            ensure_file(self.changes, home, KEPT, text, SCRIPT_MODE, owner)

    def _replace_supervisor(self, found):
        supervisor = found['supervisor']
        foreign = supervisor['kind'] not in (_supervision.COLLECTION, _supervision.NONE)
        if not foreign and self.supervisor.active():
            return
        self.changes.add('supervisor of ' + self.params['name'], supervisor['kind'] + '\n', _supervision.COLLECTION + '\n')
        if self.changes.check_mode:
            return
        if foreign:
            _supervision.release(supervisor, self.run)
        self.supervisor = Obproxyd(self.supervisor.instance, self.run, self.layout)
        problem = self.supervisor.start(self.params['timeout'])
        if problem:
            raise HostError('The watchdog of %s could not be started: %s' % (self.params['name'], problem))
        self._check_same(found)

    def _check_same(self, found):
        now = self.supervisor.instance.pids()
        if found['pid'] not in now:
            raise HostError('obproxy of %s was process %d and is %s now: it ended during the takeover, and was '
                            'started again.' % (self.params['name'], found['pid'], now or 'gone'))


def release(params, changes, layout, run):
    """Undo an adoption: our supervisor, script and record go, the proxy goes on; words on who keeps it running now."""
    name = params['name']
    with _instance.locked_host(layout, changes):
        record = read_record(name, layout.records)
        if record is None or BEFORE not in record:
            return None
        Agent(changes, layout, run).forget(name)
        home, before = record['home'], record[BEFORE]
        changes.add('supervisor of ' + name, _supervision.COLLECTION + '\n', 'none\n')
        if not changes.check_mode:
            unit = _instance.unit_name(name)
            by_unit = os.path.isdir(layout.systemd) and os.path.exists(os.path.join(layout.units, unit))
            _supervision.release({'unit': unit if by_unit else None, 'pids': watchdog_pids(home)}, run)
        _instance.ensure_supervisor(changes, dict(name=name, unit='', cron=''), layout, run)
        with opened(home) as folder:
            _restore(changes, folder, before['made'])
        with opened(layout.records) as records:
            remove_file(changes, records, name + '.json')
        if changes.check_mode:
            return None
        remove_if_empty(layout.records)
        return _supervision.start_again(before, run)


def _restore(changes, home, made):
    remove_file(changes, home, WATCHDOG)
    found = home.stat(KEPT)
    if found is not None:
        ensure_file(changes, home, WATCHDOG, home.read(KEPT), SCRIPT_MODE, (found.st_uid, found.st_gid))
        remove_file(changes, home, KEPT)
    for name in made:
        if home.stat(name) is not None and not changes.check_mode:
            remove_tree(home, name)
