# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops


def unless_stopped(server):
    """Return a server of the plan as it is, unless its task was cancelled."""
    why = _stops.reason(server['task_id'])
    if why:
        raise AnsibleFilterError(why)
    return server


class FilterModule:
    """What a cancelled task stops at."""

    def filters(self):
        return {'unless_stopped': unless_stopped}
