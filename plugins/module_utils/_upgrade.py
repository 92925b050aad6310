# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving one instance to another package that is installed beside the one it has, and back when that fails."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _credentials, _program, _server
from ansible_collections.oceanbase.obproxy.plugins.module_utils._anew import put_back
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import parse_file_name
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import listeners, process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import (
    PREVIOUS, UPGRADE, read_record, write_record)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import SUPERVISORS, Instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade_link import Link
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade_restart import (
    ANEW, COLD, DATABASE, LOOK_TIMEOUT, NONE, Restart, mode_of, numbers)

FAILURES = (HostError, ProxysysError, IOError, OSError)


class GoneBack(HostError):
    """The new version did not serve, and the old one does again."""


class Upgrade(object):
    """One call of the module."""

    def __init__(self, params, rpm, run_command, changes, layout):
        self.params = params
        self.rpm = rpm
        self.changes = changes
        self.layout = layout
        self.wanted = parse_file_name(params['package'])
        self.record = read_record(params['name'], layout.records)
        if self.record is None:
            raise HostError('%s has no record in %s: it is no instance of this collection on this host.'
                            % (params['name'], layout.records))
        self.instance = Instance(self.record)
        self.supervisor = SUPERVISORS[self.record.get('supervisor', 'obproxyd')](self.instance, run_command, layout)
        self.link = Link(self.record['home'], changes)
        self.restart = None

    def carry_out(self):
        """Move the instance; what the module returns."""
        with locked(self.layout.lock, self.params['timeout'], 'The obproxy set-up of this host', self.changes.check_mode):
            package = self._installed()
            self._recover()
            before = self._look()
            if package and self._is_there(package, before):
                self._finish()
                return dict(before=before, after=before, mode=NONE, reason=None, not_kept=[])
            mode, why = self._prepare(package, before)
            self._begin(package, before, mode)
        after = before if self.changes.check_mode else self._move(package, mode)
        lost = self.restart.anew.not_kept if mode == ANEW else []
        return dict(before=before, after=after, mode=mode, reason=why, not_kept=lost)

    # before anything is touched

    def _installed(self):
        package = self.rpm.find(self.wanted)
        if package:
            self.rpm.check_complete(package)
        elif not self.changes.check_mode:
            raise HostError('%s is not installed: install it (obproxy_package) first. Nothing was changed.' % str(self.wanted))
        return package

    def _asked(self, **more):
        return dict(self.params, sql_port=self.record['sql_port'], exporter_port=self.record['exporter_port'], **more)

    def _look(self):
        """What serves now, by /proc and by its own word: version is None where it does not answer."""
        pids = self.instance.pids()
        if not pids:
            return None
        holders = listeners([self.instance.sql_port]).get(self.instance.sql_port, {'pids': ()})['pids']
        found = dict(pid=([pid for pid in pids if pid in holders] or pids)[-1], version=None, binary=None)
        try:
            with _admin.log_in(self._asked(timeout=LOOK_TIMEOUT))[0] as client:
                found['version'] = '.'.join(str(part) for part in _credentials.version(client))
                found['binary'] = client.query('show proxyinfo binary')[1][0][-1]
        except AccessDenied as exc:
            raise HostError('%s. Nothing was changed.' % exc)
        except ProxysysError as exc:
            found['problem'] = str(exc)
        return self._with_program(found)

    @staticmethod
    def _with_program(found):
        one = process(found['pid'])
        return dict(found, exe=one.exe if one else None)

    def _is_there(self, package, before):
        """Whether nothing is to be done: the link, and whatever runs, are the package's already."""
        if self.link.leads_to() != _program_of(package):
            return False
        return self._is_stopped() if before is None else self._fault(package, before) is None

    def _is_stopped(self):
        """Whether somebody has stopped the instance; not we, in an upgrade that was killed, nor at the hand-over to the package's script."""
        return self.instance.run_file('stopped') == '' and not self.record.get(UPGRADE, {}).get('running')

    def _fault(self, package, found):
        """Why what runs is not what is wanted."""
        if found['exe'] != _program_of(package):
            return 'process %d runs %s, not %s' % (found['pid'], found['exe'], _program_of(package))
        if numbers(found['version']) != numbers(package.nevra.version):
            return 'it says that it is version %s, not %s' % (found['version'], package.nevra.version)
        return None

    def _prepare(self, package, before):
        """(how to restart, why so), after it was seen that the package can be executed here."""
        program = os.path.join(package.dir, 'bin', 'obproxy') if package else None
        if program:
            _program.check(self.supervisor, program, with_libraries=True)
        mode, why = NONE, 'it is stopped'
        if before is not None or not self._is_stopped():
            mode, why = mode_of(numbers(self.wanted.version), self.params['mode'], self.instance, self.supervisor,
                                self.link, program, before)
        if not (before and before['version']) and self._was_in_database() and numbers(self.wanted.version) < DATABASE:
            raise HostError('%s does not answer, and versions before 4.3 cannot read what %s has persisted: start it, so that '
                            'it can be asked. Nothing was changed.' % (self.instance.name, self.record['version']))
        self.restart = Restart(mode, before and before['pid'], self.instance, self.supervisor, self.params, self.record,
                               self.layout.records)
        self.restart.check()
        return mode, why

    def _was_in_database(self):
        try:
            return numbers(parse_file_name(self.record.get('version')).version) >= DATABASE
        except HostError:
            return False

    # the upgrade

    def _begin(self, package, before, mode):
        """Note what is under way, then point the link at the package: a killed run is taken up by the next one."""
        old = self._old_package(before)
        self.changes.add(self.instance.name, '%s\n' % (old or 'unknown package'), '%s\n' % str(self.wanted))
        if self.changes.check_mode:
            return
        begun = self.record.get(UPGRADE) or {'from': old, 'link': self.link.name, 'target': self.link.target()}
        self._write(**{UPGRADE: dict(begun, mode=mode, running=before is not None or not self._is_stopped())})
        self.link.flip(os.path.join(package.dir, 'bin'))

    def _old_package(self, before):
        """The package that the instance comes from: the one it runs, else the one that its link leads to."""
        program = (before or {}).get('exe') or self.link.leads_to()
        found = [str(one.nevra) for one in self.rpm.installed() if one.dir and program == _program_of(one)]
        return found[0] if found else None

    def _write(self, **changed):
        """Change the record; what is None is taken out."""
        record = dict(read_record(self.instance.name, self.layout.records), **changed)
        self.record = dict((key, value) for key, value in record.items() if value is not None)
        write_record(Changes(), self.record, self.layout.records)

    def _move(self, package, mode):
        try:
            self.restart.carry_out()
            after = None if mode == NONE else self._check(package)
        except FAILURES as exc:
            self._go_back(str(exc).rstrip('.'))
        except BaseException:
            # The controller has given up.
            self._put_back()
            raise
        self._finish()
        return after

    def _check(self, package):
        """What serves now; HostError when it isn't what was wanted."""
        found = self._with_program(_server.wait_for(self._asked(wait=self.params['timeout'], timeout=LOOK_TIMEOUT)))
        fault = self._fault(package, found)
        if fault:
            raise HostError('it was restarted, but %s' % fault)
        return found

    def _finish(self):
        """Let the record follow, with what there is to go back to."""
        name = '%s.rpm' % str(self.wanted)
        begun = self.record.get(UPGRADE)
        if self.record.get('version') == name and not begun:
            return
        if not begun:
            self.changes.add('record of ' + self.instance.name, '%s\n' % self.record.get('version'), '%s\n' % name)
        if self.changes.check_mode:
            return
        older = [one for one in self.record.get(PREVIOUS, []) if one != (begun or {}).get('from')]
        older = [one for one in [(begun or {}).get('from')] + older if one not in (None, str(self.wanted))]
        self._write(version=name, **{UPGRADE: None, PREVIOUS: older})

    # the way back

    def _recover(self):
        """Take up a way back to an older version that was killed between two configurations: begin before it."""
        begun = self.record.get(UPGRADE) or {}
        if begun.get('mode') != ANEW or self.record.get('state') != 'creating' or self.changes.check_mode:
            return
        self.supervisor.stop()
        self.link.restore(begun['link'], begun['target'])
        put_back(self.instance, self.layout.records)
        self._write(**{UPGRADE: None})
        self._restart_of(COLD).undo()

    def _restart_of(self, mode):
        return Restart(mode, None, self.instance, self.supervisor, self.params, self.record, self.layout.records)

    def _go_back(self, cause):
        """Have the old version serve again; it always fails, with what came of that."""
        words = '%s could not be moved to %s: %s. ' % (self.instance.name, str(self.wanted), cause)
        old = self.record[UPGRADE]['from'] or 'what it had before'
        try:
            how = self._put_back()
        except FAILURES as exc:
            raise HostError('%sGoing back to %s failed as well: %s. Mend that, then run this again.'
                            % (words, old, str(exc).rstrip('.')))
        raise GoneBack('%sIt has gone back to %s by itself%s.' % (words, old, how))

    def _put_back(self):
        """The link as it was, and what it leads to in service again; how, in words."""
        begun = self.record[UPGRADE]
        self.link.restore(begun['link'], begun['target'])
        how = self.restart.undo()
        self._write(**{UPGRADE: None})
        return how


def _program_of(package):
    return os.path.join(os.path.realpath(package.dir), 'bin', 'obproxy')
