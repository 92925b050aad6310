# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops


def unanswered(hosts, hostvars, subtask):
    """List those of the surveyed hosts on which no earlier call has seen to a subtask."""
    found = {host: hostvars.raw_get(host) for host in hosts}
    return [host for host, variables in found.items() if _is_surveyed(variables) and subtask not in _answered(variables)]


def uncancelled(hosts, hostvars):
    """List those of the planned hosts whose task was not cancelled, as far as the callback has heard."""
    planned = hostvars.raw_get('localhost')['obproxy_plan']['hosts'] if hosts else {}
    return [host for host in hosts if not _stops.reason(planned[host]['task_id'])]


def _is_surveyed(variables):
    # A task that is left out registers that.
    return 'skipped' not in variables.get('obproxy_survey', {'skipped': True})


def _answered(variables):
    answers = [variables.get(name) or {} for name in ('obproxy_survey', 'obproxy_started')]
    return {item['subtask'] for answer in answers for item in answer.get('subtasks') or ()}


class FilterModule:
    """What one call has found out or done for several subtasks."""

    def filters(self):
        return {'unanswered': unanswered, 'uncancelled': uncancelled}
