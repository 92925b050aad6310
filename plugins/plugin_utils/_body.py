# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A create request in a form in which two can be compared."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, shown
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import install_path

INSTALLED = ('host_ids', 'sql_port', 'exporter_port', 'version')


def link(item):
    """Return the parts of an OB link that count."""
    return {key: item.get(key) for key in ('cluster_name', 'ob_cluster_id', 'username')}


def _by_name(items):
    return sorted(({'name': item.get('name', ''), 'value': item.get('value', '')} for item in items),
                  key=lambda item: item['name'])


def wanted(request, hosts, package):
    """Return what a create request asks for; what makes no difference is left out."""
    body = {key: request.get(key) for key in ('name', 'address', 'port', 'work_mode')}
    body['ob_links'] = sorted((link(item) for item in request.get('ob_links') or ()), key=lambda item: str(item['cluster_name']))
    for kind in ('startup_parameters', 'parameters'):
        body[kind] = request.get(kind) or []
    body['host_ids'] = sorted(host.host_id for host in hosts if host.host_id)
    for key in ('sql_port', 'exporter_port'):
        body[key] = request.get(*install_path(request, key)) if hosts else None
    body['version'] = package['file'] if hosts and package else None
    return body


def compare(request, cluster, body, hosts_are_sure):
    """Add a fault for each field that differs from the cluster of that name; tell whether there is one."""
    before = cluster['request']
    differs = False
    for key, value in body.items():
        path = install_path(request, key) if key in INSTALLED else (key,)
        faulty = any(fault.field.startswith(request.field(*path)) for fault in request.faults)
        if faulty or (key in INSTALLED and not hosts_are_sure):
            continue
        ordered = _by_name if key in ('startup_parameters', 'parameters') else (lambda item: item)
        if ordered(value) != ordered(before.get(key)):
            differs = True
            request.fault(
                request.field(*path), value, shown(before.get(key)), status=CONFLICT,
                why=f"the OBProxy cluster {cluster['name']} (id {cluster['id']}) exists and was created with it; "
                    'use another name, or batch_add for more hosts')
    return differs
