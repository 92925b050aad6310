# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of hosts: the inventory's where it gives one, else the registry's."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT


def identify(request, hosts, inventory, known):
    """Give each host its id; known are the registry's ids by name."""
    names = {host_id: name for name, host_id in known.items()}
    taken = {0, *names, *inventory.ids}
    for host in hosts:
        registered = known.get(host.name)
        if host.host_id is None and registered is None:
            host.host_id = max(taken) + 1
            taken.add(host.host_id)
        elif host.host_id is None:
            _keep(request, host, registered, inventory)
        elif registered not in (None, host.host_id):
            request.fault(host.field, host.given, f'obproxy_host_id: {registered} for {host.name}, as the registry has it',
                          status=CONFLICT, why=f'the inventory says {host.host_id}')
        else:
            _check_renamed(request, host, names.get(host.host_id), inventory)


def _keep(request, host, registered, inventory):
    other = inventory.ids.get(registered)
    if other is not None:
        request.fault(host.field, host.given, 'a host whose id no other host has', status=CONFLICT,
                      why=f'the registry knows {host.name} as {registered}, which the inventory now gives to {other}')
    else:
        host.host_id = registered


def _check_renamed(request, host, before, inventory):
    """A host may get another name in the inventory, but not while another host still has the old one."""
    if before not in (None, host.name) and before in inventory.names:
        request.fault(host.field, host.given, f'another obproxy_host_id than {host.host_id} for {host.name}',
                      status=CONFLICT, why=f'the registry knows {before} as {host.host_id}')
