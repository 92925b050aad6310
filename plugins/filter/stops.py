# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry


def unless_stopped(server, registry_url=None):
    """Return a server of the plan as it is, unless its task was cancelled."""
    task_id = server['task_id']
    try:
        why = _stops.reason(task_id) if _stops.HEARD else _stops.ask(task_id, server.get('trace_id'), Registry(registry_url))
    except RegistryError:
        # What needs the registry says so; this only asks whether to stop.
        why = None
    if why:
        raise AnsibleFilterError(why)
    return server


class FilterModule:
    """What a cancelled task stops at."""

    def filters(self):
        return {'unless_stopped': unless_stopped}
