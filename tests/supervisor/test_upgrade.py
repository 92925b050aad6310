"""obproxy_upgrade against the stand-in, its result seen from outside: processes, logins, files."""
from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import TimedOut
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Nevra, Package
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, Client
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade import Upgrade
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade_restart import Restart
from conftest import PACKAGES, compile_launcher, greets, runs, stage, wait_for
from service_support import PASSWORD, Service, command
from test_restart import Caller

OLD, MIDDLE, NEW = '4.2.3.0', '4.3.1.0', '4.3.2.0'
ANCIENT = '1.9.1.1'
OB = [{'cluster_name': 'ob', 'password': 'ro secret'}]


class Packages:
    """What RPM would know of the packages that lie in a directory."""

    def __init__(self, root: Path):
        launcher = compile_launcher(root / 'launcher')
        self.known = {}
        for one in PACKAGES:
            if one.version in (OLD, MIDDLE, NEW, ANCIENT) and (one.arch, one.release) not in (('aarch64', '4.el8'), ('x86_64', '4.el7')):
                folder = stage(one, root / one.version, launcher)
                self.known[one.version] = Package(
                    Nevra(one.name, one.version, one.release, one.arch), str(folder), set(), None)

    def installed(self):
        return list(self.known.values())

    def find(self, nevra):
        return next((one for one in self.known.values() if one.nevra == nevra), None)

    def check_complete(self, package):
        pass

    def file(self, version: str) -> str:
        return f'{self.known[version].nevra}.rpm'

    def bin(self, version: str) -> Path:
        return Path(self.known[version].dir) / 'bin'

    @contextlib.contextmanager
    def without_metrics(self, version: str):
        """A package whose proxy serves, but has no exporter."""
        path = self.bin(version).parent / 'lib' / 'standin' / 'start.py'
        text = path.read_text()
        path.write_text(text.replace("'no_metrics' in faults.now()", 'True'))
        try:
            yield
        finally:
            path.write_text(text)


@pytest.fixture(scope='session')
def packages(tmp_path_factory) -> Packages:
    root = tmp_path_factory.mktemp('packages')
    root.chmod(0o755)
    return Packages(root)


class Site(Service):
    """An instance that runs one of the packages."""

    def __init__(self, instance, root, packages, version):
        super().__init__(instance, root)
        self.packages = packages
        link = instance.home / 'bin'
        link.unlink()
        link.symlink_to(packages.bin(version))
        record = json.loads(self.record.read_text())
        record.update(exporter_port=instance.exporter, rpc_port=instance.rpc, cluster_name=instance.cluster,
                      version=packages.file(version), supervisor='obproxyd')
        self.record.write_text(json.dumps(record))
        self.result = None

    def upgrade(self, version, check_mode=False, **changed):
        params = {'name': self.instance.name, 'package': self.packages.file(version), 'mode': 'hot', 'sys_password': PASSWORD,
                  'old_sys_passwords': [], 'ob_passwords': [], 'timeout': 15, 'stop_timeout': 0, **changed}
        changes = Changes(check_mode)
        self.result = Upgrade(params, self.packages, command, changes, self.layout).carry_out()
        return changes.changed

    def refuses(self, version, **changed) -> str:
        with pytest.raises(HostError) as caught:
            self.upgrade(version, **changed)
        return str(caught.value)

    def serving(self) -> tuple[int, str]:
        """The one process that answers, and the version of its program, by /proc."""
        with Client(self.instance.sql, PASSWORD) as client:
            columns, rows = client.query('show proxysession')
            pid = int(rows[0][[name.lower() for name in columns].index('pid')])
        return pid, Path(os.readlink(f'/proc/{pid}/exe')).parents[1].name.replace('obproxy-', '')

    def tell(self, statement):
        with Client(self.instance.sql, PASSWORD) as client:
            client.query(statement)

    def fault(self, words):
        path = self.instance.home / 'etc' / 'standin.fault'
        path.write_text(words) if words else path.unlink()

    def noted(self, name):
        return json.loads(self.record.read_text()).get(name)


@pytest.fixture
def site(make, packages, tmp_path):
    def started(version, **more):
        one = Site(make(), tmp_path / 'root', packages, version)
        one(startup_parameters=more.pop('startup_parameters', None))
        one.tell('alter proxyconfig set hot_upgrade_exit_timeout = 300000')
        return one
    return started


def test_up_and_down_without_a_refused_connection(site, packages):
    one = site(MIDDLE)
    with Caller(one.instance.sql) as caller:
        for version, before in ((NEW, MIDDLE), (MIDDLE, NEW)):
            old = one.serving()[0]
            assert one.upgrade(version, check_mode=True) and one.serving() == (old, before)
            assert one.upgrade(version) and one.result['mode'] == 'hot'
            assert one.serving()[0] != old and one.serving()[1] == version
            assert (one.result['before']['version'], one.result['after']['version']) == (before, version)
            assert one.noted('version') == packages.file(version) and one.noted('upgrade') is None
            assert one.noted('previous_packages') == [str(packages.known[before].nevra)]
            pid = one.serving()[0]
            assert one.upgrade(version) is False and one.serving()[0] == pid
            wait_for(lambda: not runs(old))
    assert caller.greeted > 10 and not caller.refused
    assert one.instance.launches() == 1


@pytest.mark.parametrize('version', [OLD, ANCIENT])
def test_where_hot_cannot_work_it_is_stopped_and_started(site, version):
    one = site(version)
    assert one.upgrade(MIDDLE)
    assert one.serving()[1] == MIDDLE and one.result['mode'] == 'cold' and one.result['reason']
    assert one.parameters()['rpc_listen_port'] == str(one.instance.rpc)


def test_cold_when_asked(site):
    one = site(MIDDLE)
    one.upgrade(NEW, mode='cold')
    assert one.result['mode'] == 'cold' and one.serving()[1] == NEW and one.instance.launches() == 2


def test_back_over_the_change_of_format(site):
    one = site(MIDDLE)
    one.tell("alter proxyconfig set proxy_idc_name = 'zone 1'")
    one.tell('alter proxyconfig set work_thread_num = 3')
    one.tell('alter proxyconfig set client_session_id_version = 2')
    refusal = one.refuses(OLD)
    assert 'ob_passwords' in refusal and one.serving()[1] == MIDDLE
    assert one.upgrade(OLD, ob_passwords=OB) and one.result['mode'] == 'anew'
    assert one.serving()[1] == OLD
    live = one.parameters()
    assert (live['proxy_idc_name'], live['work_thread_num']) == ('zone 1', '3')
    assert live['rootservice_list'] == '10.0.0.1:2881' and live['observer_sys_password']
    with pytest.raises(AccessDenied):
        Client(one.instance.sql, '')
    assert one.upgrade(OLD) is False
    assert one.upgrade(MIDDLE) and one.parameters()['proxy_idc_name'] == 'zone 1'


def test_a_successor_that_dies_leaves_the_old_one_serving(site, packages):
    one = site(MIDDLE)
    pid = one.serving()[0]
    one.fault('die_at_start')
    with Caller(one.instance.sql) as caller:
        message = one.refuses(NEW)
    assert f'gone back to {packages.known[MIDDLE].nevra}' in message and f'process {pid} goes on' in message
    assert one.serving() == (pid, MIDDLE) and not caller.refused
    assert os.readlink(one.instance.home / 'bin') == str(packages.bin(MIDDLE))
    assert one.noted('version') == packages.file(MIDDLE) and one.noted('upgrade') is None
    one.fault('')
    assert one.upgrade(NEW) and one.serving()[1] == NEW


def test_a_successor_that_hangs_is_ended(site):
    one = site(MIDDLE)
    pid = one.serving()[0]
    one.fault('hang_at_start')
    one.refuses(NEW, timeout=2)
    wait_for(lambda: one.instance.pids() == [pid])
    assert one.serving() == (pid, MIDDLE)


def test_a_new_version_without_metrics_is_taken_back(site, packages):
    """It has taken the sockets over already: the old version has to be started again."""
    one = site(MIDDLE)
    with packages.without_metrics(NEW):
        message = one.refuses(NEW)
    assert 'exporter' in message and 'gone back' in message and 'started again' in message
    assert one.serving()[1] == MIDDLE and one.instance.watchdogs() and one.noted('version') == packages.file(MIDDLE)
    assert one.upgrade(NEW) and one.serving()[1] == NEW


def test_a_way_back_that_fails_is_given_its_configuration_again(site, packages):
    one = site(MIDDLE)
    one.tell("alter proxyconfig set proxy_idc_name = 'zone 1'")
    with packages.without_metrics(OLD):
        message = one.refuses(OLD, ob_passwords=OB)
    assert 'exporter' in message and 'gone back' in message and one.serving()[1] == MIDDLE
    assert one.parameters()['proxy_idc_name'] == 'zone 1'


def test_what_was_stopped_stays_stopped(site):
    one = site(MIDDLE)
    one('stopped')
    assert one.upgrade(NEW) and one.result['mode'] == 'none'
    one.nothing_is_left()
    assert one.upgrade(NEW) is False
    one()
    assert one.serving()[1] == NEW


def test_a_killed_run_is_taken_up(site, packages, monkeypatch):
    one = site(MIDDLE)

    def killed(*_args):
        raise KeyboardInterrupt
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        for name in ('carry_out', 'undo'):
            patched.setattr(Restart, name, killed)
        one.upgrade(NEW)
    assert one.serving()[1] == MIDDLE and one.noted('version') == packages.file(MIDDLE)
    assert one.upgrade(NEW) and one.serving()[1] == NEW
    assert one.noted('previous_packages') == [str(packages.known[MIDDLE].nevra)]


def test_a_run_that_the_controller_has_given_up_goes_back(site, packages, monkeypatch):
    one = site(MIDDLE)

    def given_up(*_args):
        raise TimedOut(1)
    with monkeypatch.context() as patched, pytest.raises(TimedOut):
        patched.setattr(Upgrade, '_check', given_up)
        one.upgrade(NEW)
    assert one.serving()[1] == MIDDLE and one.noted('upgrade') is None
    assert os.readlink(one.instance.home / 'bin') == str(packages.bin(MIDDLE))


def test_the_wrong_password_changes_nothing(site, packages):
    one = site(MIDDLE)
    with pytest.raises(Exception, match='Nothing was changed'):
        one.upgrade(NEW, sys_password='another')
    assert os.readlink(one.instance.home / 'bin') == str(packages.bin(MIDDLE)) and one.noted('upgrade') is None


def test_a_program_that_cannot_be_executed_changes_nothing(site, packages):
    one = site(MIDDLE)
    program = packages.bin(NEW) / 'obproxy'
    program.rename(program.with_name('away'))
    program.write_text('not a program')
    program.chmod(0o755)
    try:
        assert 'cannot be executed' in one.refuses(NEW)
    finally:
        program.with_name('away').rename(program)
    assert one.serving()[1] == MIDDLE and os.readlink(one.instance.home / 'bin') == str(packages.bin(MIDDLE))


def test_a_home_that_is_the_packages_own(site, packages):
    """A taken-over instance: bin is RPM's there, so a link beside it goes before it."""
    one = site(MIDDLE)
    one('stopped')
    (one.instance.home / 'bin').unlink()
    shutil.copytree(packages.bin(MIDDLE), one.instance.home / 'bin')
    shutil.copytree(packages.bin(MIDDLE).parent / 'lib', one.instance.home / 'lib')
    one()
    assert one.upgrade(NEW) and one.result['mode'] == 'cold'
    assert one.serving()[1] == NEW and os.readlink(one.instance.home / 'current') == str(packages.bin(NEW))
    assert (one.instance.home / 'bin' / 'obproxy').is_file()
    assert one.upgrade(MIDDLE) and one.result['mode'] == 'hot' and one.serving()[1] == MIDDLE
    os.kill(one.serving()[0], signal.SIGKILL)
    wait_for(lambda: greets(one.instance.sql))
    assert one.serving()[1] == MIDDLE
