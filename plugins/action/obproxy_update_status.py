# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._outcome import STATUSES, update_servers

SPEC = {
    'run': {'type': 'raw'},
    'servers': {'type': 'list', 'elements': 'dict', 'required': True},
    'status': {'type': 'str', 'choices': list(STATUSES), 'default': 'RUNNING'},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Write to the registry what was seen of servers."""

    def answer(self, args):
        values = self.checked(SPEC)
        run_id = self.run_id(values['run']) if values['run'] else None
        with self.reading_or_writing(values) as store:
            changed, servers = update_servers(store, run_id, values['servers'], values['status'], self.check_mode,
                                              self.trace_id(values['run']))
        return {'changed': changed, 'servers': servers}
