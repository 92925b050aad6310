# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow_tasks import timed_out
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._exporters import address, labels
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._take_over import surveyed


# What is registered of those that log in and look at the server: of the first two also that nobody listens, in check mode.
LOGINS = ('obproxy_live', 'obproxy_let_in')
SHARED_LOGINS = ('obproxy_started', 'obproxy_survey')


def link_passwords(ob_links, ob_clusters):
    """Give each OB link its proxyro password, out of the clusters keyed by name or by id."""
    clusters = {str(key): value for key, value in ob_clusters.items()}
    passwords = []
    for link in ob_links:
        names = (link['cluster_name'], str(link['ob_cluster_id']))
        found = next((clusters[name] for name in names if name in clusters), None)
        if found is None or not found.get('proxyro_password'):
            raise AnsibleFilterError(
                f"obproxy_ob_clusters has no proxyro_password for the OB cluster {names[0]} (obClusterId {names[1]})")
        passwords.append({'cluster_name': link['cluster_name'], 'password': found['proxyro_password']})
    return passwords


def _planned(hosts, hostvars):
    """Yield (host's name, its variables, its server) of those hosts that are in the plan."""
    plan = hostvars['localhost']['obproxy_plan']
    for host in hosts:
        if plan['hosts'].get(host, {}).get('server_id'):
            variables = hostvars[host]
            yield host, variables, surveyed(plan['hosts'][host], variables.get('obproxy_survey'))


def exporter_targets(hosts, hostvars):
    """List the exporters of the planned hosts, as O(targets) of obproxy_exporter_target takes them."""
    return [
        {'address': address(variables.get('ansible_host') or host, server['exporter_port']),
         'labels': labels(server['cluster_name'], server['cluster_id'], server['server_id'],
                          (server['package'] or {}).get('version'), server.get('idc'), server['work_mode'])}
        for host, variables, server in _planned(hosts, hostvars) if server['exporter_port']]


def _plan_as_it_is(hostvars):
    """Return the plan without having its values templated: they are a module's answer."""
    return hostvars.raw_get('localhost')['obproxy_plan']


def is_planned(host, hostvars):
    """Tell whether the plan has a host."""
    return host in _plan_as_it_is(hostvars)['hosts']


def planned_server(host, hostvars):
    """Return what the plan says of a host."""
    hosts = _plan_as_it_is(hostvars)['hosts']
    if host not in hosts:
        raise AnsibleUndefinedVariable(f'the plan has no host {host}')
    return hosts[host]


def planned_servers(hosts, plan):
    """List the planned servers of these hosts by their ids."""
    servers = [plan['hosts'][host]['server_id'] for host in hosts if host in plan['hosts']]
    return [{'server_id': server_id} for server_id in servers if server_id is not None]


def _was_seen(variables):
    """Tell whether a host's server was looked at by whatever has logged in to it."""
    shared = any((variables.get(name) or {}).get('server') for name in SHARED_LOGINS)
    return shared or any('server' in (variables.get(name) or {}) for name in LOGINS)


def live_servers(hosts, hostvars):
    """List the servers whose live login was registered on their hosts.

    In check mode they are those that a run would reach, though the login found nobody yet.
    """
    servers = []
    for host, variables, server in _planned(hosts, hostvars):
        if _was_seen(variables):
            servers.append({
                'server_id': server['server_id'],
                'version': server['version'],
                'exporter_port': server['exporter_port'],
                'rpc_port': server['rpc_port'],
                'parameter_version': server['parameter_version'],
                'architecture': (server['package'] or {}).get('arch'),
            })
    return servers


def answers(hosts, hostvars):
    """Tell of each server that was asked on hosts, by its id, whether it is alive, and if not, why."""
    found = {}
    for host in hosts:
        known = hostvars['localhost']['obproxy_known']['hosts'][host]
        answer = hostvars[host].get('obproxy_answers') if host in hostvars else None
        items = {item['obproxy_known_server']['server_id']: item for item in (answer or {}).get('results') or ()
                 if 'obproxy_known_server' in item}
        for server in known:
            item = items.get(server['server_id'], answer)
            if item:
                alive = 'server' in item and not item.get('failed')
                found[str(server['server_id'])] = {'alive': alive, 'msg': '' if alive else item.get('msg', '')}
    return found


def differences(hosts, hostvars):
    """Tell of each server that was looked at, by its id, which parameters differ or await a restart, and whether passwords differ."""
    found = {}
    for host in hosts:
        variables = hostvars[host] if host in hostvars else {}
        for item in (variables.get('obproxy_parameters_seen') or {}).get('results') or ():
            if not item.get('failed') and 'after' in item:
                found.setdefault(str(item['obproxy_known_server']['server_id']), {}).update(
                    parameters=sorted(item['after']), pending=item.get('pending_restart') or [])
        for item in (variables.get('obproxy_credentials_seen') or {}).get('results') or ():
            changes = item.get('changes') or ()
            # Where nobody listens even root's own password is missing: that tells nothing.
            if changes and not item.get('failed') and not any(change.startswith('obproxy_sys_password: missing') for change in changes):
                found.setdefault(str(item['obproxy_known_server']['server_id']), {})['credentials'] = True
    return found


def unhealthy(hosts, hostvars):
    """List those of the hosts whose RV(obproxy_probe) does not show a server that serves, each with the cause."""
    faults = []
    for host in hosts:
        probe = hostvars[host].get('obproxy_probe') or {}
        # In check mode a server that nobody listens for is null, and no failure.
        if probe.get('failed') or probe.get('unreachable') or probe.get('server') is None:
            faults.append(f"{host}: {probe.get('msg') or 'it was not asked'}")
    return faults


def refusals(registered):
    """List the monitoring hosts that failed in the loop over them, each with its cause."""
    if registered.get('failed') and not registered.get('results'):
        return [timed_out(registered.get('msg', 'no reason given'))]
    failed = [item for item in registered.get('results', []) if item.get('failed') or item.get('unreachable')]
    return [f"Monitoring host {item['obproxy_monitoring_host']}: {timed_out(item.get('msg', 'no reason given'))}" for item in failed]


class FilterModule:
    """What the roles make of the plan."""

    def filters(self):
        return {
            'answers': answers,
            'differences': differences,
            'exporter_targets': exporter_targets,
            'is_planned': is_planned,
            'link_passwords': link_passwords,
            'live_servers': live_servers,
            'planned_server': planned_server,
            'planned_servers': planned_servers,
            'refusals': refusals,
            'unhealthy': unhealthy,
        }
