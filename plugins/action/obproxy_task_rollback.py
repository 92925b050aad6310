# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Fault, RegistryError, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._resume_action import ResumeAction

NOT_PLANNED = 'What has failed is not rolled back: {error}'


class ActionModule(ResumeAction):
    """Plan to undo a task, or what has failed in a run that is about to end."""

    options = {'task_id': {'type': 'int'}, 'run': {'type': 'dict'}}

    def answer(self, args):
        try:
            return super().answer(args)
        except (RequestError, RegistryError) as error:
            if not args.get('run'):
                raise
            # The play that tells what the run came to has still to follow.
            nothing = {'run': args['run'], 'hosts': {}, 'roles': []}
            return self._envelope.answer(None, changed=False, warnings=[NOT_PLANNED.format(error=error)], **nothing)

    def resume(self, resume, values):
        if (values['task_id'] is None) == (values['run'] is None):
            raise RequestError([Fault.of('task_id', values['task_id'], 'either task_id or run')])
        return resume.undo_failed(values['run']) if values['run'] else resume.rollback(values['task_id'])
