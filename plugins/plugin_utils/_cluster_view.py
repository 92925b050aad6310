# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and their servers as OCP describes them."""

from __future__ import annotations

import collections

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm, _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import moment

RUNNING, UNAVAILABLE = 'RUNNING', 'UNAVAILABLE'
NOT_ASKED = 'its host was not asked: is it in the inventory?'


def cluster_view(store, cluster, seen=None):
    """Return a cluster with its servers; seen is what live ones have just answered, by their ids."""
    servers = [server_view(row, seen) for row in store.servers(cluster_id=cluster['id'])]
    return {
        'id': cluster['id'], 'name': cluster['name'], 'parameterVersion': cluster['parameter_version'],
        'creator': cluster['creator'], 'createTime': moment(cluster['create_time']), 'updateTime': moment(cluster['update_time']),
        'configUrl': cluster['config_url'], 'address': cluster['address'], 'port': cluster['port'],
        'workMode': cluster['work_mode'], 'obLinks': [_link_view(link) for link in cluster['ob_links']],
        'versions': _counted('version', servers), 'topo': _counted('idcName', servers), 'obproxies': servers,
    }


def server_view(row, seen=None):
    """Return a server; where it was asked, with the status that it has now."""
    package = package_of(row)
    view = {
        'id': row['id'], 'clusterId': row['cluster_id'], 'hostId': row['host_id'], 'idcName': row['idc_name'],
        'lastActiveTime': row['last_active_time'] and moment(row['last_active_time']),
        'parameterVersion': row['parameter_version'], 'ip': row['ip'], 'sqlPort': row['sql_port'],
        'exporterPort': row['exporter_port'], 'version': _rpm.short_version(package) if package else row['version'],
        'status': row['status'], 'operateStatus': row['operate_status'], 'architecture': row['architecture'],
    }
    if seen is None:
        return view
    answer = seen.get(str(row['id']), {'msg': NOT_ASKED})
    if answer.get('alive'):
        return {**view, 'status': RUNNING, 'lastActiveTime': moment(_schema.utc_now())}
    return {**view, 'status': UNAVAILABLE, 'message': answer.get('msg') or 'it does not answer'}


def _link_view(link):
    return {'clusterName': link['cluster_name'], 'obClusterId': link['ob_cluster_id'], 'username': link['username']}


def _counted(key, servers):
    counts = collections.Counter(server[key] for server in servers if server[key])
    return [{key: value, 'count': count} for value, count in sorted(counts.items())]


def places(store, clusters, inventory):
    """Return the servers of clusters by the inventory's names of their hosts, as obproxy_server_info wants to ask them."""
    ids, found = store.hosts(), {}
    names = {host_id: name for name, host_id in ids.items()}
    for cluster in clusters:
        for row in store.servers(cluster_id=cluster['id']):
            there = inventory.find(row['host_id'], ids) or [names[row['host_id']]]
            found.setdefault(there[0], []).append(
                {'server_id': row['id'], 'sql_port': row['sql_port'], 'exporter_port': row['exporter_port']})
    return found
