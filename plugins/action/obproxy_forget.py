# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_admin import forget

SPEC = {
    'run': {'type': 'raw', 'required': True},
    'servers': {'type': 'list', 'elements': 'int', 'required': True},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Take servers that were rolled back or removed out of the registry."""

    def answer(self, args):
        values = self.checked(SPEC)
        if self.check_mode:
            # The run of a check is not in the registry.
            return {'changed': bool(values['servers'])}
        with self.reading_or_writing(values) as store:
            run_id = self.run_id(values['run'])
            store.tasks.hold(run_id, self.trace_id(values['run']))
            return {'changed': forget(store, run_id, values['servers'])}
