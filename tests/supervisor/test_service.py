"""obproxy_service against the stand-in, its result seen from outside: processes, logins, files."""
from __future__ import annotations

import hashlib
import os
import signal
import socket
from pathlib import Path

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _start
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, Client
from conftest import runs, wait_for
from service_support import PASSWORD


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
    service.record.unlink()
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


def test_the_record_says_where_an_instance_lives(service):
    service()
    assert service('stopped', home=None, user='somebody-else') and not service.instance.pids()
    assert service(home='/elsewhere/' + service.instance.name, user='somebody-else') and service.instance.pids()


def test_without_a_record_the_home_has_to_be_given(service):
    service.record.unlink()
    with pytest.raises(HostError, match='has no record'):
        service('stopped', home=None)
    assert service('absent', home=None) is False
