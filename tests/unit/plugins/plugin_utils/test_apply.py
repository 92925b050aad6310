# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to do until a cluster is as it is wanted, and the links of a cluster."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._apply import Wanted
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory

OLDER = 'obproxy-ce-4.2.1.0-11.el7.x86_64.rpm'
LINK = {'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}
OTHER = {'clusterName': 'second', 'obClusterId': 2, 'username': 'proxyro'}


@pytest.fixture
def fleet(world, create_body):
    """A world with the cluster foo on alpha and beta, both running."""
    run = world.plan('create', create_body)['run']
    with world.registry.transaction() as store:
        servers = [{'server_id': server_id, 'parameter_version': 1} for server_id in (1, 2)]
        _outcome.update_servers(store, run['id'], servers, 'RUNNING', False)
        _outcome.close_run(store, run['id'])
    world.variables['obproxy_ob_clusters']['second'] = {'root_servers': ['10.0.0.3:2881'], 'proxyro_password': 'ro2-s3cret'}
    world.forget_leases()
    return world


@pytest.fixture
def body(create_body):
    return copy.deepcopy(create_body)


def compared(world, body, seen=None, remove=False):
    with world.registry.transaction(writes=False) as store:
        wanted = Wanted(body, store, Inventory(world.hosts, world.hosts), seen or {}, remove)
        steps = wanted.steps()
        return {step.operation: step.request for step in steps}, [fault.message for fault in wanted.request.faults]


def test_nothing_is_to_be_done_for_what_create_has_made(fleet, body):
    assert compared(fleet, body, remove=True) == ({}, [])


def test_a_cluster_that_is_not_there_is_created(world, body):
    assert compared(world, body) == ({'create': body}, [])


def test_each_difference_becomes_the_operation_for_it(fleet, body):
    body.update(address='other.example.com', obLinks=[LINK, OTHER], parameters=[{'name': 'syslog_level', 'value': 'WARN'}])
    body['obproxyInstallParam'].update(hostIds=[1, 2, 3], version=OLDER)
    steps, faults = compared(fleet, body, {'2': {'credentials': True}})
    assert faults == []
    assert list(steps) == ['update', 'links', 'batch_add', 'parameters', 'credentials', 'upgrade']
    assert steps['update'] == {'address': 'other.example.com'}
    assert [link['cluster_name'] for link in steps['links']['obLinks']] == ['second']
    assert steps['batch_add']['hostIds'] == ['gamma']
    assert steps['parameters'] == {'parameters': [{'name': 'syslog_level', 'value': 'WARN'}]}
    assert steps['upgrade'] == {'obproxyServerIds': [1, 2], 'version': OLDER}


def test_nothing_goes_unless_that_is_wanted(fleet, body):
    body.update(obLinks=[OTHER], parameters=[])
    body['obproxyInstallParam']['hostIds'] = [1]
    assert set(compared(fleet, body)[0]) == {'links'}
    steps = compared(fleet, body, remove=True)[0]
    assert steps['remove'] == {'obproxyServerIds': [2]}
    assert steps['links']['obClusterNames'] == ['hooray']
    assert steps['parameters'] == {'parameters': [{'name': 'syslog_level', 'value': None}]}


def test_a_parameter_that_all_servers_have_already_is_no_difference(fleet, body):
    body['parameters'].append({'name': 'proxy_mem_limited', 'value': '2G'})
    assert set(compared(fleet, body)[0]) == {'parameters'}
    assert set(compared(fleet, body, {'1': {'parameters': []}, '2': {'parameters': ['proxy_mem_limited']}})[0]) == {'parameters'}
    assert compared(fleet, body, {'1': {'parameters': []}, '2': {'parameters': []}})[0] == {}


def test_an_export_names_no_hosts_which_takes_none_away(fleet, body):
    body['obproxyInstallParam']['hostIds'] = []
    assert compared(fleet, body, remove=True)[0] == {}


def test_what_an_operation_has_left_undone_is_done_again(fleet, body):
    with fleet.registry.transaction() as store:
        store.update_server(1, status='CREATING')
        store.update_server(2, parameter_version=0)
    steps = compared(fleet, body)[0]
    assert steps['batch_add']['hostIds'] == ['alpha']
    assert steps['parameters'] == {'parameters': []}


def test_a_server_that_has_drifted_is_set_back(fleet, body):
    assert compared(fleet, body, {'2': {'parameters': ['syslog_level']}})[0] == {'parameters': {'parameters': []}}


def test_what_a_server_has_of_its_own_is_no_drift_but_something_new_is(fleet, body):
    fleet.hosts['beta']['obproxy_parameters'] = [{'name': 'syslog_level', 'value': 'WARN'},
                                                 {'name': 'syslog_level', 'value': 'ERROR', 'cluster': 'another'}]
    assert compared(fleet, body)[0] == {'parameters': {'parameters': []}}
    fleet.operate('parameters', {})
    with fleet.registry.transaction() as store:
        for server_id in (1, 2):
            store.update_server(server_id, parameter_version=2)
        wanted = Wanted(body, store, Inventory(fleet.hosts, fleet.hosts), {}, False)
        items = {host_id: wanted.parameters_of(server) for host_id, server in wanted.servers.items()}
    own = {'name': 'syslog_level', 'value': 'WARN'}
    assert own not in items[1] and items[2].count(own) == 1 and len([one for one in items[2] if one['name'] == 'syslog_level']) == 1
    assert compared(fleet, body)[0] == {}
    assert compared(fleet, body, {'2': {'parameters': ['syslog_level']}})[0] == {'parameters': {'parameters': []}}


def test_passwords_wait_until_new_root_servers_are_in_force(world, body):
    body['workMode'] = 'RS_LIST'
    world.variables['obproxy_ob_clusters']['second'] = {'root_servers': ['10.0.0.3:2881'], 'proxyro_password': 'ro2-s3cret'}
    world.plan('create', body)
    world.sql("UPDATE obproxy_servers SET status = 'RUNNING', parameter_version = 1")
    seen = {'1': {'credentials': True, 'parameters': [], 'pending': []}, '2': {'parameters': [], 'pending': []}}

    def waiting(seen, wanted):
        with world.registry.transaction(writes=False) as store:
            one = Wanted(wanted, store, Inventory(world.hosts, world.hosts), seen, False)
            return [step.operation for step in one.steps()], one.waiting

    assert waiting(seen, body) == (['credentials'], [])
    steps, words = waiting(seen, {**body, 'obLinks': [OTHER]})
    assert steps == ['links'] and 'oceanbase.obproxy.restart -e obproxy_cluster_id=foo' in words[0]
    seen['2']['pending'] = ['rootservice_list']
    assert waiting(seen, body) == ([], words)


def test_what_is_for_good_is_refused(fleet, body):
    body['workMode'] = 'RS_LIST'
    body['obproxyInstallParam']['sqlPort'] = 4883
    faults = compared(fleet, body)[1]
    assert any(message.startswith('workMode is "RS_LIST"; expected CONFIG_URL') for message in faults)
    assert sum('obproxyInstallParam.sqlPort is 4883; expected 2883' in message for message in faults) == 2


def test_links_come_and_go(fleet):
    plan = fleet.operate('links', {'obLinks': [OTHER]})
    assert plan['changed']
    assert [link['cluster_name'] for link in plan['hosts']['alpha']['ob_links']] == ['hooray', 'second']
    assert plan['hosts']['alpha']['record']['ob_links'] == plan['hosts']['alpha']['ob_links']
    assert plan['hosts']['alpha']['record']['request']['ob_links'] == plan['hosts']['alpha']['ob_links']
    assert not fleet.operate('links', {'obLinks': [OTHER]})['changed']
    plan = fleet.operate('links', {'obClusterNames': ['hooray']})
    assert [link['cluster_name'] for link in plan['hosts']['beta']['ob_links']] == ['second']


@pytest.mark.parametrize('request_body, said', [
    ({}, 'obLinks is missing'),
    ({'obLinks': [{**OTHER, 'obClusterId': 1}]}, 'take the link with hooray away'),
    ({'obLinks': [{**LINK, 'obClusterId': 9}]}, 'take the link with hooray away'),
    ({'obLinks': [{'clusterName': 'third', 'obClusterId': 3, 'username': 'proxyro'}]}, 'obproxy_ob_clusters.third is missing'),
    ({'obLinks': [{**OTHER, 'username': 'root'}]}, 'expected proxyro'),
])
def test_links_that_cannot_be_are_refused(fleet, request_body, said):
    with pytest.raises(RequestError) as caught:
        fleet.operate('links', request_body)
    assert said in str(caught.value)


def test_a_list_of_root_servers_has_one_ob_cluster_which_can_be_another(world, body):
    world.variables['obproxy_ob_clusters']['second'] = {'root_servers': ['10.0.0.3:2881'], 'proxyro_password': 'ro2-s3cret'}
    body['workMode'] = 'RS_LIST'
    world.plan('create', body)
    with pytest.raises(RequestError) as caught:
        world.operate('links', {'obLinks': [OTHER]})
    assert 'exactly one OB cluster in the end' in str(caught.value)
    server = world.operate('links', {'obLinks': [OTHER], 'obClusterNames': ['hooray']})['hosts']['alpha']
    assert {'name': 'rootservice_list', 'value': '10.0.0.3:2881'} in server['parameters']
    assert {'name': 'rootservice_cluster_name', 'value': 'second'} in server['parameters']
