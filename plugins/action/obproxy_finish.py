# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._outcome import release_servers

SPEC = {
    'run': {'type': 'raw', 'required': True},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Release a run's servers in the registry."""

    def answer(self, args):
        values = self.checked(SPEC)
        run_id = self.run_id(values['run'])
        if self.check_mode:
            return {'changed': False, 'servers': []}
        with self.reading_or_writing(values) as store:
            return {'changed': False, 'servers': release_servers(store, run_id, self.trace_id(values['run']))}
