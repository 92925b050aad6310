# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans leave in the registry: again, after a failure, in check mode, and two at once."""

from __future__ import annotations

import collections
import concurrent.futures
import multiprocessing

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import World

TABLES = ('clusters', 'hosts', 'servers', 'parameters')


def state(world):
    drop = ('operate_status', 'update_time')
    return [[{key: value for key, value in row.items() if key not in drop} for row in world.rows(table)] for table in TABLES]


def test_the_same_request_converges(world, create_body, add_body):
    assert world.plan('create', create_body)['changed']
    first = state(world)
    again = world.plan('create', create_body)
    assert (again['changed'], again['data']['id'], again['run']['id']) == (False, 2, 2)
    assert state(world) == first
    assert world.plan('batch_add', add_body, 'foo')['changed']
    assert not world.plan('batch_add', add_body, 1)['changed']
    assert not world.plan('create', create_body)['changed']


def test_a_rest_of_a_failed_create_converges(world, create_body):
    run = world.plan('create', create_body)['run']
    subtask = run['hosts']['alpha']['subtasks']['prepare_install']
    world.registry.set_subtasks([(subtask, 'RUNNING', None, None), (subtask, 'FAILED', None, 'alpha: no room')])
    world.registry.finish_run(run['id'])
    plan = world.plan('create', create_body)
    assert not plan['changed']
    assert plan['data']['subtasks'][0]['status'] == 'READY'
    assert [row['status'] for row in world.rows('servers')] == ['CREATING', 'CREATING']


def test_the_order_of_things_makes_no_difference(world, create_body):
    create_body['parameters'].append({'name': 'log_dir_size_threshold', 'value': '10GB'})
    world.plan('create', create_body)
    create_body['parameters'].reverse()
    create_body['obproxyInstallParam']['hostIds'] = ['beta', 'alpha']
    create_body['obLinks'][0]['clusterId'] = 5
    assert not world.plan('create', create_body)['changed']


def test_check_mode_changes_nothing(world, create_body, add_body):
    plan = world.plan('create', create_body, check_mode=True)
    assert plan['changed'] and plan['run']['check_mode'] and len(plan['hosts']) == 2
    assert list(world.folder.iterdir()) == [world.folder / 'packages']
    world.plan('create', create_body)
    before = [world.rows(table) for table in ('clusters', 'servers', 'hosts', 'runs', 'tasks', 'subtasks')]
    assert world.plan('batch_add', add_body, 'foo', check_mode=True)['changed']
    assert not world.plan('create', create_body, check_mode=True)['changed']
    assert [world.rows(table) for table in ('clusters', 'servers', 'hosts', 'runs', 'tasks', 'subtasks')] == before


def test_several_servers_on_a_host_get_rpc_ports_of_their_own(world, create_body, add_body):
    world.plan('create', create_body)
    create_body.update(name='bar')
    create_body['obproxyInstallParam'].update(hostIds=[1], sqlPort=2886, exportPort=2887)
    assert world.plan('create', create_body)['hosts']['alpha']['rpc_port'] == 2888
    create_body.update(name='baz')
    create_body['obproxyInstallParam'].update(sqlPort=2990, exportPort=2882)
    assert world.plan('create', create_body)['hosts']['alpha']['rpc_port'] == 2889
    create_body.update(name='top')
    create_body['obproxyInstallParam'].update(sqlPort=65534, exportPort=65535)
    assert world.plan('create', create_body)['hosts']['alpha']['rpc_port'] == 65533


def test_ids_of_hosts_without_one(world, create_body):
    create_body['obproxyInstallParam']['hostIds'] = ['delta']
    assert world.plan('create', create_body)['hosts']['delta']['host_id'] == 4
    create_body['name'] = 'bar'
    create_body['obproxyInstallParam'].update(hostIds=[4], sqlPort=3883, exportPort=3884)
    assert list(world.plan('create', create_body)['hosts']) == ['delta']
    world.hosts['gamma']['obproxy_host_id'] = 4
    faults, status = world.refused('batch_add', {'hostIds': ['delta'], 'sqlPort': 4883, 'exporterPort': 4884,
                                                 'version': create_body['obproxyInstallParam']['version']}, 'foo')
    assert status == 409 and 'gamma' in faults['hostIds[0]'].message


def test_a_renamed_host_keeps_its_servers(world, create_body):
    world.plan('create', create_body)
    world.hosts['omega'] = world.hosts.pop('alpha')
    plan = world.plan('create', create_body)
    assert not plan['changed'] and 'omega' in plan['hosts']
    world.hosts['omega']['obproxy_host_id'] = 9
    create_body['obproxyInstallParam']['hostIds'] = ['omega', 'beta']
    faults, status = world.refused('create', create_body)
    assert status == 409 and 'obproxy_host_id: 1' in faults['obproxyInstallParam.hostIds[0]'].expected


def plan_many(folder, names, host, barrier):
    """Plan clusters in a process of its own."""
    world = World.__new__(World)
    world.__dict__.update(folder)
    done = []
    barrier.wait(30)
    for number, name in enumerate(names):
        body = {'name': name, 'obLinks': [], 'obproxyInstallParam': {
            'hostIds': [host], 'sqlPort': 3000 + number * 10, 'exportPort': 3001 + number * 10,
            'version': 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'}}
        try:
            plan = world.plan_beside('create', body)
            done.append((name, plan['run']['cluster_id'], plan['data']['id'], [row['id'] for row in plan['data']['subtasks']]))
        except RequestError as error:
            done.append((name, error.status))
    return done


# Two clusters on hosts of their own; two that want the same ports of a host; one cluster twice.
BESIDE, SAME_PORTS, SAME_CLUSTER = ('one', 'two', 1, 2), ('one', 'two', 1, 1), ('one', 'one', 1, 1)


def test_two_planners_at_once(world):
    methods = multiprocessing.get_context('spawn')
    with methods.Manager() as manager, concurrent.futures.ProcessPoolExecutor(2, methods) as pool:
        for case in (BESIDE, SAME_PORTS, SAME_CLUSTER):
            barrier = manager.Barrier(2)
            futures = [pool.submit(plan_many, dict(world.__dict__), [f'{letter}{number}' for number in range(6)], host, barrier)
                       for letter, host in zip(case[:2], case[2:])]
            done = [entry for future in futures for entry in future.result(120)]
            check_planned(world, done, 12 if case == BESIDE else 6)
            world.lose()


def check_planned(world, done, wanted):
    """Each plan is whole, and those that could not be carried out beside another were refused."""
    planned = [entry for entry in done if len(entry) == 4]
    assert len(planned) == wanted
    assert {entry[1] for entry in done if len(entry) == 2} <= {409}
    for ids in zip(*[entry[1:3] for entry in planned]):
        assert len(set(ids)) == len(planned)
    subtasks = [subtask for entry in planned for subtask in entry[3]]
    assert len(set(subtasks)) == len(subtasks) == 12 * len(planned)
    ports = collections.Counter((row['host_id'], row[key]) for row in world.rows('servers')
                                for key in ('sql_port', 'exporter_port', 'rpc_port'))
    assert set(ports.values()) == {1}
