# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents are told by the real script about real processes named obproxy and obproxyd.sh."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fcntl
import json
import os
import pwd
import re
import socket
import stat
import sys

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _agent, _agents, _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import Instance, PackageScript
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_agent
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import call, idle, running, wait_until, write

ME = pwd.getpwuid(os.geteuid()).pw_name
ROLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', '..', 'roles', 'refresh_agent')
with open(os.path.join(ROLE, 'files', 'agent.py')) as source:
    SCRIPT = source.read()
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='the module demands root')


class Host(object):
    """A host whose root is a directory of the test."""

    def __init__(self, folder, monkeypatch, capsys):
        self.folder = folder
        self.textfiles = folder / 'textfile'
        self.ocp = folder / 'ocp_agent'
        self.layout = _instance.Layout(str(folder))
        self._patches = monkeypatch, capsys
        monkeypatch.setattr(_instance, 'Layout', lambda: self.layout)
        for name in ('run', 'textfile', 'etc/obproxy', 'ocp_agent/conf/config_properties', 'home/foo-2883/run', 'home/bar-3883/run'):
            os.makedirs(str(folder / name))

    def record(self, name, port, cluster_id):
        write(self.folder / 'etc' / 'obproxy' / (name + '.json'), json.dumps({
            'format': 1, 'name': name, 'user': ME, 'home': str(self.folder / 'home' / name), 'sql_port': port, 'exporter_port': port + 1,
            'cluster_id': cluster_id, 'cluster_name': name.partition('-')[0], 'server_id': 7,
            'version': 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'}))

    def call(self, name='foo-2883', **changed):
        arguments = dict(name=name, address='10.0.0.11', script=SCRIPT, textfile_dir=str(self.textfiles), ocp_agent=str(self.ocp))
        arguments.update(changed)
        return call(obproxy_agent, arguments, *self._patches)

    def metrics(self):
        """{(metric, instance): value} of the textfile."""
        found = re.findall(r'^(\w+)\{name="([^"]+)".*\} (\S+)$', (self.textfiles / 'obproxy.prom').read_text(), re.M)
        return dict(((metric, name), float(value)) for metric, name, value in found)

    def properties(self):
        return (self.ocp / 'conf' / 'config_properties' / 'obproxy.yaml').read_text()

    def left(self):
        return sorted(os.path.join(folder, name)[len(str(self.folder)) + 1:]
                      for folder, _folders, names in os.walk(str(self.folder)) for name in names if name != 'obproxy.lock')


@pytest.fixture(name='host')
def host_fixture(tmp_path, monkeypatch, capsys):
    found = Host(tmp_path, monkeypatch, capsys)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        found.port = free.getsockname()[1]
    found.record('foo-2883', found.port, 1)
    found.record('bar-3883', 1, 2)
    return found


def test_two_instances_share_the_agents_and_leave_nothing(host):
    before = host.left()
    assert host.call()['agents'] == {'textfile_dir': str(host.textfiles), 'ocp_agent_dir': str(host.ocp / 'conf' / 'config_properties')}
    assert host.call('bar-3883')['changed']
    assert set(name for _metric, name in host.metrics()) == {'foo-2883', 'bar-3883'}
    assert '- key: obproxy.foo-2883.host.ip\n    value: "10.0.0.11"\n' in host.properties()
    assert '- key: obproxy.bar-3883.exporter.port\n    value: 2\n    valueType: int64\n' in host.properties()
    assert 'cluster="bar",version="4.3.1.0"} 1' in (host.textfiles / 'obproxy.prom').read_text()
    assert not host.call()['changed']
    assert stat.S_IMODE(os.stat(str(host.folder / 'etc' / 'obproxy' / 'agent' / 'foo-2883.json')).st_mode) == 0o600
    assert host.call(state='absent')['changed']
    assert set(name for _metric, name in host.metrics()) == {'bar-3883'} and 'foo-2883' not in host.properties()
    assert host.call('bar-3883', state='absent')['changed']
    assert host.left() == before
    assert not host.call('bar-3883', state='absent')['changed']


def test_an_upgraded_instance_is_told_of_as_what_it_would_be_started_as(host):
    home = host.folder / 'home' / 'bar-3883'
    os.symlink('/home/admin/obproxy-4.3.2.0/bin', str(home / 'bin'))
    host.call('bar-3883')
    assert 'cluster="bar",version="4.3.2.0"} 1' in (host.textfiles / 'obproxy.prom').read_text()


def test_the_script_writes_nothing_back_while_an_instance_is_forgotten(host, monkeypatch):
    host.call()
    remove, held = _agent.remove_file, []

    def remove_and_look(changes, folder, name):
        fd = os.open(str(host.folder / 'etc' / 'obproxy' / 'agent'), os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (IOError, OSError):
            held.append(name)
        finally:
            os.close(fd)
        return remove(changes, folder, name)
    monkeypatch.setattr(_agent, 'remove_file', remove_and_look)
    assert host.call(state='absent')['changed']
    assert held == ['foo-2883.json', 'obproxy.prom', 'obproxy.yaml']


def test_facts_that_are_empty_are_passed_over(host):
    host.call()
    write(host.folder / 'etc' / 'obproxy' / 'agent' / 'bar-3883.json', '')
    host.call()
    assert set(name for _metric, name in host.metrics()) == {'foo-2883'}


def test_a_link_of_the_agent_s_owner_leads_root_nowhere(host):
    properties, victim = host.ocp / 'conf' / 'config_properties', host.folder / 'victim'
    os.rmdir(str(properties))
    os.mkdir(str(victim))
    os.symlink(str(victim), str(properties))
    host.call()
    assert os.listdir(str(victim)) == ['obproxy.yaml']
    os.unlink(str(victim / 'obproxy.yaml'))
    os.lchown(str(properties), 1, 1)
    result = host.call()
    assert result['failed'] and str(properties / 'obproxy.yaml') + ' cannot be written' in result['msg']
    assert os.listdir(str(victim)) == []
    assert set(name for _metric, name in host.metrics()) == {'foo-2883'}


def test_the_files_belong_to_the_directory_s_owner(host):
    properties = host.ocp / 'conf' / 'config_properties'
    for folder in (host.textfiles, properties):
        os.chown(str(folder), 1, 1)
    host.call()
    assert [os.stat(str(path)).st_uid for path in (host.textfiles / 'obproxy.prom', properties / 'obproxy.yaml')] == [1, 1]


@pytest.mark.parametrize('given, ran', [(['none', 'a'], 'a'), (['mine', 'a'], 'a'), (['none'], sys.executable)])
def test_the_system_s_python_runs_the_script(host, monkeypatch, given, ran):
    for name in ('a', 'mine'):
        write(host.folder / name, '#!/bin/sh\nexec %s "$@"\n' % sys.executable, 0o755)
    os.chown(str(host.folder / 'mine'), 1, 1)
    monkeypatch.setattr(_agent, 'PYTHONS', [str(host.folder / name) for name in given])
    host.call()
    [line] = (host.folder / 'etc' / 'cron.d' / 'obproxy-agent').read_text().splitlines()[1:]
    assert ' root %s -E -s %s' % (os.path.join(str(host.folder), ran), host.layout.agent_script) in line


def test_check_mode(host):
    before = host.left()
    assert host.call(_ansible_check_mode=True)['changed']
    assert host.left() == before
    host.call()
    with_it = host.left()
    assert host.call(state='absent', _ansible_check_mode=True)['changed']
    assert host.left() == with_it


def test_a_host_without_an_agent_is_left_as_it_is(host, monkeypatch):
    monkeypatch.setattr(_agents, '_textfile_dir', lambda proc: None)
    before = host.left()
    result = host.call(textfile_dir=None, ocp_agent=str(host.folder / 'none'))
    assert not result['changed'] and set(result['agents'].values()) == {None}
    assert host.left() == before


def test_only_what_runs_in_the_home_is_up(host):
    home, other = str(host.folder / 'home' / 'foo-2883'), str(host.folder / 'home' / 'bar-3883')
    write(os.path.join(home, 'obproxyd.sh'), 'read -r line\n')
    up, guarded = ('obproxy_process_up', 'foo-2883'), ('obproxyd_process_up', 'foo-2883')
    host.call()
    assert (host.metrics()[up], host.metrics()[guarded]) == (0, 0)
    assert ('obproxy_process_start_time_seconds', 'foo-2883') not in host.metrics()
    with idle(host.folder, cwd=other), running(['bash', os.path.join(home, 'obproxyd.sh'), '-c', 'status'], home):
        host.call()
        assert (host.metrics()[up], host.metrics()[guarded]) == (0, 0)
    with idle(host.folder, cwd=home), running(['bash', os.path.join(home, 'obproxyd.sh'), '-c', 'run'], home):
        wait_until(lambda: host.call() and (host.metrics()[up], host.metrics()[guarded]) == (1, 1))
        assert (host.metrics()[up], host.metrics()[guarded]) == (1, 1)
        assert host.metrics()['obproxy_process_resident_memory_bytes', 'foo-2883'] > 100000
        assert host.metrics()['obproxy_stopped', 'foo-2883'] == 0
    write(os.path.join(home, 'run', 'stopped'), '')
    host.call()
    assert host.metrics()['obproxy_stopped', 'foo-2883'] == 1


def test_a_proxy_that_the_package_s_watchdog_keeps_is_not_stopped(host):
    home, stopped = str(host.folder / 'home' / 'foo-2883'), ('obproxy_stopped', 'foo-2883')
    instance = Instance(dict(name='foo-2883', home=home, user=ME, sql_port=host.port))
    PackageScript(instance, lambda argv, **more: (0, '', ''), host.layout).hand_over('foo')
    host.call()
    assert host.metrics()[stopped] == 0
    # As obproxyd.sh -c stop does.
    write(os.path.join(home, 'run', 'stopped'), '')
    host.call()
    assert host.metrics()[stopped] == 1


def test_a_port_that_greets_nobody_is_not_up(host):
    home, sql = str(host.folder / 'home' / 'foo-2883'), ('obproxy_sql_up', 'foo-2883')
    greeter = 'import socket, sys\ns = socket.socket()\ns.setsockopt(1, 2, 1)\ns.bind(("127.0.0.1", %d))\ns.listen(5)\nprint(1, flush=True)\n' \
              'while True:\n    c = s.accept()[0]\n    c.send(b"J") if "greet" in sys.argv else sys.stdin.read()\n' % host.port
    with idle(host.folder, cwd=home):
        for word, expected in (('greet', 1), ('silent', 0)):
            with running(['python3', '-c', greeter, word]) as child:
                child.stdout.readline()
                host.call()
                assert host.metrics()[sql] == expected
                child.kill()


def test_what_was_set_is_pending_until_a_restart(host):
    home, pending = str(host.folder / 'home' / 'foo-2883'), ('obproxy_pending_restart', 'foo-2883')
    with idle(host.folder, cwd=home):
        host.call(pending_restart=['work_thread_num', 'rootservice_list'])
        assert host.metrics()[pending] == 2
        assert not host.call()['changed']
        host.call(pending_restart=['work_thread_num'])
        assert host.metrics()[pending] == 2
    facts = json.loads((host.folder / 'etc' / 'obproxy' / 'agent' / 'foo-2883.json').read_text())
    assert facts['pending_restart']['names'] == ['rootservice_list', 'work_thread_num']
    # As if it had been set a while ago.
    facts['pending_restart']['since'] -= 100
    write(host.folder / 'etc' / 'obproxy' / 'agent' / 'foo-2883.json', json.dumps(facts))
    with idle(host.folder, cwd=home):
        host.call()
        assert host.metrics()[pending] == 0


def test_a_proxy_that_cannot_be_asked_is_told(host):
    result = host.call(sys_passwords=['s3cret-of-nobody'])
    assert result['failed'] and 'The limits of foo-2883 cannot be read' in result['msg'] and 's3cret-of-nobody' not in json.dumps(result)


def test_an_instance_without_a_record_is_refused(host):
    result = host.call('none-1234')
    assert result['failed'] and 'has no record' in result['msg']
    assert host.call('../x-1')['failed']
