# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a takeover: each is broken by one thing, and named with what was found and expected."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _take_over

PACKAGE = {'name': 'obproxy', 'version': '4.3.1.0', 'release': '1.el7', 'arch': 'x86_64',
           'file': 'obproxy-4.3.1.0-1.el7.x86_64.rpm', 'dir': '/opt/taobao/install/obproxy-4.3.1.0'}


def server(**more):
    return {
        'name': 'foo-2883', 'cluster_name': 'foo', 'sql_port': 2883, 'work_mode': 'RS_LIST', 'rs_list': '10.0.0.1:2881',
        'ob_cluster_name': 'hooray', 'config_url': '', 'ob_links': [{'cluster_name': 'hooray', 'ob_cluster_id': 1}],
        'exporter_port': None, 'rpc_port': None, 'version': None, 'package': None, 'cluster_versions': [],
        'startup_parameters': [{'name': 'work_thread_num', 'value': '4'}], 'parameters': [{'name': 'a', 'value': '1'}], **more}


def instance(**more):
    return {
        'pid': 7, 'pids': [7], 'exe': PACKAGE['dir'] + '/bin/obproxy', 'deleted': False, 'package': PACKAGE, 'version': '4.3.1.0',
        'user': 'admin', 'home': '/data/foo', 'cwd': '/data/foo', 'sql_port': 2883, 'exporter_port': 2884, 'rpc_port': 2885,
        'ports': [2883, 2884, 2885], 'silent_ports': [], 'login': 'ok', 'work_mode': 'RS_LIST', 'rs_list': '10.0.0.1:2881',
        'ob_clusters': [{'cluster_name': 'hooray'}], **more}


def survey(*instances, **more):
    return {'instances': list(instances), 'records': [], 'packages': [PACKAGE], 'architecture': 'x86_64', **more}


def broken(*instances, strict=False, wanted=None, **more):
    return _take_over.broken({'h': wanted or server()}, {'h': survey(*instances, **more)}, strict, 'admin').get('h', [])


def test_a_proxy_that_fits_breaks_no_rule_not_even_ocp_s():
    assert broken(instance(), strict=True) == []


@pytest.mark.parametrize('seen, found, expected', [
    ({'sql_port': 3883, 'ports': [3883]}, 'process 7 on port 3883', 'listens on port 2883'),
    ({'sql_port': None, 'silent_ports': [2883]}, 'says nothing', 'answers on port 2883'),
    ({'version': '1.7.9'}, '1.7.9', '1.8.0 or later'),
    ({'version': None}, 'none that can be told', '1.8.0 or later'),
    ({'login': 'refused'}, 'refuses every password', 'obproxy_current_sys_password'),
    ({'login': 'failed', 'login_error': 'no answer'}, 'no answer', 'a login'),
    ({'work_mode': 'CONFIG_URL'}, 'CONFIG_URL', 'RS_LIST'),
    ({'ob_clusters': [{'cluster_name': 'cheers'}]}, 'cheers', 'hooray'),
    ({'rs_list': '10.9.9.9:2881'}, '10.9.9.9:2881', '10.0.0.1:2881'),
    ({'deleted': True}, '(deleted)', 'still there'),
    ({'home': '/'}, 'found /', 'root directory'),
    ({'cwd': '/root'}, 'works in /root', 'works in its home'),
    ({'user': '4711'}, 'user id 4711', 'a user that the host knows'),
    ({'exporter_port': None}, 'no metrics', 'an exporter'),
])
def test_each_broken_rule_is_named(seen, found, expected):
    words = broken(instance(**seen))
    assert len(words) == 1
    assert found in words[0].split('; expected ')[0]
    assert expected in words[0].split('; expected ')[1]


def test_a_config_url_proxy_may_serve_fewer_clusters_but_no_others():
    wanted = server(work_mode='CONFIG_URL', ob_links=[{'cluster_name': 'hooray'}, {'cluster_name': 'cheers'}])
    assert broken(instance(work_mode='CONFIG_URL'), wanted=wanted) == []
    other = instance(work_mode='CONFIG_URL', ob_clusters=[{'cluster_name': 'hooray'}, {'cluster_name': 'strange'}])
    assert 'strange' in broken(other, wanted=wanted)[0]


@pytest.mark.parametrize('versions, running, fits', [
    (['obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'], '4.3.1.0', True), (['obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'], '3.2.3', False),
    (['obproxy-3.2.3-1.el7.x86_64.rpm'], '1.8.0', True), (['obproxy-3.2.3-1.el7.x86_64.rpm'], '4.0.0', False)])
def test_a_cluster_holds_one_generation(versions, running, fits):
    words = broken(instance(version=running), wanted=server(cluster_versions=versions))
    assert (words == []) is fits


def test_the_hosts_of_one_request_are_of_one_generation():
    surveys = {'a': survey(instance()), 'b': survey(instance(version='3.2.3'))}
    found = _take_over.broken({'a': server(), 'b': server()}, surveys, False, 'admin')
    assert set(found) == {'a', 'b'}
    assert 'a 4.3.1.0, b 3.2.3' in found['a'][0]


def test_two_in_one_home_cannot_be_told_apart():
    assert 'same home' in broken(instance(), instance(pid=8, sql_port=3883, ports=[3883]))[0]


@pytest.mark.parametrize('record', [
    {'name': 'foo-2883', 'home': '/elsewhere', 'cluster_name': 'foo'}, {'name': 'bar-2883', 'home': '/data/foo', 'cluster_name': 'bar'},
    {'name': 'foo-3883', 'home': '/elsewhere', 'cluster_name': 'foo'}])
def test_a_record_of_another_is_respected(record):
    assert record['name'] in broken(instance(), records=[record])[0]


def test_ocp_s_own_assumptions_are_rules_when_they_are_asked_for():
    mine = instance(user='me', exe='/home/me/obproxy/bin/obproxy', package=None)
    other = instance(pid=8, pids=[8], home='/data/bar', cwd='/data/bar', sql_port=3883, ports=[3883])
    assert broken(mine, other, packages=[PACKAGE, PACKAGE]) == []
    words = ' '.join(broken(mine, other, packages=[PACKAGE, PACKAGE], strict=True))
    for rule in ('one process: found 2 (7, 8)', 'one package: found 2', 'of no RPM', 'found me; expected admin'):
        assert rule in words


def test_a_host_that_could_not_be_reached_is_left_out_and_one_that_could_not_be_surveyed_is_not():
    surveys = {'dead': None, 'odd': {'failed': True, 'msg': 'no sudo'}}
    assert _take_over.broken({'dead': server(), 'odd': server()}, surveys, False, 'admin') == {
        'odd': ['survey: found no sudo; expected a host that can be surveyed']}


def test_what_was_found_completes_the_server():
    found = _take_over.surveyed(server(), survey(instance()))
    assert (found['exporter_port'], found['rpc_port'], found['version']) == (2884, 2885, PACKAGE['file'])
    assert {item['name'] for item in found['parameters']} == {'work_thread_num', 'a', 'rootservice_list', 'rootservice_cluster_name'}
    assert found['cluster_parameters'] == server()['parameters']
    assert _take_over.surveyed(server(), {}) == server()


def test_a_version_that_is_too_old_does_not_make_the_others_break_a_rule():
    surveys = {'a': survey(instance()), 'b': survey(instance(version='1.7.4'))}
    assert set(_take_over.broken({'a': server(), 'b': server()}, surveys, False, 'admin')) == {'b'}
