# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _take_over


def surveyed(server, survey):
    """Complete a server of a takeover's plan by what the survey of its host has found."""
    return _take_over.surveyed(server, survey)


def broken_rules(hosts, hostvars, host, strict=False, user='admin'):
    """List what keeps a host from being taken over: its own broken rules, else those of the others."""
    servers = {name: server for name, server in hostvars['localhost']['obproxy_plan']['hosts'].items() if name in hosts}
    surveys = {name: _survey(hostvars[name]) for name in servers}
    broken = _take_over.broken(servers, surveys, strict, user)
    if host in broken:
        return [f'Port {servers[host]["sql_port"]} cannot be taken over. {words}.' for words in broken[host]]
    return [f'Nothing is changed here, as on other hosts of this request rules are broken: {", ".join(sorted(broken))}.'] \
        if broken else []


def surveys(hosts, hostvars):
    """Collect the surveys of those hosts that could be surveyed."""
    found = {host: _survey(hostvars[host]) for host in hosts if host in hostvars}
    return {host: survey for host, survey in found.items() if survey and not survey.get('failed')}


def _survey(variables):
    """Return what a host's survey has found; nothing of a host that could not be reached."""
    survey = variables.get('obproxy_survey')
    return None if not survey or survey.get('unreachable') else survey


class FilterModule:
    """What the roles make of a takeover's surveys."""

    def filters(self):
        return {'broken_rules': broken_rules, 'surveyed': surveyed, 'surveys': surveys}
