"""obproxy_service against the stand-in, its result seen from outside: processes, logins, files."""
from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _start
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, Client
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_service
from conftest import runs, wait_for

PASSWORD = "it's %s, # and secret"


def command(argv, cwd=None, environ_update=None):
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(environ_update or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Service:
    """The module's calls for one instance, on a host whose root is a directory of the test."""

    def __init__(self, instance, root: Path):
        self.instance = instance
        self.layout = Layout(str(root))
        self.record = Path(self.layout.records) / f'{instance.name}.json'
        self.record.parent.mkdir(parents=True)
        self.record.write_text(json.dumps({
            'format': 1, 'name': instance.name, 'user': instance.user, 'home': str(instance.home),
            'sql_port': instance.sql, 'state': 'creating'}))

    def __call__(self, state='started', check_mode=False, **changed):
        one = self.instance
        params = {
            'state': state, 'name': one.name, 'home': str(one.home), 'user': one.user, 'sql_port': one.sql,
            'exporter_port': one.exporter, 'rpc_port': one.rpc, 'cluster_name': one.cluster, 'sys_password': PASSWORD,
            'old_sys_passwords': None, 'work_mode': 'RS_LIST', 'config_url': '', 'rs_list': '10.0.0.1:2881',
            'ob_cluster_name': 'ob', 'startup_parameters': None, 'supervisor': 'obproxyd', 'timeout': 20, **changed}
        changes = Changes(check_mode)
        obproxy_service.run(params, changes, self.layout, command)
        return changes.changed

    def state(self) -> str:
        return json.loads(self.record.read_text())['state']

    def parameters(self, password: str = PASSWORD) -> dict:
        with Client(self.instance.sql, password) as client:
            return dict(row[:2] for row in client.query('show proxyconfig')[1])

    def nothing_is_left(self):
        assert not self.instance.pids() and not self.instance.watchdogs()
        assert not (self.instance.home / 'run' / 'first_start').exists()


@pytest.fixture
def service(make, tmp_path) -> Service:
    return Service(make(), tmp_path / 'root')


def given(**values: str) -> list[dict]:
    return [{'name': name, 'value': value} for name, value in values.items()]


def test_started_twice_and_stopped_twice(service):
    assert service()
    pids = service.instance.pids()
    assert len(pids) == 1
    assert service.state() == 'running'
    assert service() is False
    assert service.instance.pids() == pids
    assert service('stopped', check_mode=True) and service.instance.pids() == pids
    assert service('stopped')
    service.nothing_is_left()
    assert service('stopped') is False and service('absent') is False
    assert service(check_mode=True) and not service.instance.pids()
    assert service()
    assert service.parameters()['rootservice_list'] == '10.0.0.1:2881'


def test_check_mode_of_a_first_run(service, tmp_path):
    nowhere = str(tmp_path / 'nowhere' / service.instance.name)
    assert service(check_mode=True, home=nowhere, user='nobody-of-this-name')
    assert service('absent', home=nowhere, user='nobody-of-this-name') is False


def test_only_the_given_password_is_let_in(service):
    service()
    for wrong in ('', 'x', hashlib.sha1(PASSWORD.encode()).hexdigest()):
        with pytest.raises(AccessDenied):
            Client(service.instance.sql, wrong)


def test_the_password_is_nowhere(service):
    service(startup_parameters=given(work_thread_num='8'))
    pid = service.instance.pids()[0]
    digest = hashlib.sha1(PASSWORD.encode()).hexdigest().encode()
    texts = [Path(f'/proc/{one}/{name}').read_bytes() for one in [pid, *service.instance.watchdogs()]
             for name in ('cmdline', 'environ')]
    texts += [path.read_bytes() for folder in ('run', 'log') for path in (service.instance.home / folder).iterdir()]
    assert texts and not [text for text in texts if PASSWORD.encode() in text or digest in text]


def test_startup_parameters_are_in_force(service):
    service(work_mode='CONFIG_URL', config_url='http://config:8080/services?Action=GetObProxyConfig&a=b,c',
            startup_parameters=given(work_thread_num='8', enable_strict_kernel_release='false'))
    live = service.parameters()
    assert live['work_thread_num'] == '8'
    assert live['obproxy_config_server_url'].endswith('&a=b,c')
    assert live['enable_metadb_used'].lower() == 'false'
    with Client(service.instance.sql, PASSWORD) as client:
        running = [row for row in client.query('show proxyconfig diff')[1] if row[0] == 'obproxy_config_server_url']
    assert running


def test_an_unknown_parameter_fails_the_start_and_the_next_run_begins_anew(service):
    with pytest.raises(HostError, match='no_such_thing is unknown'):
        service(startup_parameters=given(no_such_thing='1'))
    service.nothing_is_left()
    assert service.state() == 'creating'
    assert service()
    assert service.state() == 'running'


def test_a_bad_value_fails_the_start_with_the_logs(service):
    with pytest.raises(HostError, match='work_thread_num') as caught:
        service(startup_parameters=given(work_thread_num='99999999'))
    assert 'obproxy_diagnosis.log' in str(caught.value)
    service.nothing_is_left()


@pytest.mark.parametrize('port', ['sql', 'exporter', 'rpc'])
def test_a_taken_port_is_named_with_its_holder(service, port):
    with socket.create_server(('', getattr(service.instance, port))):
        with pytest.raises(HostError, match=rf'port {getattr(service.instance, port)} is held by .*pid {os.getpid()},'):
            service()
    service.nothing_is_left()


def test_metrics_that_fail_to_come_are_an_error(service, monkeypatch):
    monkeypatch.setenv('OBPROXY_STANDIN_FAULT', 'no_metrics')
    with pytest.raises(HostError, match='serves no metrics'):
        service()
    service.nothing_is_left()


def test_a_corrupt_configuration_is_named(service):
    service()
    service('stopped')
    (service.instance.home / 'etc' / 'proxyconfig_v1.db').write_text('garbage')
    with pytest.raises(HostError, match='configuration in etc is corrupt'):
        service()
    service.nothing_is_left()


def test_a_wrong_password_changes_nothing(service):
    service()
    pids = service.instance.pids()
    with pytest.raises(HostError, match='old_sys_passwords'):
        service(sys_password='wrong')
    assert service.instance.pids() == pids
    assert service(sys_password='wrong', old_sys_passwords=['x', PASSWORD]) is False


def test_a_wrong_password_stops_what_it_started(service):
    service()
    service('stopped')
    with pytest.raises(HostError, match='stopped again'):
        service(sys_password='wrong')
    service.nothing_is_left()
    assert service() and service.parameters()


def test_a_run_killed_before_the_password_was_set(service):
    """The next run finds a proxy that lets nobody in, and a record that says why."""
    one_time, digest = _start.one_time_password()
    first = service.instance.home / 'run' / 'first_start'
    first.write_text(f'-o\nobproxy_sys_password={digest}\n')
    pid = service.instance.start()
    assert service.parameters(one_time)
    assert service(check_mode=True) and runs(pid)
    assert service()
    assert not runs(pid)
    assert service.parameters()['rootservice_list'] == '10.0.0.1:2881'
    assert service.state() == 'running'


def test_a_run_killed_before_the_record_was_written(service):
    service()
    pids = service.instance.pids()
    service.record.write_text(service.record.read_text().replace('running', 'creating'))
    assert service()
    assert service.state() == 'running' and service.instance.pids() == pids


def test_a_missing_watchdog_is_started_and_adopts(service):
    service()
    pids = service.instance.pids()
    watchdog = service.instance.watchdogs()[0]
    os.kill(watchdog, signal.SIGKILL)
    wait_for(lambda: not runs(watchdog))
    assert service(check_mode=True) and not service.instance.watchdogs()
    assert service()
    assert service.instance.watchdogs() and service.instance.pids() == pids
    assert service() is False


def test_the_packages_script_has_to_parse(service):
    with pytest.raises(HostError, match='bash refuses it'):
        service(supervisor='package')
    service.nothing_is_left()


@pytest.mark.parametrize('changed', [
    {'sys_password': ''}, {'sys_password': 'a\\b'}, {'rs_list': ''}, {'work_mode': 'CONFIG_URL'},
    {'startup_parameters': [{'name': 'obproxy_sys_password', 'value': 'x'}]},
    {'startup_parameters': [{'name': 'listen_port', 'value': '1'}]}])
def test_what_cannot_work_is_refused_before_anything_runs(service, changed):
    with pytest.raises(HostError):
        service(**changed)
    service.nothing_is_left()
    assert service.instance.launches() == 0
