# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of obproxy_service: started, stopped, restarted, absent."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _program, _start, _start_checks, _start_failure)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import read_record, set_state
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, Client, ProxysysError, connect_any, quote)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import program_of

CHECK_TIMEOUT = 10
WRONG_PASSWORD = (
    'Neither sys_password nor any of old_sys_passwords is the password of root@proxysys of %s on port %d. %s '
    'Give the password it has as one of old_sys_passwords (the variable obproxy_old_sys_passwords).')


class Service(object):
    """One call of the module: the instance, its supervisor, what is wanted, what was changed."""

    def __init__(self, instance, supervisor, params, changes, records):
        self.instance = instance
        self.supervisor = supervisor
        self.params = params
        self.changes = changes
        self.records = records
        self.first_start = False
        self.secrets = []
        self.steps = []
        self.restart = None

    def set(self, state):
        if state == 'started':
            self._started()
        elif state == 'restarted':
            self._restarted()
        else:
            self._stopped(state)

    # stopping

    def _stopped(self, state):
        running = bool(self.instance.pids())
        if not os.path.isdir(self.instance.home) or (not running and self.supervisor.idle()):
            return
        self.changes.add(self.instance.name, 'running\n' if running else 'started at boot\n', state + '\n')
        if self.changes.check_mode:
            return
        self.steps = self.supervisor.stop(self.params['stop_timeout'])
        self.instance.remove_run_file('first_start')

    # restarting

    def _restarted(self):
        if self._creating():
            raise HostError('%s cannot be restarted: its first start was never completed. Run create or batch_add again, '
                            'or obproxy_service with state=started.' % self.instance.name)
        before = self.instance.pids()
        if not before:
            self._started()
        elif self.params['mode'] == 'hot':
            self._restart_hot(before)
        else:
            self._restart_cold(before)

    def _restart_hot(self, before):
        # Much to load, which only this way of restarting has a use for.
        from ansible_collections.oceanbase.obproxy.plugins.module_utils._hot_restart import HotRestart
        hot = HotRestart(self.instance, self.supervisor, self._passwords(), self.params['timeout'])
        hot.check()
        self._note_restart(before)
        if self.changes.check_mode:
            return
        sizes = _start_failure.log_sizes(self.instance.home)
        try:
            self.restart = hot.carry_out()
            _start_checks.check_exporter(self.instance)
        except (HostError, ProxysysError) as exc:
            raise HostError(_start_failure.explain(self.instance, str(exc), sizes, {}, self._passwords()))
        if not self.supervisor.active():
            self._watch()

    def _restart_cold(self, before):
        """Only what can be started again, with this password, is stopped; a proxy that hangs can't be asked."""
        self.supervisor.check()
        _program.check(self.supervisor, program_of(self.instance.home), with_libraries=True)
        try:
            connect_any(self.instance.sql_port, self._passwords(), CHECK_TIMEOUT)[0].close()
        except AccessDenied:
            raise HostError(WRONG_PASSWORD % (self.instance.name, self.instance.sql_port, 'Nothing was changed.'))
        except ProxysysError:
            pass
        self._note_restart(before)
        if self.changes.check_mode:
            return
        self.steps = self.supervisor.stop(self.params['stop_timeout'])
        self._start(False, {}, needs_metrics=False)
        # Clients can do without its metrics: it stays in service, watched.
        _start_checks.check_exporter(self.instance)
        self.restart = dict(mode='cold', parent=before[-1], pid=self.instance.pids()[-1])

    def _note_restart(self, before):
        pids = ', '.join(str(pid) for pid in before)
        self.changes.add(self.instance.name, 'running as process %s\n' % pids,
                         'running as another process (%s restart)\n' % self.params['mode'])

    # starting

    def _passwords(self):
        return [self.params['sys_password']] + (self.params['old_sys_passwords'] or [])

    def _creating(self):
        """Whether the first start has yet to be completed."""
        if not os.path.isdir(self.instance.home):
            return True
        record = read_record(self.instance.name, self.records)
        if record is not None and record.get('state') == 'creating':
            return True
        return not _start.is_persisted(self.instance.home)

    def _check_sys_password(self):
        if not self.params['sys_password']:
            raise HostError('sys_password is empty: root@proxysys would let in everybody on this host.')
        try:
            quote(self.params['sys_password'])
        except ProxysysError as exc:
            raise HostError('sys_password cannot be set: %s.' % exc)

    def _started(self):
        self._check_sys_password()
        wanted = _start.settings(self.params)
        creating = self._creating()
        if self.instance.pids() and self.see_to(creating, wanted):
            return
        if not self.changes.check_mode:
            self.supervisor.check()
        self.changes.add(self.instance.name, 'stopped\n', 'running\n')
        if not self.changes.check_mode:
            self._start(creating, wanted)

    def see_to(self, creating=False, wanted=None):
        """See to an instance that runs, wanted being what its first start is given; False when it is the rest of a first start that was cut off."""
        timeout = CHECK_TIMEOUT if self.changes.check_mode else self.params['timeout']
        try:
            client = _start_checks.wait_login(self.instance, self._passwords(), timeout)
        except AccessDenied:
            if not creating:
                raise HostError(WRONG_PASSWORD % (self.instance.name, self.instance.sql_port, 'Nothing was changed.'))
            return self._cut_off()
        with client:
            if creating and _start_checks.parameter_faults(client, self._checked(wanted)):
                return self._cut_off()
        _start_checks.check_exporter(self.instance)
        if not self.supervisor.active():
            self.changes.add('watchdog of ' + self.instance.name, 'missing\n', 'running\n')
            if not self.changes.check_mode:
                self._watch()
        self._completed()
        return True

    def _cut_off(self):
        self.changes.add(self.instance.name, 'running, its first start was never completed\n', 'stopped\n')
        if not self.changes.check_mode:
            self.supervisor.stop()
        return False

    def _watch(self):
        problem = self.supervisor.start(self.params['timeout'])
        if problem:
            raise HostError('The watchdog of %s could not be started: %s' % (self.instance.name, problem))
        self.supervisor.hand_over(self.params['cluster_name'])

    def _start(self, creating, wanted, needs_metrics=True):
        foreign = self.instance.foreign_listeners(needs_metrics)
        if foreign:
            raise HostError('%s cannot be started: %s.' % (self.instance.name, '; '.join(foreign)))
        sizes = _start_failure.log_sizes(self.instance.home)
        self._forget_launches()
        try:
            self._bring_up(creating, wanted, needs_metrics)
        except AccessDenied:
            self._abandon(WRONG_PASSWORD % (self.instance.name, self.instance.sql_port, 'It has been stopped again.'))
        except (HostError, ProxysysError, IOError, OSError) as exc:
            self._abandon(_start_failure.explain(self.instance, str(exc), sizes, wanted, self.secrets))
        except BaseException:
            self.supervisor.stop()
            raise

    def _forget_launches(self):
        for name in ('first_start', 'launches_failed'):
            self.instance.remove_run_file(name)

    def _bring_up(self, creating, wanted, needs_metrics):
        if creating:
            self._first_start(wanted)
        else:
            self._launch(self._passwords()).close()
        if needs_metrics:
            _start_checks.check_exporter(self.instance)
        self.supervisor.hand_over(self.params['cluster_name'])
        self._completed()

    def _abandon(self, message):
        """Fail with this message, and leave nothing behind that runs or tries to."""
        try:
            self.supervisor.stop()
            self._forget_launches()
        except (HostError, IOError, OSError) as exc:
            message += '\nIt could not be stopped afterwards: %s' % exc
        raise HostError(message)

    def _launch(self, passwords):
        """A client of the proxy that was started."""
        since = _start_checks.monotonic()
        problem = self.supervisor.start(self.params['timeout'])
        if problem and not self.instance.pids():
            raise HostError('obproxy of %s did not start' % self.instance.name)
        return _start_checks.wait_login(self.instance, passwords, self.params['timeout'], since)

    def _first_start(self, wanted):
        """With a one-time password, as the arguments can be read by everybody; the real one by SQL at once."""
        self.first_start = True
        _start.wipe(self.instance.home)
        password, password_hash = _start.one_time_password()
        self.secrets = [password, password_hash] + self._passwords()
        lines, later = _start.arguments(self.params, wanted, password_hash)
        with self._launch_once(lines, password) as client:
            restart = _start_checks.set_by_sql(client, later)
            if not restart:
                _start_checks.check_parameters(client, self._checked(wanted))
        if restart:
            self.supervisor.stop()
            with self._launch(self._passwords()) as client:
                _start_checks.check_parameters(client, self._checked(wanted))

    def _launch_once(self, lines, password):
        """A client of the proxy that was started with these arguments, and then given its real password by SQL."""
        self.instance.write_run_file('first_start', '\n'.join(lines) + '\n')
        try:
            with self._launch([password]) as client:
                client.query('alter proxyconfig set obproxy_sys_password = ' + quote(self.params['sys_password']),
                             secret=True)
            self.instance.remove_run_file('first_start')  # the watchdog does so when it next looks: a start before would use it
            return Client(self.instance.sql_port, self.params['sys_password'])
        except AccessDenied as exc:
            raise HostError('root@proxysys of %s refuses the password it was just given (%s)'
                            % (self.instance.name, exc))

    def _checked(self, wanted):
        """What has to be in force after a first start; our own defaults are unknown to old versions."""
        names = set(_start.startup_parameters(self.params['startup_parameters']))
        if self.params['work_mode'] == 'CONFIG_URL':
            names.add('obproxy_config_server_url')
        checked = dict((name, wanted[name]) for name in names)
        if self.params['work_mode'] == 'RS_LIST':
            checked.update(rootservice_list=self.params['rs_list'],
                           rootservice_cluster_name=self.params['ob_cluster_name'])
        return checked

    def _completed(self):
        """Remember that the first start is over."""
        record = read_record(self.instance.name, self.records)
        if record is None or record.get('state') == 'running':
            return
        self.changes.add('record of ' + self.instance.name, 'creating\n', 'running\n')
        if not self.changes.check_mode:
            set_state(self.instance.name, 'running', self.records)
