# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: what stands in their way on a host, their ports, and what the roles are told of them."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT, shown
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import PORTS, install_path

UNBORN = ('CREATING', 'TAKINGOVER')
PORT_COLUMNS = ('sql_port', 'exporter_port', 'rpc_port')


def server_of(there, cluster):
    """Return the cluster's server among those on a host, or None."""
    return next((row for row in there if cluster and row['cluster_id'] == cluster['id']), None)


def check_servers(planner):
    """Add a fault for each thing on a host, as the registry knows it, that a new server would collide with."""
    request = planner.request
    for host in planner.hosts:
        mine = server_of(planner.there[host.name], planner.cluster)
        for key, value, field in _wanted(planner, host):
            if mine is None or is_open(mine):
                _check_free(planner, host, value, field)
            elif value is not None and mine[key] not in (None, value):
                request.fault(field, value, shown(mine[key]), status=CONFLICT,
                              why=f"{host.name} is already in the OBProxy cluster {mine['cluster_name']} with it")


def is_open(server):
    """Tell whether no takeover has completed this server: its port or cluster may have been wrong, so it claims nothing."""
    return server['status'] == 'TAKINGOVER'


def was_there(server):
    """Tell whether a server was there before the task at hand: it is not one that a task has begun and not completed."""
    return server['status'] not in UNBORN


def _wanted(planner, host):
    request = planner.request
    if request.operation == 'take_over':
        return [('sql_port', host.sql_port, request.field(*host.path[:-1], 'sql_port'))]
    wanted = [(key, request.get(*install_path(request, key)), request.field(*install_path(request, key)))
              for key in ('sql_port', 'exporter_port')]
    version = install_path(request, 'version')
    return [*wanted, ('version', planner.package and planner.package['file'], request.field(*version))]


def _check_free(planner, host, value, field):
    for other in planner.there[host.name]:
        if is_open(other):
            continue
        for column in PORT_COLUMNS:
            if isinstance(value, int) and other[column] == value:
                planner.request.fault(
                    field, value, f'a port that is free on {host.name}', status=CONFLICT,
                    why=f"it is the {column} of {other['cluster_name']}-{other['sql_port']} there")


def allot_rpc_port(there, sql_port, exporter_port):
    """Choose the port for RPC: the one after the exporter's, or the next that is free beside the servers on the host."""
    taken = {other[column] for other in there for column in PORT_COLUMNS}
    taken |= {sql_port, exporter_port}
    upwards = range(exporter_port + 1, PORTS.stop)
    downwards = range(exporter_port, PORTS.start, -1)
    return next(port for ports in (upwards, downwards) for port in ports if port not in taken)


def describe(cluster, server, task_id, rs_list):
    """Return what the roles are told of a server, but its parameters."""
    links = cluster['ob_links']
    by_list = cluster['work_mode'] == 'RS_LIST'
    return {
        'cluster_id': cluster['id'], 'cluster_name': cluster['name'], 'server_id': server['id'],
        'host_id': server['host_id'], 'task_id': task_id, 'name': f"{cluster['name']}-{server['sql_port']}",
        'sql_port': server['sql_port'], 'exporter_port': server['exporter_port'], 'rpc_port': server['rpc_port'],
        'version': server['version'], 'package': package_of(server), 'work_mode': cluster['work_mode'],
        'config_url': '' if by_list else cluster['config_url'], 'rs_list': rs_list if by_list else '',
        'ob_cluster_name': links[0]['cluster_name'] if by_list else '', 'ob_links': links,
        'parameter_version': cluster['parameter_version'], 'idc': server['idc_name'],
    }


def describe_parameters(store, cluster, planned):
    """Return what the roles are told of the parameters of the servers that a plan is about, by their ids."""
    parameters = store.history.read(cluster['id'], cluster['parameter_version'])
    others_may_know = any(other['id'] not in planned for other in store.servers(cluster_id=cluster['id']))
    return {server_id: {
        'startup_parameters': parameters.startup, 'parameters': parameters.ordinary,
        'own_parameters': parameters.own.get(server_id, []), 'others_may_know': others_may_know,
    } for server_id in planned}


def package_of(server):
    """Return a server's package, or None while a takeover has not found it out."""
    try:
        return _rpm.parse(server['version']) if server['version'] else None
    except _rpm.NotAPackage:
        return None
