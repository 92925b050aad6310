# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._discover import Discovery
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory

SPEC = {
    'surveys': {'type': 'dict', 'required': True},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(ControllerAction):
    """Rebuild the registry from the surveys of hosts."""

    def answer(self, args):
        values = self.checked(SPEC)
        inventory = Inventory(self._task_vars.get('groups', {}).get('all', []), self._task_vars['hostvars'])
        with self.reading_or_writing(values) as store:
            discovery = Discovery(store, inventory, values['surveys'], self._actor.creator)
            changed = discovery.write()
        result = {'changed': changed, 'clusters': discovery.clusters, 'servers': discovery.servers,
                  'unmanaged': discovery.unmanaged, 'problems': discovery.problems}
        if discovery.problems:
            result['warnings'] = discovery.problems
        return result
