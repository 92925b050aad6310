# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of upgrades: which package, which servers, in which order, and what is refused."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _outcome
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import OLD_RPM, RPM

SHORT = 'obproxy-ce-4.3.2.0-1'
NEW = f'{SHORT}.el8.x86_64.rpm'
CHAIN = ['Install rpm by package and version', 'Check obproxy cluster health', 'Drain obproxy', 'Upgrade obproxy process',
         'Check obproxy health', 'Update obproxy status', 'Sync obproxy parameter', 'Resume obproxy', 'Update obproxy exporter',
         'Clean obproxy packages']


@pytest.fixture
def fleet(world, create_body):
    """A world with the cluster foo on alpha, beta and gamma, all running, and a newer package."""
    create_body['obproxyInstallParam']['hostIds'] = [1, 2, 3]
    run = world.plan('create', create_body)['run']
    report(world, run, world.rows('servers'))
    close(world, run)
    (pathlib.Path(world.variables['obproxy_package_dir']) / NEW).touch()
    return world


def report(world, run, rows, version=None):
    with world.registry.transaction() as store:
        servers = [{'server_id': row['id'], 'version': version or row['version'], 'architecture': 'x86_64'} for row in rows]
        _outcome.update_servers(store, run['id'], servers, 'RUNNING', False)


def close(world, run):
    with world.registry.transaction() as store:
        return _outcome.close_run(store, run['id'])


def walk(world, run, host, fails_at=None):
    """Have a host walk its chain, up to a subtask that fails."""
    with world.registry.transaction() as store:
        store.tasks.mark_recorded(run['id'])
        for role, subtask in run['hosts'][host]['subtasks'].items():
            if role in ('start_node', 'finish') and host != 'alpha' or role == 'finish':
                continue
            store.tasks.move([(subtask, 'RUNNING', None, None)])
            store.tasks.move([(subtask, 'FAILED' if role == fails_at else 'SUCCESSFUL', None, None)])
            if role == fails_at:
                return


def refused(world, body, **more):
    with pytest.raises(RequestError) as caught:
        world.operate('upgrade', body, **more)
    return {fault.field: fault.message for fault in caught.value.faults}


def test_the_graph_has_a_chain_for_each_server(fleet):
    plan = fleet.operate('upgrade', {'shortRpmName': SHORT})
    names = [row['name'] for row in plan['data']['subtasks']]
    assert names == ['Start node', *CHAIN * 3, 'Finish node']
    assert plan['data']['context']['stringMap']['upgrade_to'] == SHORT
    assert {row['status'] for row in fleet.rows('servers')} <= {'RUNNING', 'UPGRADING'}


def test_a_server_keeps_the_version_of_the_parameters_that_it_has(fleet):
    fleet.sql('UPDATE obproxy_servers SET parameter_version = 0 WHERE id = 2')
    plan = fleet.operate('upgrade', {'version': NEW})
    versions = {name: one['parameter_version'] for name, one in plan['hosts'].items()}
    assert versions['beta'] == 0 and versions == {name: row['parameter_version'] for name, row in zip(versions, fleet.rows('servers'))}


@pytest.mark.parametrize('body', [
    {'shortRpmName': SHORT}, {'short_rpm_name': SHORT}, {'version': NEW}, {'version': NEW[:-4]}])
def test_a_package_is_named_in_short_or_whole(fleet, body):
    plan = fleet.operate('upgrade', body)
    assert set(plan['hosts']) == {'alpha', 'beta', 'gamma'}
    assert {(one['version'], one['package']['version'], one['goes_back']) for one in plan['hosts'].values()} == {(NEW, '4.3.2.0', False)}
    assert [batch['hosts'] for batch in plan['batches']] == [['alpha'], ['beta'], ['gamma']]


@pytest.mark.parametrize('body, field, words', [
    ({}, 'shortRpmName', 'one of'), ({'shortRpmName': SHORT, 'version': NEW}, 'version', 'one of'),
    ({'shortRpmName': 'obproxy-ce'}, 'shortRpmName', 'such as obproxy-ce-4.3.1.0-4'),
    ({'version': 'obproxy.rpm'}, 'version', 'such as'),
    ({'shortRpmName': 'obproxy-ce-4.9.9.9-1'}, 'shortRpmName', 'none of that name'),
    ({'version': NEW.replace('x86_64', 'aarch64')}, 'version', 'a package for x86_64'),
    ({'version': OLD_RPM}, 'version', '4.x serves OceanBase 4.x'), ({'shortRpmName': 'obproxy-1.9.1.1-1919579'}, 'shortRpmName', '4.x serves'),
    ({'version': RPM.replace('4.el8', '5.el8')}, 'version', 'share a directory'),
    ({'version': RPM}, 'version', 'all 3 servers have it: 1, 2, 3'), ({'shortRpmName': 'obproxy-ce-4.3.1.0-4'}, 'shortRpmName', 'all 3'),
])
def test_what_is_refused(fleet, body, field, words):
    before = fleet.rows('runs')
    assert words in refused(fleet, body)[field]
    assert fleet.rows('runs') == before and {row['status'] for row in fleet.rows('servers')} == {'RUNNING'}


def test_the_variables_are_checked(fleet):
    fleet.variables.update(obproxy_keep_packages='many', obproxy_restart_mode='warm')
    assert {'obproxy_keep_packages', 'obproxy_restart_mode'} <= set(refused(fleet, {'shortRpmName': SHORT}))


def test_several_packages_of_that_name_are_listed(fleet):
    folder = pathlib.Path(fleet.variables['obproxy_package_dir'])
    (folder / NEW.replace('el8', 'el7')).touch()
    assert fleet.operate('upgrade', {'shortRpmName': SHORT})['hosts']['alpha']['version'] == NEW, 'the one that it has is el8, too'
    (folder / NEW).rename(folder / NEW.replace('el8', 'el9'))
    message = refused(fleet, {'shortRpmName': SHORT})['shortRpmName']
    assert NEW.replace('el8', 'el7') in message and NEW.replace('el8', 'el9') in message


def test_without_files_the_name_follows_the_present_package(fleet):
    fleet.variables.update(obproxy_package_source='repo', obproxy_package_dir='')
    assert fleet.operate('upgrade', {'shortRpmName': 'obproxy-ce-4.3.5.0-2'})['hosts']['beta']['version'] == 'obproxy-ce-4.3.5.0-2.el8.x86_64.rpm'


def test_each_architecture_gets_its_own_package(fleet):
    folder = pathlib.Path(fleet.variables['obproxy_package_dir'])
    (folder / NEW.replace('x86_64', 'aarch64')).touch()
    with fleet.registry.transaction() as store:
        store.update_server(2, architecture='aarch64')
    hosts = fleet.operate('upgrade', {'shortRpmName': SHORT})['hosts']
    assert {name: one['version'] for name, one in hosts.items()} == {
        'alpha': NEW, 'beta': NEW.replace('x86_64', 'aarch64'), 'gamma': NEW}


def test_the_way_back_before_43_needs_the_passwords_of_proxyro(fleet):
    older = 'obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'
    (pathlib.Path(fleet.variables['obproxy_package_dir']) / older).touch()
    assert fleet.operate('upgrade', {'version': older})['hosts']['alpha']['goes_back'] is True
    fleet.variables['obproxy_ob_clusters'] = {}
    assert 'obproxy_ob_clusters.hooray' in refused(fleet, {'version': older})


def test_a_broken_roll_goes_on_with_the_rest(fleet):
    run = fleet.operate('upgrade', {'shortRpmName': SHORT})['run']
    walk(fleet, run, 'alpha')
    report(fleet, run, fleet.rows('servers')[:1], NEW)
    walk(fleet, run, 'beta', fails_at='upgrade_obproxy')
    close(fleet, run)
    assert [row['version'] for row in fleet.rows('servers')] == [NEW, RPM, RPM]
    plan = fleet.operate('upgrade', {'shortRpmName': SHORT})
    assert [batch['hosts'] for batch in plan['batches']] == [['beta'], ['gamma']]
    assert 'alpha' in plan['batches'][0]['others'] and any('server 1 done already' in note for note in plan['notes'])


def test_servers_that_have_the_version_are_left_out_and_named(fleet):
    with fleet.registry.transaction() as store:
        store.update_server(2, version=NEW)
    plan = fleet.operate('upgrade', {'shortRpmName': SHORT})
    assert set(plan['hosts']) == {'alpha', 'gamma'} and any('already: server 2' in note for note in plan['notes'])
    assert 'all 1 servers have it: 2' in refused(fleet, {'shortRpmName': SHORT, 'obproxyServerIds': [2]})['shortRpmName']


def test_a_stopped_server_is_left_out_or_refused(fleet):
    run = fleet.operate('stop', {'obproxyServerIds': [3]})['run']
    with fleet.registry.transaction() as store:
        _outcome.update_servers(store, run['id'], [{'server_id': 3}], 'UNAVAILABLE', False)
        _outcome.close_run(store, run['id'])
    assert set(fleet.operate('upgrade', {'shortRpmName': SHORT})['hosts']) == {'alpha', 'beta'}
    assert 'start it first' in refused(fleet, {'shortRpmName': SHORT, 'obproxyServerIds': [3]})['obproxyServerIds']


def test_a_run_that_nobody_recorded_is_judged_by_the_version(fleet):
    run = fleet.operate('upgrade', {'shortRpmName': SHORT})['run']
    rows = fleet.rows('servers')
    report(fleet, run, rows[:2], NEW)
    report(fleet, run, rows[2:])
    results = {one['host']: one['status'] for one in close(fleet, run)['results']}
    assert results['alpha'] == results['beta'] == 'SUCCESSFUL' and results['gamma'] == 'FAILED'
