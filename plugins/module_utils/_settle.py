# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance is given once it answers: the subtasks behind its start, in one call, each with an answer of its own."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import (
    _admin, _agents, _credentials, _parameters, _process, _server)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameter_sync import SyncError, sync_with
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError

LOGIN_TIMEOUT = 10
NOT_ALTERED = 'The parameters on port %d were not altered: %s'


class SubtaskFailed(HostError):
    """A subtask that shares the call of another has failed."""

    def __init__(self, subtask, message):
        super(SubtaskFailed, self).__init__(message)
        self.subtask = subtask


class Settling(object):
    """One instance that answers; instance has name, sql_port, exporter_port, sys_password and old_sys_passwords."""

    def __init__(self, instance, settings, check_mode):
        self._settings = settings
        self._check_mode = check_mode
        self._params = dict((key, instance[key]) for key in ('name', 'sql_port', 'exporter_port', 'sys_password'))
        self._params.update(settings, old_sys_passwords=instance['old_sys_passwords'] or [], timeout=LOGIN_TIMEOUT,
                            unknown='report', state='present', record=None)
        self.answers = []
        self.pending_restart = []
        self.server = None
        self._since = monotonic()

    @property
    def changed(self):
        return any(answer['changed'] for answer in self.answers)

    def settle(self):
        """Do it with one login; what only all hosts together can judge ends it early, and is left to the roles."""
        client, live = self._log_in()
        with client, _process.one_look():
            if not self._sync_parameters(client, live):
                return
            # Of what was just set, nothing is a password.
            self._set_credentials(client, live)
            self._look(client)
        self._refresh_agent()

    def _log_in(self):
        client = None
        try:
            client = _admin.log_in(self._params)[0]
            return client, _parameters.read(client)
        except (ProxysysError, IOError, OSError) as exc:
            if client:
                client.close()
            raise SubtaskFailed('sync_parameters', NOT_ALTERED % (self._params['sql_port'], exc))

    def _answer(self, subtask, changed, msg):
        now = monotonic()
        self.answers.append(dict(subtask=subtask, changed=changed, msg=msg, seconds=round(now - self._since, 1)))
        self._since = now

    def _sync_parameters(self, client, live):
        try:
            result = sync_with(client, live, self._params, self._check_mode)
        except SyncError as exc:
            raise SubtaskFailed('sync_parameters', str(exc))
        except (HostError, ProxysysError, IOError, OSError) as exc:
            raise SubtaskFailed('sync_parameters', NOT_ALTERED % (self._params['sql_port'], exc))
        if result['unknown']:
            return False
        self.pending_restart = result['pending_restart']
        words = ['Set: %s.' % ', '.join(sorted(result['after']))] if result['after'] else []
        words += ['Pending until the next restart: %s.' % ', '.join(self.pending_restart)] if self.pending_restart else []
        self._answer('sync_parameters', result['changed'], ' '.join(words))
        return True

    def _set_credentials(self, client, live):
        try:
            changes = _credentials.ensure_with(client, live, self._params, self._check_mode)
        except (ProxysysError, IOError, OSError) as exc:
            raise SubtaskFailed('set_credentials', 'The passwords on port %d are not as wanted: %s' % (self._params['sql_port'], exc))
        self._answer('set_credentials', bool(changes), ' '.join('%s: %s.' % (change.what, change.after) for change in changes))

    def _look(self, client):
        try:
            self.server = _server.survey_with(client, self._params)
        except (ProxysysError, IOError, OSError) as exc:
            raise SubtaskFailed('set_credentials', str(exc))

    def _refresh_agent(self):
        textfile_dir, ocp_agent = self._settings['textfile_dir'], self._settings['ocp_agent']
        if ocp_agent == _agents.OCP_AGENT and not any(_agents.find(textfile_dir, ocp_agent, _process.PROC).values()):
            self._answer('refresh_agent', False, "Neither a node_exporter with a textfile directory nor OCP's agent runs here. Nothing to refresh.")
