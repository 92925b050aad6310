# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _process
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import (
    idle, listening, running, wait_until, write)


def state_of(pid):
    with open('/proc/%d/stat' % pid) as source:
        return source.read().rpartition(')')[2].split()[0]


def test_listener_is_found_with_its_owner_and_gone_afterwards(tmp_path):
    with listening(tmp_path) as (child, port, _forked):
        entry = _process.listeners()[port]
    assert entry == {'pids': [child.pid], 'uid': os.getuid(), 'addresses': ['127.0.0.1']}
    assert port not in _process.listeners()


def test_only_the_ports_asked_for(tmp_path):
    with listening(tmp_path) as (_child, port, _forked):
        with listening(tmp_path) as (_other, other_port, _forked):
            assert list(_process.listeners([port])) == [port]
            assert set([port, other_port]) <= set(_process.listeners())


def test_within_one_look_the_sockets_are_those_of_the_first_question(tmp_path):
    with _process.one_look():
        with listening(tmp_path) as (_child, port, _forked):
            assert port in _process.listeners()
            with listening(tmp_path) as (_other, later, _forked):
                assert list(_process.listeners([port, later])) == [port]
    with listening(tmp_path) as (_child, port, _forked):
        assert port in _process.listeners()
    assert port not in _process.listeners()


def test_socket_shared_by_parent_and_child_has_both(tmp_path):
    with listening(tmp_path, arguments=['fork']) as (child, port, forked):
        assert _process.listeners([port])[port]['pids'] == sorted([child.pid, forked])
        os.kill(forked, signal.SIGKILL)


def test_connection_is_no_listener(tmp_path):
    with listening(tmp_path) as (_child, port, _forked):
        client = socket.create_connection(('127.0.0.1', port))
        try:
            assert client.getsockname()[1] not in _process.listeners()
        finally:
            client.close()


def test_ipv6_address(tmp_path):
    with listening(tmp_path, address='::1') as (child, port, _forked):
        assert _process.listeners([port])[port]['addresses'] == ['::1']
        assert _process.listeners([port])[port]['pids'] == [child.pid]


def test_same_port_on_both_families_is_one_entry(tmp_path):
    (tmp_path / 'net').mkdir()
    head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
    line = '   0: %s:0B43 %s:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0 100 0 0 10 0\n'
    write(tmp_path / 'net' / 'tcp', head + line % ('0' * 8, '0' * 8, 7))
    write(tmp_path / 'net' / 'tcp6', head + line % ('0' * 32, '0' * 32, 8))
    assert _process.listeners(proc=str(tmp_path)) == {
        2883: {'pids': [], 'uid': 1000, 'addresses': ['0.0.0.0', '::']}}


def test_host_without_ipv6(tmp_path):
    (tmp_path / 'net').mkdir()
    write(tmp_path / 'net' / 'tcp', '  sl  local_address\n')
    assert _process.listeners(proc=str(tmp_path)) == {}


def test_instance_is_known_by_its_working_directory(tmp_path):
    mine, other = tmp_path / 'foo-2883', tmp_path / 'bar-2883'
    mine.mkdir()
    other.mkdir()
    with idle(tmp_path, cwd=mine) as first:
        with idle(tmp_path, cwd=other), idle(tmp_path, name='something', cwd=mine):
            with idle(tmp_path, cwd=mine) as second:
                assert wait_until(lambda: _process.instance_pids(str(mine)) == [first.pid, second.pid])
    assert _process.instance_pids(str(mine)) == []


def test_instance_is_found_through_a_link_to_its_home(tmp_path):
    (tmp_path / 'real').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'real')
    with idle(tmp_path, cwd=tmp_path / 'real') as child:
        assert wait_until(lambda: _process.instance_pids(str(tmp_path / 'link')) == [child.pid])


def test_instance_outlives_its_home(tmp_path):
    home = tmp_path / 'foo-2883'
    home.mkdir()
    with idle(tmp_path, cwd=home) as child:
        wait_until(lambda: _process.instance_pids(str(home)))
        shutil.rmtree(str(home))
        assert _process.instance_pids(str(home)) == [child.pid]


def test_process_in_a_container_is_not_of_this_host(tmp_path):
    home = tmp_path / 'foo-2883'
    home.mkdir()
    for pid, root in (('10', '/'), ('11', str(tmp_path))):
        (tmp_path / pid).mkdir()
        write(tmp_path / pid / 'stat', pid + ' (obproxy) S 1 ' + '0 ' * 17 + '500 0\n')
        write(tmp_path / pid / 'status', 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n')
        (tmp_path / pid / 'cwd').symlink_to(home)
        (tmp_path / pid / 'root').symlink_to(root)
    assert _process.instance_pids(str(home), str(tmp_path)) == [10]
    assert _process.process(11, str(tmp_path)).comm == 'obproxy'


def test_directory_of_the_same_name_elsewhere_is_not_a_lost_home(tmp_path):
    (tmp_path / '10').mkdir()
    (tmp_path / '10' / 'cwd').symlink_to('/no/such/home')
    assert not _process.works_in(10, '/no/such/home', str(tmp_path))


def test_zombie_is_left_out(tmp_path):
    with idle(tmp_path) as child:
        assert wait_until(lambda: _process.instance_pids(str(tmp_path)) == [child.pid])
        os.kill(child.pid, signal.SIGKILL)
        assert wait_until(lambda: state_of(child.pid) == 'Z')
        assert child.pid not in [one.pid for one in _process.processes(['obproxy'])]
        assert _process.instance_pids(str(tmp_path)) == []
        assert _process.process(child.pid) is None


def test_process_tells_who_and_what_but_no_command_line(tmp_path):
    with idle(tmp_path) as child:
        found = wait_until(lambda: [one for one in _process.processes(['obproxy']) if one.pid == child.pid])[0]
    assert (found.comm, found.exe, found.cwd) == ('obproxy', str(tmp_path / 'obproxy'), str(tmp_path))
    assert (found.uid, found.ppid, found.argv0) == (os.getuid(), os.getpid(), str(tmp_path / 'obproxy'))
    assert '60' not in [str(value) for value in found]


def test_start_time_tells_two_lives_of_a_pid_apart(tmp_path):
    with idle(tmp_path) as child:
        once = _process.process(child.pid).start_time
        assert _process.process(child.pid).start_time == once
        assert once > _process.process(os.getpid()).start_time


@pytest.fixture(name='script')
def script_fixture(tmp_path):
    path = tmp_path / 'obproxyd.sh'
    write(path, '#!/bin/bash\nread line\n', 0o755)
    return path


@pytest.mark.parametrize('how', [['bash'], ['sh'], ['bash', '-x'], []])
def test_watchdog_is_found_however_it_was_started(script, how):
    with running(how + [str(script), '-p', '2883']) as child:
        assert wait_until(lambda: _process.watchdog_pids(str(script.parent)) == [child.pid])
        assert _process.watchdog_pids('/nowhere') == []
        assert _process.runs_with(child.pid, '2883') and not _process.runs_with(child.pid, '2884')


def test_watchdog_started_by_a_relative_path(script):
    with running(['bash', './obproxyd.sh'], cwd=script.parent) as child:
        assert wait_until(lambda: _process.watchdog_pids(str(script.parent)) == [child.pid])


def test_who_only_names_the_script_is_no_watchdog(script):
    with running(['bash', '-c', 'read line # ' + str(script)]) as shell, running(['cat', '-', str(script)]) as cat:
        wait_until(lambda: _process.process(cat.pid).comm == 'cat')
        found = [one.pid for one in _process.processes(['obproxyd.sh'])]
    assert shell.pid not in found and cat.pid not in found


def test_process_that_vanishes_is_left_out(tmp_path):
    for pid, files in (('10', {}), ('11', {'stat': ''}), ('12', {'stat': '12 (obproxy) S 1'})):
        (tmp_path / pid).mkdir()
        for name, text in files.items():
            write(tmp_path / pid / name, text)
    assert _process.processes(proc=str(tmp_path)) == []


def test_strange_command_name(tmp_path):
    (tmp_path / '10').mkdir()
    write(tmp_path / '10' / 'stat', '10 (a) S (b) R 1 ' + '0 ' * 17 + '500 0\n')
    write(tmp_path / '10' / 'status', 'Name:\ta) S (b\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n')
    write(tmp_path / '10' / 'cmdline', 'x')
    found = _process.processes(proc=str(tmp_path))
    assert [(one.pid, one.comm, one.state, one.ppid) for one in found] == [(10, 'a) S (b', 'R', 1)]


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')
def test_without_privilege_sockets_are_seen_and_their_owners_left_out(tmp_path):
    # Imported before the change of user: the interpreter may lie where only root can read.
    code = ('import json, os\n'
            'from ansible_collections.oceanbase.obproxy.plugins.module_utils import _process\n'
            'os.setgid(65534)\nos.setuid(65534)\n'
            'print(json.dumps(_process.listeners()))')
    with listening(tmp_path) as (_child, port, _forked):
        env = dict(os.environ, PYTHONPATH=':'.join(path for path in sys.path if path))
        found = json.loads(subprocess.check_output([sys.executable, '-c', code], env=env).decode())
    assert found[str(port)]['pids'] == [] and found[str(port)]['uid'] == 0
