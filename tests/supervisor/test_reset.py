"""obproxy_reset_password against the stand-in, its result seen from outside: processes, logins, files."""
from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, Client
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_reset_password
from conftest import runs
from service_support import command

LOST, NEW, OLD = "l0st it is", "it's %s, # and new", "an old one"


class Lost:
    """An instance that has a configuration of its own, and a password that the module isn't told."""

    def __init__(self, instance, root: Path):
        self.instance = instance
        self.layout = Layout(str(root))
        self.record = Path(self.layout.records) / f'{instance.name}.json'
        self.record.parent.mkdir(parents=True)
        self.record.write_text(json.dumps({
            'format': 1, 'name': instance.name, 'user': instance.user, 'home': str(instance.home), 'sql_port': instance.sql,
            'exporter_port': instance.exporter, 'rpc_port': instance.rpc, 'cluster_name': instance.cluster,
            'supervisor': 'obproxyd', 'state': 'running'}))
        digest = hashlib.sha1(LOST.encode()).hexdigest()
        (instance.home / 'run' / 'first_start').write_text(f'-r\n10.0.0.1:2881\n-c\nob\n-o\nobproxy_sys_password={digest}\n')
        self.pid = instance.start()
        with Client(instance.sql, LOST) as client:
            client.query("alter proxyconfig set syslog_level = 'WARN'")
            client.query("alter proxyconfig set observer_sys_password = 'ro'")
            client.query("replace into proxy_config(cluster_name, name, value, config_level) "
                         "values('ob', 'observer_sys_password', 'of ob', 'LEVEL_CLUSTER')")

    def __call__(self, check_mode=False, **changed):
        changes = Changes(check_mode)
        params = {'name': self.instance.name, 'sys_password': NEW, 'old_sys_passwords': [], 'stop_timeout': 5, 'timeout': 20, **changed}
        obproxy_reset_password.run(params, changes, self.layout, command)
        return changes.changed

    def configuration(self, password: str) -> list:
        with Client(self.instance.sql, password) as client:
            rows = client.query('show proxyconfig diff')[1] + client.query("select * from proxy_config where cluster_name='ob'")[1]
        return sorted(row for row in rows if 'obproxy_sys_password' not in row)

    def is_let_in(self, password: str) -> bool:
        try:
            Client(self.instance.sql, password).close()
        except AccessDenied:
            return False
        return True


@pytest.fixture
def lost(make, tmp_path) -> Lost:
    return Lost(make(), tmp_path / 'root')


def test_a_lost_password_is_reset_and_all_else_stays(lost):
    before, record = lost.configuration(LOST), lost.record.read_text()
    assert lost(check_mode=True) and runs(lost.pid) and not lost.is_let_in(NEW)
    assert lost()
    assert not runs(lost.pid) and len(lost.instance.pids()) == 1 and lost.instance.watchdogs()
    assert lost.configuration(NEW) == before and not lost.is_let_in(LOST)
    assert not (lost.instance.home / 'run' / 'first_start').exists()
    assert lost.record.read_text() == record
    pids = lost.instance.pids()
    assert lost() is False and lost.instance.pids() == pids


def test_it_outlives_a_later_start(lost):
    lost()
    assert lost.instance.call('stop').returncode == 0
    lost.instance.start()
    assert lost.is_let_in(NEW)


def test_no_password_is_in_anybodys_sight(lost):
    lost()
    digests = [hashlib.sha1(text.encode()).hexdigest().encode() for text in (NEW, LOST)]
    texts = [Path(f'/proc/{one}/{name}').read_bytes() for one in [*lost.instance.pids(), *lost.instance.watchdogs()]
             for name in ('cmdline', 'environ')]
    texts += [path.read_bytes() for folder in ('run', 'log') for path in (lost.instance.home / folder).iterdir()]
    assert texts and not [text for text in texts for secret in (NEW.encode(), *digests) if secret in text]


@pytest.mark.parametrize('known', [{'sys_password': LOST}, {'old_sys_passwords': [OLD, LOST]}])
def test_a_password_that_is_known_is_not_reset(lost, known):
    assert lost(**known) is False
    assert lost.instance.pids() == [lost.pid] and lost.is_let_in(LOST)


def test_a_stopped_instance_stays_stopped(lost):
    assert lost.instance.call('stop').returncode == 0
    with pytest.raises(HostError, match='start it first'):
        lost()
    assert not lost.instance.pids()


def test_an_instance_that_was_never_completed_is_created_again(lost):
    lost.record.write_text(lost.record.read_text().replace('running', 'creating'))
    with pytest.raises(HostError, match='create or batch_add'):
        lost()
    assert runs(lost.pid)


def test_an_instance_without_a_record_is_not_touched(lost):
    lost.record.unlink()
    with pytest.raises(HostError, match='no record'):
        lost()
    assert runs(lost.pid)


def test_a_password_that_cannot_be_told_is_refused_before_anything_stops(lost):
    with pytest.raises(HostError):
        lost(sys_password='a\\b')
    assert runs(lost.pid)


def test_where_the_start_fails_the_cause_is_told_and_it_runs_as_before(lost, monkeypatch):
    def fail(*dummy):
        raise HostError('no luck')
    before = lost.configuration(LOST)
    monkeypatch.setattr(obproxy_reset_password.Reset, '_launch_once', fail)
    with pytest.raises(HostError, match='(?s)no luck.*It runs again'):
        lost()
    assert lost.configuration(LOST) == before and not runs(lost.pid)


def test_the_program_that_is_tried_first_is_the_one_that_is_started(lost):
    """After an upgrade of an instance that was taken over, that is current; bin is as it was found."""
    home = lost.instance.home
    (home / 'current').symlink_to(os.path.realpath(home / 'bin'))
    (home / 'bin').unlink()
    (home / 'bin').mkdir()
    assert lost() and lost.is_let_in(NEW)
