# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the task graphs of a plan."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _rpm, _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of, was_there
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import task_view

TASK_NAMES = {'create': 'Install obproxy', 'batch_add': 'Install obproxy', 'take_over': 'Take over obproxy'}


def write_tasks(planner, servers, actor, trace_id, lease):
    """Write a run with its tasks; return it, the answer's data, and each host's timeouts."""
    operation, tasks = planner.request.operation, planner.store.tasks
    run_id = tasks.add_run(operation, planner.cluster['id'], actor, trace_id, lease)
    for host_id, context, nodes in _graphs(planner, servers):
        _timeouts.set_in(nodes, planner.found['timeouts'])
        prohibited = context['stringMap']['prohibit_rollback'] == 'true'
        tasks.add_task(run_id, TASK_NAMES[operation], host_id, context, nodes, actor, prohibited)
    written = tasks.tasks(run_id)
    views = [task_view(task) for task in written]
    run = {
        'id': run_id, 'trace_id': trace_id, 'operation': operation, 'cluster_id': planner.cluster['id'],
        'cluster_name': planner.cluster['name'],
        'hosts': {host.name: places(written, host.name) for host in planner.hosts},
    }
    data = views[0] if operation == 'create' else {'contents': views}
    return run, data, {host.name: _timeouts.of_host(task_of(written, host.name), host.name) for host in planner.hosts}


def _graphs(planner, servers):
    if planner.request.operation == 'create':
        names = [host.name for host in planner.hosts]
        if not names:
            yield None, _dag.context({'prohibit_rollback': False}, lists=False), _dag.chain(_dag.CREATE_EMPTY)
            return
        yield None, _shared_context(planner.cluster, list(servers.values())), _dag.fan(_dag.CREATE, names)
        return
    steps = _dag.TAKE_OVER if planner.request.operation == 'take_over' else _dag.INSTALL
    for host in planner.hosts:
        yield host.host_id, _host_context(planner.cluster, servers[host.name]), _dag.chain(steps, host.name)


def _strings(cluster, *servers):
    package = package_of(servers[0])
    return {
        'obproxy_need_delete_cluster': False,
        'package_version': _rpm.short_version(package) if package else '',
        'prohibit_rollback': any(was_there(server) for server in servers),
        'service_name': cluster['name'],
        'package_name': package['name'] if package else '',
        'obproxy_parameter_version': cluster['parameter_version'],
        'obproxy_cluster_name': cluster['name'],
        'obproxy_cluster_id': cluster['id'],
    }


def _host_context(cluster, server):
    return _dag.context({**_strings(cluster, server), 'obproxy_server_id': server['id'], 'host_id': server['host_id']})


def _shared_context(cluster, servers):
    return _dag.context(
        _strings(cluster, *servers), hosts=[server['host_id'] for server in servers],
        servers=[server['id'] for server in servers], parallel=True)


def task_of(tasks, name):
    """Return the task of a host."""
    return next((task for task in tasks if any(row['host'] == name for row in task['subtasks'])), tasks[0])


def places(tasks, name):
    """Return the task of a host and its subtasks by role, those included that it shares."""
    task = task_of(tasks, name)
    return {
        'task_id': task['id'],
        'subtasks': {row['role']: row['id'] for row in task['subtasks'] if row['host'] in (None, name)},
    }
