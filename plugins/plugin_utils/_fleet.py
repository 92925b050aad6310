# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's servers as an inventory tells them: hosts with variables, and groups."""

from __future__ import annotations

import collections
import functools
import re

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import masked

if _schema.sa:
    import sqlalchemy as sa

# Columns that every version of the schema has: a registry is read as it is.
CLUSTER_FACTS = ('address', 'port', 'work_mode', 'config_url', 'ob_links')
SERVER_FACTS = ('cluster_id', 'sql_port', 'exporter_port', 'rpc_port', 'version', 'architecture', 'idc_name', 'status',
                'operate_status', 'parameter_version')


def _read(connection):
    clusters, hosts, servers = (_schema.table(name) for name in ('clusters', 'hosts', 'servers'))
    columns = [clusters.c[name] for name in ('id', 'name', *CLUSTER_FACTS)]
    known = {row['id']: row for row in connection.execute(sa.select(*columns)).mappings()}
    columns = [servers.c[name] for name in ('id', 'host_id', 'ip', *SERVER_FACTS)]
    statement = sa.select(*columns, hosts.c.name.label('host'), hosts.c.ip.label('host_ip')).join(hosts).order_by(servers.c.id)
    return known, connection.execute(statement).mappings()


def fleet(connection):
    """Return {hosts: {name: variables}, groups: {name: hosts}} of all servers that the registry knows."""
    clusters, servers = _read(connection)
    names = _cluster_groups(clusters.values())
    told = {key: _told(cluster) for key, cluster in clusters.items()}
    kinds = functools.cache(_kinds)
    hosts, groups = {}, collections.defaultdict(dict)
    for row in servers:
        host = hosts.setdefault(row['host'], {'obproxy_host_id': row['host_id'], 'obproxy_servers': []})
        address = row['host_ip'] or row['ip']
        if address:
            host['ansible_host'] = address
        # A list of its own: what several hosts share becomes an anchor in YAML.
        links = [link['cluster_name'] for link in clusters[row['cluster_id']]['ob_links']]
        host['obproxy_servers'].append({
            'server_id': row['id'], **{key: row[key] for key in SERVER_FACTS}, **told[row['cluster_id']], 'ob_clusters': links})
        for name in (names[row['cluster_id']], *kinds(row['status'], row['version'], row['idc_name'])):
            groups[name][row['host']] = None
    return {'hosts': hosts, 'groups': {name: list(members) for name, members in groups.items()}}


def _told(cluster):
    return {
        'cluster_name': cluster['name'], 'cluster_address': cluster['address'], 'cluster_port': cluster['port'],
        'work_mode': cluster['work_mode'], 'config_url': masked(cluster['config_url'])}


def _version(text):
    package = package_of({'version': text})
    return package and package['version']


def _safe(text):
    return re.sub('[^A-Za-z0-9_]', '_', text)


def _cluster_groups(clusters):
    """Name a group for each cluster, none for two: who works on a group means one cluster."""
    names = {cluster['id']: f"obproxy_cluster_{_safe(cluster['name'])}" for cluster in clusters}
    times = collections.Counter(names.values())
    return {key: name if times[name] == 1 else f'{name}_{key}' for key, name in names.items()}


def _kinds(status, version, idc):
    groups = [f'obproxy_status_{status.lower()}']
    number = _version(version)
    if number:
        groups.append(f'obproxy_version_{_safe(number)}')
    if idc:
        groups.append(f'obproxy_idc_{_safe(idc)}')
    return groups
