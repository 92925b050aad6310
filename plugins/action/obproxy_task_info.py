# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_admin import find, lines

SPEC = {
    'task_id': {'type': 'int'},
    'run_id': {'type': 'int'},
    'cluster_id': {'type': 'str'},
    'host': {'type': 'str'},
    'status': {'type': 'str', 'choices': ['RUNNING', 'FAILED', 'SUCCESSFUL']},
    'limit': {'type': 'int', 'default': 50},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """List tasks."""

    def answer(self, args):
        values = self.checked(SPEC)
        with self.reading({'registry_url': values.pop('registry_url')}) as store:
            found = find(store, **values)
        return self._envelope.answer({'contents': found}, changed=False, lines=lines(found, values['task_id'] is not None))
