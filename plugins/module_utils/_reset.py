# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new password for root@proxysys where nobody knows the old one any more."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _program, _start, _start_checks, _start_failure)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, ProxysysError, connect_any
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import program_of
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import CHECK_TIMEOUT, Service


class Reset(Service):
    """Restarts an instance once with a one-time password in its arguments, which are stronger than what it has persisted."""

    def carry_out(self):
        """Reset the password where none of those given is let in."""
        self._check_sys_password()
        if self._creating():
            raise HostError('%s has never been started completely: run create or batch_add again, which sets its password.'
                            % self.instance.name)
        if not self.instance.pids():
            raise HostError('%s does not run, so its password cannot be tried: start it first.' % self.instance.name)
        if self._is_let_in():
            return
        self.changes.add(self.instance.name, 'password of root@proxysys: unknown\n',
                         'password of root@proxysys: reset, by a restart\n')
        if not self.changes.check_mode:
            self.supervisor.check()
            _program.check(self.supervisor, program_of(self.instance.home), with_libraries=True)
            self._restart_with_another()

    def _is_let_in(self):
        try:
            connect_any(self.instance.sql_port, self._passwords(), CHECK_TIMEOUT)[0].close()
        except AccessDenied:
            return False
        return True

    def _restart_with_another(self):
        sizes = _start_failure.log_sizes(self.instance.home)
        password, password_hash = _start.one_time_password()
        self.secrets = [password, password_hash] + self._passwords()
        try:
            self.supervisor.stop(self.params['stop_timeout'])
            self._forget_launches()
            self._launch_once(['-o', 'obproxy_sys_password=' + password_hash], password).close()
            _start_checks.check_exporter(self.instance)
            self.supervisor.hand_over(self.params['cluster_name'])
        except (HostError, ProxysysError, IOError, OSError) as exc:
            raise HostError(self._go_back(_start_failure.explain(self.instance, str(exc), sizes, {}, self.secrets)))

    def _go_back(self, message):
        """Have it run as it did before, and say so."""
        self._forget_launches()
        if self.supervisor.start(self.params['timeout']):
            return message + '\nIt does not run now.'
        return message + '\nIt runs again, with the password that it had or with one that nobody knows.'
