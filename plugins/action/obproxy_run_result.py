# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError

SPEC = {
    'run': {'type': 'raw', 'required': True},
    'before': {'type': 'list', 'elements': 'dict'},
    'fail': {'type': 'bool', 'default': True},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Tell what a run came to."""

    def answer(self, args):
        values = self.checked(SPEC)
        run_id = self.run_id(values['run'])
        if self.check_mode:
            return self._envelope.answer(None, changed=False, run=values['run'], results=[])
        try:
            with self.reading_or_writing(values) as store:
                outcome = _outcome.close_run(store, run_id, values['before'], self.trace_id(values['run']))
        except RegistryError as error:
            return self._failure(values, f'{error}\n{_outcome.NOT_TOLD}', results=[],
                                 ansible_stats=self._left(_outcome.lost(run_id, values['run'])))
        more = {'changed': False, 'run': values['run'], 'results': outcome['results'],
                'ansible_stats': self._left(_outcome.artifact(outcome))}
        if not outcome['recorded']:
            more['warnings'] = [_outcome.NOT_RECORDED]
        message = _outcome.failure_message(
            outcome['run']['operation'], outcome['results'], outcome['run']['cluster_id'], outcome['prohibited'])
        if message:
            return self._failure(values, message, data=outcome['data'], **more)
        return self._envelope.answer(outcome['data'], **more)

    @staticmethod
    def _left(artifact):
        return {'data': {'obproxy_run': artifact}, 'per_host': False, 'aggregate': False}

    def _failure(self, values, message, **more):
        return {**self._envelope.failure(message, **more), 'run': values['run'], 'failed': values['fail']}
