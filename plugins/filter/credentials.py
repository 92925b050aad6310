# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from ansible.errors import AnsibleFilterError


def ob_account(link, ob_clusters):
    """Return what is known of the account that an OB link stands for, out of the clusters keyed by name or by id."""
    clusters = {str(key): value for key, value in ob_clusters.items()}
    found = next((clusters[name] for name in (link['cluster_name'], str(link['ob_cluster_id'])) if name in clusters), None)
    if found is None:
        raise AnsibleFilterError(f"obproxy_ob_clusters has no OB cluster {link['cluster_name']} (obClusterId {link['ob_cluster_id']})")
    servers = found.get('root_servers') or []
    servers = re.split('[;,]', servers) if isinstance(servers, str) else servers
    account = {'root_servers': [str(server).strip() for server in servers], 'password': found.get('proxyro_password')}
    return {**account, **{key: found[key] for key in ('sys_user', 'sys_password') if found.get(key) is not None}}


def account_holds(plan, alive, ob_cluster):
    """List who would be locked out of an OB cluster if the password of its account were changed now."""
    missing = [f"{server['name']} on {host} has not been given it" for host, server in plan['hosts'].items() if host not in alive]
    return [*plan['holds'].get(ob_cluster, []), *missing]


def account_faults(registered):
    """List the OB clusters that failed in the loop over them, each with its cause."""
    if 'results' not in registered:
        return [registered.get('msg', 'no reason given')] if registered.get('failed') or registered.get('unreachable') else []
    failed = [item for item in registered['results'] if item.get('failed') or item.get('unreachable')]
    return [f"OceanBase cluster {item['obproxy_link']['cluster_name']}: {item.get('msg', 'no reason given')}" for item in failed]


def lost_passwords(hosts, hostvars):
    """List the hosts that were found, and registered as RV(obproxy_lost), to let nobody in any more."""
    return [host for host in hosts if (hostvars[host].get('obproxy_lost') or {}).get('changed')]


def left_out(hosts, alive):
    """List the hosts whose turn never came, because one before them has failed."""
    first = next((index for index, host in enumerate(hosts) if host not in alive), len(hosts))
    return hosts[first + 1:]


class FilterModule:
    """What the roles that change passwords make of the plan."""

    def filters(self):
        return {
            'account_faults': account_faults,
            'account_holds': account_holds,
            'left_out': left_out,
            'lost_passwords': lost_passwords,
            'ob_account': ob_account,
        }
