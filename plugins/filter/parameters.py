# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


def wanted_parameters(server):
    """List the parameters that a server of the plan is to have: the cluster's, but for those that it has of its own."""
    own = server.get('own_parameters') or []
    names = {item['name'] for item in own}
    return [*(item for item in server['parameters'] if item['name'] not in names), *own]


def unknown_parameters(host, hostvars):
    """List why the parameters that a host's OBProxy lacks are a fault: no server at all has them, or they are its own."""
    # Asking all hosts is for those that need it: each host asks all others here.
    if not (hostvars[host].get('obproxy_synced') or {}).get('unknown'):
        return []
    plan = hostvars['localhost']['obproxy_plan']
    server = plan['hosts'][host]
    own = {item['name'] for item in server.get('own_parameters') or ()}
    lacking = _lacking(hostvars, plan['hosts'])
    # Whoever has not answered may have them.
    all_known = set(lacking) == set(plan['hosts']) and not server['others_may_know']
    faults = []
    for name, near in sorted((lacking.get(host) or {}).items()):
        hint = f', is it {near}?' if near else '.'
        if name in own:
            faults.append(f'{name}, in obproxy_parameters of this host: its OBProxy has no such parameter{hint}')
        elif all_known and all(name in names for names in lacking.values()):
            faults.append(f'{name}: no server of the cluster has such a parameter{hint} Take it out of the cluster again by giving it '
                          'the value null.')
    return faults


def _lacking(hostvars, hosts):
    """Return what each host that has answered lacks."""
    answers = {host: hostvars[host].get('obproxy_synced') or {} for host in hosts}
    return {host: answer['unknown'] for host, answer in answers.items() if 'unknown' in answer}


def parameter_results(hosts, hostvars):
    """Sum up what awaits a restart, and what is left out, on which hosts."""
    answers = {host: hostvars[host].get('obproxy_synced') or {} for host in hosts}
    found = {'pending_restart': {}, 'unknown': {}, 'parameter_version': hostvars['localhost']['obproxy_plan']['parameter_version']}
    for host, answer in answers.items():
        for kind in ('pending_restart', 'unknown'):
            for name in answer.get(kind) or ():
                found[kind].setdefault(name, []).append(host)
    return found


class FilterModule:
    """What the roles make of the parameters of a plan."""

    def filters(self):
        return {
            'parameter_results': parameter_results,
            'unknown_parameters': unknown_parameters,
            'wanted_parameters': wanted_parameters,
        }
