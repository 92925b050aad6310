# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import json
import os
import pwd
import stat

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _provision
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import PackageError, Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import Provision, TransferNeeded
from ansible_collections.oceanbase.obproxy.plugins.module_utils._prune import prune
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_package
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import (
    build_rpm, call, idle, run, wait_until, write)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='rpm --root needs root')
HERE = os.uname()[4]
NEW = 'obproxy-ce-4.3.1.0-4.el8.%s.rpm' % HERE
OLD = 'obproxy-ce-4.2.3.0-3.el8.%s.rpm' % HERE
NEW_BIN = '/home/admin/obproxy-4.3.1.0/bin'


@pytest.fixture(name='packages', scope='module')
def packages_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp('packages')
    build_rpm(folder)
    build_rpm(folder, version='4.2.3.0', release='3.el8')
    return folder


class Host(object):
    """A host with its own RPM database, on which the module's work is done."""

    def __init__(self, root, packages):
        self.root = root
        self.packages = packages
        self.layout = Layout(str(root))
        self.home = root / 'opt' / 'foo-2883'
        self.rpm = Rpm(run, ['--root', str(root), '--dbpath', '/db'], str(root))
        self.calls = []
        os.makedirs(str(self.home))
        os.makedirs(self.layout.records)
        (root / 'run').mkdir()

    def _run(self, argv):
        self.calls.append(argv)
        return run(argv)

    def provision(self, check_mode=False, **changed):
        options = dict(package=NEW, source='file', src=None, url=None, checksum=None, key=None, home=str(self.home),
                       timeout=1)
        options.update(changed)
        if options['src'] is None:
            options['src'] = str(self.packages / options['package'])
        changes = Changes(check_mode)
        rpm = Rpm(self._run, self.rpm._options, self.rpm.root)
        return Provision(options, rpm, self._run, changes, self.layout, HERE), changes

    def present(self, **changed):
        provision, changes = self.provision(**changed)
        return provision.present(), changes

    def absent(self, **changed):
        provision, changes = self.provision(**changed)
        return provision.absent(), changes

    def installed(self):
        return sorted(str(package.nevra) + '.rpm' for package in self.rpm.installed())

    def add_record(self, name, home, **more):
        write(os.path.join(self.layout.records, name + '.json'), json.dumps(
            dict({'format': 1, 'name': name, 'user': 'root', 'home': str(home), 'sql_port': 1}, **more)))


@pytest.fixture(name='host')
def host_fixture(tmp_path, packages):
    return Host(tmp_path, packages)


def test_package_is_installed_once_and_linked(host):
    folder, changes = host.present()
    assert (folder, changes.changed, host.installed()) == ('/home/admin/obproxy-4.3.1.0', True, [NEW])
    assert os.readlink(str(host.home / 'bin')) == NEW_BIN
    program = host.rpm.root + NEW_BIN + '/obproxy'
    before = os.stat(program)
    folder, changes = host.present(src='/no/such/file')
    assert (folder, changes.changed) == ('/home/admin/obproxy-4.3.1.0', False)
    assert (os.stat(program).st_ino, os.stat(program).st_ctime) == (before.st_ino, before.st_ctime)


@pytest.mark.parametrize('first, second', [(OLD, NEW), (NEW, OLD)])
def test_versions_stay_side_by_side(host, first, second):
    host.present(package=first)
    host.present(package=second, home=None)
    assert host.installed() == [OLD, NEW]
    assert not [argv for argv in host.calls if '-U' in argv or '--nodeps' in argv]


def test_check_mode_agrees_and_installs_nothing(host):
    _folder, checked = host.present(check_mode=True)
    assert host.installed() == [] and os.listdir(str(host.home)) == []
    folder, blind = host.present(check_mode=True, src='/no/such/file')
    assert blind.changed and folder is None
    _folder, real = host.present()
    assert checked.diff == real.diff
    assert not host.present(check_mode=True)[1].changed


def test_missing_file_asks_for_a_transfer(host):
    with pytest.raises(TransferNeeded):
        host.present(src='/no/such/file')


def test_wrong_checksum_installs_nothing(host):
    with pytest.raises(PackageError, match='is expected'):
        host.present(checksum='sha256:' + 'a' * 64)
    assert host.installed() == []
    content = (host.packages / NEW).read_bytes()
    host.present(checksum='sha256:' + hashlib.sha256(content).hexdigest())
    assert host.installed() == [NEW]


def test_renamed_package_is_refused(host):
    with pytest.raises(PackageError, match='renamed'):
        host.present(package=NEW.replace('4.3.1.0', '4.3.2.0'), src=str(host.packages / NEW))
    assert host.installed() == []


def test_unsigned_package_is_refused_when_a_key_is_given(host, tmp_path):
    home = str(tmp_path / 'gnupg')
    os.mkdir(home, 0o700)
    gpg = ['gpg', '--homedir', home, '--batch', '--quiet']
    run(gpg + ['--passphrase', '', '--quick-generate-key', 'tester', 'rsa2048', 'sign', 'never'])
    key = run(gpg + ['--armor', '--export', 'tester'])[1]
    run(['gpgconf', '--homedir', home, '--kill', 'gpg-agent'])
    with pytest.raises(PackageError, match='not signed'):
        host.present(key=key)
    assert host.installed() == []


def test_package_whose_user_is_missing_is_refused(host, tmp_path):
    path = build_rpm(tmp_path, user='nosuchuser')
    with pytest.raises(PackageError, match='user nosuchuser, who does not exist'):
        host.present(src=path, home=None)
    assert host.installed() == []


def test_instance_of_another_user_needs_no_owner_of_the_files(host, tmp_path):
    host.present(src=build_rpm(tmp_path, user='nosuchuser'))
    assert host.installed() == [NEW]
    assert os.readlink(str(host.home / 'bin')) == NEW_BIN
    assert os.stat(host.rpm.root + NEW_BIN + '/obproxy').st_uid == os.geteuid()


def test_other_release_is_refused(host, tmp_path):
    host.present()
    path = build_rpm(tmp_path, release='5.el8')
    with pytest.raises(PackageError, match='would share its directory'):
        host.present(src=path, package=os.path.basename(path))
    assert host.installed() == [NEW]


def test_wrong_link_is_corrected_only_while_the_instance_is_down(host):
    host.present(package=OLD)
    with idle(host.root, cwd=host.home) as child:
        wait_until(lambda: os.readlink('/proc/%d/cwd' % child.pid) == str(host.home))
        with pytest.raises(HostError, match='process %d.*use the upgrade' % child.pid):
            host.present()
        assert host.installed() == [OLD]
        assert 'obproxy-4.2.3.0' in os.readlink(str(host.home / 'bin'))
        assert not host.present(package=OLD)[1].changed
    assert host.present()[1].changed
    assert os.readlink(str(host.home / 'bin')) == NEW_BIN


def test_bin_that_is_no_link_is_left(host):
    (host.home / 'bin').mkdir()
    with pytest.raises(HostError, match='is a directory, but a symbolic link is expected'):
        host.present()


def test_missing_home_is_told(host):
    with pytest.raises(HostError, match='obproxy_instance'):
        host.present(home=str(host.root / 'none'))
    assert host.installed() == []


def test_absent_removes_link_and_package(host):
    host.present(package=OLD, home=None)
    host.present()
    users, checked = host.absent(check_mode=True)
    assert users == [] and host.installed() == [OLD, NEW]
    users, changes = host.absent()
    assert (users, changes.diff) == ([], checked.diff)
    assert host.installed() == [OLD] and os.listdir(str(host.home)) == [] and not host.absent()[1].changed


def test_absent_keeps_a_package_that_was_there_before_the_instance(host):
    host.present(home=None)
    host.present()
    users, changes = host.absent()
    assert users == [] and changes.changed
    assert host.installed() == [NEW] and os.listdir(str(host.home)) == []


def test_absent_leaves_no_empty_directories_of_the_packages(host, tmp_path):
    path = build_rpm(tmp_path, name='obproxy', version='3.2.3', release='1.el7')
    host.present(src=path, package=os.path.basename(path), home=None)
    assert (host.root / 'opt' / 'taobao' / 'install' / 'obproxy-3.2.3').is_dir()
    host.absent(package=os.path.basename(path), home=None)
    assert os.listdir(str(host.root / 'opt')) == ['foo-2883']


def test_absent_leaves_the_home_of_the_files_owner(host, tmp_path, monkeypatch):
    monkeypatch.setattr(_provision, 'find_user', lambda name: pwd.struct_passwd(
        (name, 'x', 0, 0, '', '/home/admin', '/bin/sh')))
    host.present()
    host.absent()
    assert os.listdir(str(host.root / 'home')) == ['admin']


def test_absent_keeps_what_another_instance_uses(host):
    host.present()
    other = host.root / 'opt' / 'bar-3883'
    other.mkdir()
    os.symlink(NEW_BIN, str(other / 'bin'))
    host.add_record('foo-2883', host.home)
    host.add_record('bar-3883', other)
    users, changes = host.absent()
    assert users == ['bar-3883'] and changes.changed
    assert host.installed() == [NEW] and os.listdir(str(host.home)) == []


@pytest.fixture(name='beside')
def beside_fixture(host):
    """Two more instances on the host, of the package of the first; the user of the third has only kept it."""
    for name, more in (('foo-2883', {}), ('bar-3883', {}), ('baz-4883', {'previous_packages': [NEW[:-len('.rpm')]]})):
        os.makedirs(str(host.root / 'opt' / name), exist_ok=True)
        host.add_record(name, host.root / 'opt' / name, **more)
    os.symlink(NEW_BIN, str(host.root / 'opt' / 'bar-3883' / 'bin'))
    return host


def leave(host, name):
    home = str(host.root / 'opt' / name)
    users = host.absent(home=home)[0]
    os.unlink(os.path.join(host.layout.records, name + '.json'))
    return users, os.listdir(home)


def test_the_last_instance_removes_the_package_that_came_with_the_first(beside):
    beside.present()
    beside.absent(check_mode=True)
    assert '.package' in os.listdir(str(beside.home))
    assert leave(beside, 'foo-2883') == (['bar-3883', 'baz-4883'], [])
    assert leave(beside, 'bar-3883') == (['baz-4883'], []) and beside.installed() == [NEW]
    assert prune('baz-4883', 0, 1, beside.rpm, Changes(), beside.layout) == [NEW[:-len('.rpm')]]
    assert beside.installed() == []


def test_what_was_there_before_the_first_outlives_the_last(beside):
    beside.present(home=None)
    beside.present()
    for name in ('foo-2883', 'baz-4883', 'bar-3883'):
        assert leave(beside, name)[1] == []
    assert beside.installed() == [NEW]


def test_absent_refuses_while_the_instance_runs(host):
    host.present()
    with idle(host.root, cwd=host.home) as child:
        wait_until(lambda: os.readlink('/proc/%d/cwd' % child.pid) == str(host.home))
        with pytest.raises(HostError, match='runs.*process %d' % child.pid):
            host.absent()
    assert host.installed() == [NEW] and os.path.islink(str(host.home / 'bin'))


def test_two_installations_at_once_wait_for_each_other(host):
    with locked(host.layout.lock, 1, 'test'):
        with pytest.raises(HostError, match='locked.*process %d, for more than 1 s' % os.getpid()):
            host.present()
    assert host.installed() == []


def test_nothing_temporary_is_left(host, monkeypatch):
    temporary = host.root / 'tmp'
    temporary.mkdir(exist_ok=True)
    monkeypatch.setattr('tempfile.tempdir', str(temporary))
    host.present()
    with pytest.raises(PackageError):
        host.present(package=OLD, checksum='sha256:' + 'a' * 64)
    assert [name for name in os.listdir(str(temporary)) if name.startswith('obproxy')] == []


def test_module_tells_a_bad_name(monkeypatch, capsys):
    result = call(obproxy_package, {'package': 'bash.rpm'}, monkeypatch, capsys)
    assert result['failed'] and "'bash.rpm' is no OBProxy package" in result['msg']


def test_module_needs_a_checksum_with_a_url(monkeypatch, capsys):
    result = call(obproxy_package, {'package': NEW, 'source': 'url', 'url': 'http://x/'}, monkeypatch, capsys)
    assert result['failed'] and 'checksum' in result['msg']


def test_module_does_not_tell_the_password_in_a_url(host, monkeypatch, capsys):
    monkeypatch.setattr(obproxy_package, 'Layout', lambda: host.layout)
    result = call(obproxy_package, {
        'package': NEW, 'source': 'url', 'url': 'http://user:hunter2@127.0.0.1:1/', 'checksum': 'sha256:' + 'a' * 64},
        monkeypatch, capsys)
    assert result['failed'] and '127.0.0.1:1/' + NEW in result['msg']
    assert 'hunter2' not in json.dumps(result)


def test_lock_is_root_s_alone(host):
    host.present()
    assert stat.S_IMODE(os.stat(host.layout.lock).st_mode) == 0o600


ROAD = ['4.2.1.0', '4.2.3.0', '4.3.1.0']


def package_of(version):
    release = {'4.2.3.0': '3.el8', '4.3.1.0': '4.el8'}.get(version, '1.el8')
    return 'obproxy-ce-%s-%s.%s' % (version, release, HERE)


@pytest.fixture(name='upgraded')
def upgraded_fixture(host, packages):
    """A host whose instance came by two upgrades to the third of its packages."""
    build_rpm(packages, version='4.2.1.0', release='1.el8')
    host.add_record('foo-2883', host.home, previous_packages=[package_of(one) for one in reversed(ROAD[:-1])])
    for version in ROAD:
        host.present(package=package_of(version) + '.rpm', home=None, name='foo-2883')
    os.symlink('/home/admin/obproxy-4.3.1.0/bin', str(host.home / 'bin'))
    return host


def pruned(host, keep=1, check_mode=False):
    return prune('foo-2883', keep, 1, host.rpm, Changes(check_mode), host.layout)


def test_a_package_for_an_instance_leaves_its_link(upgraded):
    assert os.readlink(str(upgraded.home / 'bin')) == NEW_BIN
    assert len(upgraded.installed()) == 3
    with pytest.raises(HostError, match='bar-1 has no record'):
        upgraded.present(home=None, name='bar-1')


def test_all_but_the_last_ones_are_pruned(upgraded):
    assert pruned(upgraded, check_mode=True) == [package_of('4.2.1.0')] and len(upgraded.installed()) == 3
    assert pruned(upgraded) == [package_of('4.2.1.0')]
    assert upgraded.installed() == [OLD, NEW]
    assert pruned(upgraded) == [] and pruned(upgraded, keep=0) == [package_of('4.2.3.0')]
    assert upgraded.installed() == [NEW]


def test_packages_that_others_need_are_kept(upgraded):
    upgraded.add_record('bar-1', upgraded.root / 'bar', previous_packages=[package_of('4.2.1.0')])
    other = upgraded.root / 'baz'
    os.makedirs(str(other))
    os.symlink('/home/admin/obproxy-4.2.3.0/bin', str(other / 'bin'))
    upgraded.add_record('baz-2', other)
    with idle(upgraded.root, cwd=other):
        assert pruned(upgraded, keep=0) == []
    assert len(upgraded.installed()) == 3


def test_who_still_needs_a_former_package_takes_it_along(upgraded):
    other = upgraded.root / 'opt' / 'bar-1'
    other.mkdir()
    os.symlink('/home/admin/obproxy-4.2.3.0/bin', str(other / 'bin'))
    upgraded.add_record('bar-1', other)
    assert pruned(upgraded, keep=0) == [package_of('4.2.1.0')]
    upgraded.absent(package=NEW)
    os.unlink(os.path.join(upgraded.layout.records, 'foo-2883.json'))
    assert upgraded.installed() == [OLD]
    assert upgraded.absent(package=OLD, home=str(other))[0] == [] and upgraded.installed() == []


def test_packages_of_somebody_else_are_kept(upgraded):
    (upgraded.home / '.package').unlink()
    assert pruned(upgraded, keep=0) == [] and len(upgraded.installed()) == 3


def test_nothing_is_pruned_where_a_record_cannot_be_read(upgraded):
    write(os.path.join(upgraded.layout.records, 'bar-1.json'), '{')
    with pytest.raises(HostError, match='No package is removed: .*bar-1'):
        pruned(upgraded)
    with pytest.raises(HostError, match='keep is -1'):
        pruned(upgraded, keep=-1)
