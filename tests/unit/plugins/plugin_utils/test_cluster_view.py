# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as OCP describes them."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.filter.servers import answers
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._cluster_view import cluster_view, places
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory

FIELDS = {'id', 'name', 'parameterVersion', 'creator', 'createTime', 'updateTime', 'configUrl', 'address', 'port', 'workMode',
          'obLinks', 'versions', 'topo', 'obproxies'}
SERVER_FIELDS = {'id', 'clusterId', 'hostId', 'idcName', 'lastActiveTime', 'parameterVersion', 'ip', 'sqlPort', 'exporterPort',
                 'version', 'status', 'operateStatus', 'architecture'}


def seen(world, answered=None):
    with world.registry.transaction(writes=False) as store:
        return cluster_view(store, store.cluster('foo'), answered)


def test_a_cluster_has_ocp_s_fields_and_counts_its_servers(world, create_body):
    world.plan('create', create_body)
    view = seen(world)
    assert set(view) == FIELDS
    assert view['versions'] == [{'version': '4.3.1.0-4', 'count': 2}]
    assert view['obLinks'] == [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]
    assert [set(server) for server in view['obproxies']] == [SERVER_FIELDS] * 2
    assert [(server['status'], server['operateStatus']) for server in view['obproxies']] == [('CREATING', 'OPERATING')] * 2


def test_a_live_status_is_what_servers_answered(world, create_body):
    world.plan('create', create_body)
    first, second = seen(world, {'1': {'alive': True}, '2': {'alive': False, 'msg': 'no route'}})['obproxies']
    assert (first['status'], second['status'], second['message']) == ('RUNNING', 'UNAVAILABLE', 'no route')
    assert seen(world, {})['obproxies'][0]['message'].startswith('its host was not asked')


def test_answers_are_told_apart_by_server(world, create_body):
    world.plan('create', create_body)
    with world.registry.transaction(writes=False) as store:
        known = places(store, [store.cluster('foo')], Inventory(world.hosts, world.hosts))
    assert known['alpha'] == [{'server_id': 1, 'sql_port': 2883, 'exporter_port': 2884}]
    item = {'obproxy_known_server': known['alpha'][0]}
    hostvars = {
        'localhost': {'obproxy_known': {'hosts': known}},
        'alpha': {'obproxy_answers': {'results': [{**item, 'server': {'pid': 1}}]}},
        'beta': {'obproxy_answers': {'unreachable': True, 'msg': 'timed out'}},
    }
    assert answers(list(known), hostvars) == {'1': {'alive': True, 'msg': ''}, '2': {'alive': False, 'msg': 'timed out'}}
    hostvars['alpha']['obproxy_answers']['results'] = [{**item, 'failed': True, 'msg': 'not alive'}]
    del hostvars['beta']
    assert answers(list(known), hostvars) == {'1': {'alive': False, 'msg': 'not alive'}}


def test_a_host_is_asked_by_the_name_that_it_has_now(world, create_body):
    world.plan('create', create_body)
    world.hosts['renamed'] = world.hosts.pop('alpha')
    del world.hosts['beta']
    with world.registry.transaction(writes=False) as store:
        assert set(places(store, [store.cluster('foo')], Inventory(world.hosts, world.hosts))) == {'renamed', 'beta'}
