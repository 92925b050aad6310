# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry is rebuilt from the hosts' records; a takeover that failed leaves nothing in anybody's way."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import new_record
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._discover import Discovery
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory

TAKE = {'hosts': [{'hostId': 3, 'sqlPort': 3883}]}
CONTENT = (
    'select id, name, address, port, work_mode, config_url, parameter_version from obproxy_clusters order by id',
    'select id, cluster_id, host_id, ip, sql_port, exporter_port, rpc_port, version, architecture from obproxy_servers order by id',
    'select id, name, ip from obproxy_hosts order by id',
    'select cluster_id, version, kind, position, name, value from obproxy_parameters order by 1, 2, 3, 4')


def content(world):
    return [world.sql(statement) for statement in CONTENT]


def surveys(*plans):
    """What hosts would report after these plans were carried out."""
    found = {}
    for plan in plans:
        for host, server in plan['hosts'].items():
            record = dict(new_record(server, server['name'], 'admin', f"/opt/obproxy/{server['name']}", 'obproxyd'), state='running')
            found.setdefault(host, {'records': [], 'instances': [], 'problems': []})['records'].append(record)
            found[host]['instances'].append({'record': record})
    return found


def discover(world, found):
    with world.registry.transaction() as store:
        discovery = Discovery(store, Inventory(world.hosts, world.hosts), found, 'me')
        return discovery.write(), discovery


def test_a_lost_registry_is_rebuilt_as_it_was(world, create_body, add_body):
    found = surveys(world.plan('create', create_body), world.plan('batch_add', add_body, 'foo'))
    before = content(world)
    assert len(before[1]) == 3
    world.lose()
    changed, discovery = discover(world, found)
    assert (changed, discovery.problems) == (True, [])
    assert content(world) == before
    assert {row['status'] for row in world.rows('servers')} == {'RUNNING'}
    assert discover(world, found)[0] is False
    assert world.plan('create', create_body)['changed'] is False
    add_body['hostIds'] = ['delta']
    world.plan('batch_add', add_body, 'foo')
    new = {**create_body, 'name': 'bar', 'obproxyInstallParam': {'hostIds': []}}
    assert (world.plan('create', new)['run']['cluster_id'], world.rows('servers')[-1]['id']) == (2, 4)


def test_an_id_that_is_taken_is_given_anew_and_said(world, create_body):
    found = surveys(world.plan('create', create_body))
    world.lose()
    world.plan('create', {**create_body, 'name': 'other', 'obproxyInstallParam': {'hostIds': []}})
    changed, discovery = discover(world, found)
    assert changed
    assert [cluster['id'] for cluster in discovery.clusters] == [2]
    assert 'the id 1 of its record is taken' in discovery.problems[0]


def test_what_does_not_run_is_unavailable(world, create_body):
    found = surveys(world.plan('create', create_body))
    found['alpha']['instances'] = []
    world.lose()
    discover(world, found)
    assert sorted(row['status'] for row in world.rows('servers')) == ['RUNNING', 'UNAVAILABLE']


def test_a_takeover_that_failed_can_be_asked_for_with_another_port_and_by_another_cluster(world, create_body):
    for name in ('foo', 'bar'):
        world.plan('create', {**create_body, 'name': name, 'obproxyInstallParam': {'hostIds': []}})
    world.plan('take_over', {'hosts': [{'hostId': 3, 'sqlPort': 9999}]}, 'foo')
    assert world.plan('take_over', TAKE, 'foo')['hosts']['gamma']['name'] == 'foo-3883'
    assert world.plan('take_over', TAKE, 'bar')['hosts']['gamma']['name'] == 'bar-3883'
    assert [row['sql_port'] for row in world.rows('servers')] == [3883]


def test_a_takeover_that_failed_does_not_keep_its_port_from_an_installation(world, create_body, add_body):
    world.plan('create', {**create_body, 'obproxyInstallParam': {'hostIds': []}})
    world.plan('take_over', {'hosts': [{'hostId': 3, 'sqlPort': 2883}]}, 'foo')
    server = world.plan('batch_add', add_body, 'foo')['hosts']['gamma']
    assert (server['exporter_port'], server['package']['version']) == (2884, '4.3.1.0')
