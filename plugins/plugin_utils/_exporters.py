# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exporters as Prometheus' targets, and the registry's knowledge of them."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Fault, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number

BACKENDS = ('file_sd', 'http_sd', 'consul')


def address(host, port):
    """Join an address and a port as Prometheus takes them."""
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def labels(cluster_name, cluster_id, server_id, version, idc, work_mode):
    """Return a target's labels; Prometheus takes an empty one for none."""
    found = {'obproxy_cluster': cluster_name, 'obproxy_cluster_id': cluster_id, 'obproxy_server_id': server_id,
             'version': version, 'idc': idc, 'work_mode': work_mode}
    return {name: str(value) for name, value in found.items() if value not in (None, '')}


def _version(file_name):
    try:
        return _rpm.parse(file_name)['version'] if file_name else None
    except _rpm.NotAPackage:
        return None


def document(store):
    """Return all registered exporters as Prometheus' HTTP service discovery wants them."""
    return [
        {'targets': [address(row['address'], row['port'])],
         'labels': labels(row['cluster_name'], row['cluster_id'], row['server_id'], _version(row['version']), row['idc_name'],
                          row['work_mode'])}
        for row in store.exporters()]


def register(store, targets, present):
    """Note the exporters of servers in the registry, or forget them; tell whether that changed anything."""
    before = document(store)
    for target in targets:
        server_id = number(target['labels'].get('obproxy_server_id'))
        host, _colon, port = target['address'].rpartition(':')
        if server_id is None or not store.servers(ids=[server_id]):
            if present:
                raise RequestError([Fault.of('targets.labels.obproxy_server_id', target['labels'].get('obproxy_server_id'),
                                             'the id of a server in the registry')])
        elif present:
            store.put_exporter(server_id, host.strip('[]'), int(port))
        else:
            store.forget_exporter(server_id)
    return document(store) != before
