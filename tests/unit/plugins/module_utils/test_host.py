# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _host
from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import Survey
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._verdict import conflicts, problems, warnings
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import (
    idle, listening, running, wait_until, write)

FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.0
           /24 link UNICAST
        |-- 10.0.0.11
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
"""
INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000011 02 40 00 80     eth0
fe8000000000000000000000000000aa 02 40 20 80     eth0
"""


def no_packages(argv):
    return 2, 'package obproxy is not installed\npackage obproxy-ce is not installed\n', ''


@pytest.fixture(name='root')
def root_fixture(tmp_path):
    (tmp_path / 'base').mkdir()
    return tmp_path


@pytest.fixture(name='look')
def look_fixture(root):
    """(survey, facts) of this host, with records and homes below a directory of the test."""
    def look(run=no_packages, **changed):
        options = dict(name='foo-2883', cluster_id=1, sql_port=None, exporter_port=None, rpc_port=None, package=None,
                       user='nobody', base=str(root / 'base'), commands=[], min_free_mb=0)
        options.update(changed)
        survey = Survey(options, run, Layout(str(root)))
        return survey, survey.facts()
    return look


@pytest.fixture(name='good')
def good_fixture():
    """Facts that nothing is wrong with."""
    return {'uid': 0, 'python': '3.6.8', 'addresses': ['10.0.0.11'], 'limits': {'nofile_reachable': 655350},
            'architecture': 'x86_64', 'free_mb': {'/opt/obproxy': 5000, '/tmp': 5000}}


def package(**changed):
    return dict({'name': 'obproxy-ce', 'version': '4.3.1.0', 'release': '4.el8', 'arch': 'x86_64'}, **changed)


def add_record(root, name='foo-2883', **changed):
    if not (root / 'etc').exists():
        os.makedirs(str(root / 'etc' / 'obproxy'))
    record = dict(format=1, name=name, user='nobody', home=str(root / 'base' / name), sql_port=2883, cluster_id=1)
    record.update(changed)
    write(root / 'etc' / 'obproxy' / (name + '.json'), json.dumps(record))


def test_survey_of_this_host_is_plain_data(look):
    _survey, facts = look(commands=['sh', 'no-such-command'])
    assert json.loads(json.dumps(facts)) == facts
    assert facts['architecture'] == os.uname()[4] and facts['uid'] == os.geteuid()
    assert facts['commands']['no-such-command'] is None
    assert os.access(facts['commands']['sh'], os.X_OK)
    assert facts['user']['exists'] is True and facts['user']['uid'] == 65534
    assert facts['memory_mb'] > 100
    assert facts['instance'] == {'running': False, 'pid': None, 'pids': []}
    assert facts['record'] is None and facts['records'] == []


def test_addresses_without_loopback_and_link_local(root):
    (root / 'net').mkdir()
    write(root / 'net' / 'fib_trie', FIB)
    write(root / 'net' / 'if_inet6', INET6)
    assert _host.addresses(str(root)) == ['10.0.0.11', 'fd00::11']
    assert _host.addresses(str(root / 'none')) == []


def test_addresses_of_this_host_are_its_own(look):
    for address in look()[1]['addresses']:
        probe = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
        probe.bind((address, 0))
        probe.close()


def test_operating_system(root):
    write(root / 'os-release', 'NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="8.10"\n\nEMPTY=\n')
    assert _host.operating_system(str(root / 'os-release')) == {'id': 'rocky', 'version_id': '8.10'}
    assert _host.operating_system(str(root / 'none')) == {'id': '', 'version_id': ''}


def test_command_beyond_path_is_found(root):
    assert _host.find_command('sh', path='/nonexistent') is not None
    write(root / 'tool', '#!/bin/sh\n', 0o755)
    write(root / 'text', '', 0o644)
    assert _host.find_command('tool', path=str(root)) == str(root / 'tool')
    assert _host.find_command('text', path=str(root)) is None


def test_room_is_measured_where_the_directory_would_be(root):
    assert _host.existing_parent(str(root / 'a' / 'b')) == str(root)
    assert _host.existing_parent('/no-such-directory') == '/'


def test_host_that_starts_nothing_at_boot_is_warned_of(look, root):
    survey = look()[0]
    survey.proc = str(root / 'proc')
    os.makedirs(survey.proc + '/7/')
    write(root / 'proc' / '7' / 'stat', '7 (sleep) S 1 %s\n' % ' '.join(['0'] * 30))
    write(root / 'proc' / '7' / 'status', 'Uid:\t0\nGid:\t0\n')
    assert 'after a reboot' in warnings(survey, {'systemd': False})[0]
    assert warnings(survey, {'systemd': True}) == []
    write(root / 'proc' / '7' / 'stat', '7 (crond) S 1 %s\n' % ' '.join(['0'] * 30))
    os.symlink('/', survey.proc + '/7/root')
    assert warnings(survey, {'systemd': False}) == []


def test_good_host_has_no_problems(look, good):
    survey = look(package=package())[0]
    for python in ((2, 7), (3, 6), (3, 9), (3, 14)):
        assert problems(survey, good, python) == []


@pytest.mark.parametrize('change, python, words', [
    ({'uid': 1000}, (3, 9), 'runs as uid 1000'),
    ({'python': '3.5.1'}, (3, 5), 'Python on this host is 3.5.1'),
    ({'python': '2.6.6'}, (2, 6), 'Python on this host is 2.6.6'),
    ({'addresses': []}, (3, 9), 'no address but loopback'),
    ({'limits': {'nofile_reachable': 1024}}, (3, 9), 'may open 1024 files'),
    ({'architecture': 'aarch64'}, (3, 9), 'for x86_64, but this host is aarch64'),
    ({'free_mb': {'/opt/obproxy': 100, '/tmp': 5000}}, (3, 9), '100 MB are free for /opt/obproxy: 1024 MB'),
    ({'free_mb': {'/opt/obproxy': 5000, '/tmp': 10}}, (3, 9), '10 MB are free for /tmp: 200 MB'),
])
def test_each_problem_is_told(look, good, change, python, words):
    good.update(change)
    found = problems(look(package=package(), min_free_mb=1024)[0], good, python)
    assert len(found) == 1 and words in found[0]


def test_several_problems_are_told_at_once(look, good):
    good.update(uid=1000, addresses=[])
    assert len(problems(look()[0], good)) == 2


def test_missing_rpm_is_a_problem(look, good, monkeypatch):
    monkeypatch.setattr(_host, 'find_command', lambda name, path=None: None)
    found = problems(look()[0], good)
    assert len(found) == 1 and 'rpm is missing' in found[0]


def test_broken_package_database_is_a_problem(look, good):
    found = problems(look(run=lambda argv: (1, '', 'error: rpmdb open failed\n'))[0], good)
    assert len(found) == 1 and 'rpmdb open failed' in found[0]


def test_other_release_of_the_version_is_a_problem(look, good):
    def run(argv):
        return 1, 'P\tobproxy-ce\t4.3.1.0\t4.el8\tx86_64\t1\nF\t/home/admin/obproxy-4.3.1.0/bin/obproxy\n', ''
    survey, facts = look(run=run, package=package(release='5.el8'))
    assert facts['packages'] == [dict(package(), dir='/home/admin/obproxy-4.3.1.0')]
    found = problems(survey, good)
    assert len(found) == 1 and 'share its directory' in found[0]
    assert problems(look(run=run, package=package())[0], good) == []
    assert problems(look(run=run, package=package(version='4.3.2.0'))[0], good) == []


def test_record_of_another_cluster_is_a_problem(look, good, root):
    add_record(root, cluster_id=7)
    found = problems(look()[0], good)
    assert len(found) == 1 and 'cluster id 7, not to 1' in found[0]
    assert problems(look(cluster_id=7)[0], good) == []
    assert problems(look(cluster_id=None)[0], good) == []


def test_record_of_unknown_format_is_a_problem(look, good, root):
    add_record(root, format=99)
    found = problems(look()[0], good)
    assert len(found) == 1 and 'format 99' in found[0]


def test_our_running_instance_is_no_conflict(look, root, good):
    (root / 'base' / 'foo-2883').mkdir()
    with listening(root, cwd=root / 'base' / 'foo-2883') as (child, port, _forked):
        survey, facts = look(sql_port=port, min_free_mb=10 ** 9)
        assert conflicts(survey) == []
        assert problems(survey, good) == []
    assert facts['instance'] == {'running': True, 'pid': child.pid, 'pids': [child.pid]}
    assert facts['listeners'][str(port)]['pids'] == [child.pid]


def test_hot_restart_is_no_conflict(look, root):
    (root / 'base' / 'foo-2883').mkdir()
    with listening(root, cwd=root / 'base' / 'foo-2883', arguments=['fork']) as (child, port, forked):
        survey, facts = look(sql_port=port)
        assert conflicts(survey) == []
        assert facts['instance'] == {'running': True, 'pid': forked, 'pids': [child.pid, forked]}


def test_instance_with_a_home_of_its_own_is_known_by_its_record(look, root):
    (root / 'elsewhere').mkdir()
    add_record(root, home=str(root / 'elsewhere'))
    with listening(root, cwd=root / 'elsewhere') as (_child, port, _forked):
        survey, facts = look(sql_port=port)
        assert conflicts(survey) == [] and facts['instance']['running'] and facts['record']['name'] == 'foo-2883'


@pytest.mark.parametrize('name', ['obproxy', 'nc'])
def test_port_of_somebody_else_is_a_conflict(look, root, name):
    with listening(root, name=name) as (child, port, _forked):
        for key, words in (('sql_port', 'SQL'), ('exporter_port', 'exporter'), ('rpc_port', 'RPC')):
            found = conflicts(look(**{key: port})[0])
            assert len(found) == 1
            for part in ('Port %d (%s)' % (port, words), 'process %d (' % child.pid, ' of user ', '127.0.0.1'):
                assert part in found[0]


def test_other_instance_on_other_ports_is_no_conflict(look, root):
    (root / 'base' / 'bar-3883').mkdir()
    add_record(root, name='bar-3883', sql_port=3883, exporter_port=3884, rpc_port=3885)
    with listening(root, cwd=root / 'base' / 'bar-3883') as (child, port, _forked):
        survey, facts = look(sql_port=2883, exporter_port=2884)
        assert conflicts(survey) == []
    assert child.pid in [one['pid'] for one in facts['processes']]
    assert str(port) in facts['listeners']


def test_port_of_a_recorded_instance_that_is_down_is_a_conflict(look, root):
    add_record(root, name='bar-3883', sql_port=3883, exporter_port=3884, rpc_port=3885)
    found = conflicts(look(sql_port=3884, exporter_port=3885)[0])
    assert len(found) == 1 and '3884 (SQL), 3885 (exporter)' in found[0] and 'bar-3883' in found[0]


def test_another_start_in_our_home_is_a_conflict(look, root):
    (root / 'base' / 'foo-2883').mkdir()
    with listening(root, cwd=root / 'base' / 'foo-2883') as (child, port, _forked):
        found = conflicts(look(sql_port=1)[0])
    assert len(found) == 1 and 'process %d' % child.pid in found[0] and str(port) in found[0]


def test_watchdog_of_somebody_else_is_a_conflict_only_for_our_port(look, root):
    write(root / 'obproxyd.sh', 'read line\n')
    with running(['bash', str(root / 'obproxyd.sh'), '-c', 'start', '-p', '2883', '-x', 'secretword']) as child:
        wait_until(lambda: look()[1]['processes'])
        survey, facts = look(sql_port=2883)
        found = conflicts(survey)
        assert len(found) == 1 and 'process %d' % child.pid in found[0] and str(root / 'obproxyd.sh') in found[0]
        assert conflicts(look(sql_port=3883)[0]) == []
    assert 'secretword' not in json.dumps(facts) + str(found)


def test_our_own_watchdog_is_no_conflict(look, root):
    home = root / 'base' / 'foo-2883'
    home.mkdir()
    write(home / 'obproxyd.sh', 'read line\n')
    with running(['bash', str(home / 'obproxyd.sh'), '-p', '2883']), idle(root, cwd=home):
        wait_until(lambda: len(look()[1]['processes']) == 2)
        assert conflicts(look(sql_port=2883)[0]) == []
