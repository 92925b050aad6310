# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError, AnsibleUndefinedVariable

from ansible_collections.oceanbase.obproxy.plugins.filter.servers import (
    exporter_targets, is_planned, link_passwords, live_servers, planned_server, refusals, unhealthy)

SERVER = {
    'cluster_id': 1, 'cluster_name': 'foo', 'server_id': 2, 'exporter_port': 2884, 'rpc_port': 2885, 'work_mode': 'RS_LIST',
    'idc': 'north',
    'version': 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm', 'parameter_version': 1,
    'package': {'version': '4.3.1.0', 'arch': 'x86_64'},
}


def hostvars(**hosts):
    return {'localhost': {'obproxy_plan': {'hosts': {name: SERVER for name in hosts}}}, **hosts}


@pytest.mark.parametrize('key', ['hooray', '7', 7])
def test_a_link_finds_its_password_by_name_or_by_id(key):
    links = [{'cluster_name': 'hooray', 'ob_cluster_id': 7}]
    assert link_passwords(links, {key: {'proxyro_password': 'p'}}) == [{'cluster_name': 'hooray', 'password': 'p'}]


@pytest.mark.parametrize('clusters', [{}, {'hooray': {}}, {'hooray': {'proxyro_password': ''}}])
def test_a_link_without_a_password_is_named(clusters):
    with pytest.raises(AnsibleFilterError, match='proxyro_password for the OB cluster hooray'):
        link_passwords([{'cluster_name': 'hooray', 'ob_cluster_id': 7}], clusters)


@pytest.mark.parametrize('variables, address', [
    ({'ansible_host': '10.0.0.1'}, '10.0.0.1:2884'), ({}, 'h1:2884'), ({'ansible_host': 'fe80::1'}, '[fe80::1]:2884')])
def test_exporters_have_the_address_that_ssh_uses(variables, address):
    targets = exporter_targets(['h1'], hostvars(h1=variables))
    assert [target['address'] for target in targets] == [address]
    assert targets[0]['labels'] == {'obproxy_cluster': 'foo', 'obproxy_cluster_id': '1', 'obproxy_server_id': '2',
                                    'version': '4.3.1.0', 'work_mode': 'RS_LIST', 'idc': 'north'}


def test_the_controller_and_dead_hosts_are_no_servers():
    found = hostvars(h1={'obproxy_live': {'server': {'pid': 1}}}, h2={'obproxy_live': {'failed': True}}, h3={})
    assert [server['server_id'] for server in live_servers(['localhost', 'h1', 'h2', 'h3'], found)] == [2]
    assert len(exporter_targets(['localhost', 'h1'], found)) == 1


def test_check_mode_lists_servers_that_do_not_run_yet():
    assert len(live_servers(['h1'], hostvars(h1={'obproxy_live': {'server': None}}))) == 1


def test_a_server_without_a_package_is_alive_too():
    found = hostvars(h1={'obproxy_live': {'server': {'pid': 1}}})
    found['localhost']['obproxy_plan']['hosts']['h1'] = {**SERVER, 'package': None, 'version': None}
    assert [server['architecture'] for server in live_servers(['h1'], found)] == [None]
    assert 'version' not in exporter_targets(['h1'], found)[0]['labels']


@pytest.mark.parametrize('probe, cause', [
    ({'server': {'pid': 1}}, None),
    # check mode's answer where nothing listens
    ({'server': None, 'msg': 'Nothing listens on port 2883'}, 'Nothing listens on port 2883'),
    ({'failed': True, 'msg': 'no login'}, 'no login'), ({'unreachable': True, 'msg': 'no route'}, 'no route'),
    ({}, 'it was not asked')])
def test_a_server_that_does_not_serve_is_unhealthy_in_check_mode_too(probe, cause):
    assert unhealthy(['h1'], {'h1': {'obproxy_probe': probe}}) == ([f'h1: {cause}'] if cause else [])


def test_monitoring_hosts_that_failed_are_named():
    results = [{'obproxy_monitoring_host': 'm1', 'changed': True},
               {'obproxy_monitoring_host': 'm2', 'failed': True, 'msg': 'broken JSON'},
               {'obproxy_monitoring_host': 'm3', 'unreachable': True, 'msg': 'no route'}]
    assert refusals({'results': results}) == ['Monitoring host m2: broken JSON', 'Monitoring host m3: no route']
    assert refusals({'skipped': True}) == []
    assert refusals({'failed': True, 'msg': 'the task was cancelled'}) == ['the task was cancelled']


class HostVars(dict):
    """As ansible-core's: what is asked for by name gets templated, and raw_get gives it as it is."""

    def __getitem__(self, name):
        raise AssertionError('templated')

    raw_get = dict.__getitem__


def test_a_hosts_server_is_found_without_templating_everybodys():
    found = HostVars(hostvars(h1={}))
    assert (is_planned('h1', found), is_planned('localhost', found)) == (True, False)
    assert planned_server('h1', found) == SERVER
    with pytest.raises(AnsibleUndefinedVariable, match='no host localhost'):
        planned_server('localhost', found)
