# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fcntl
import hashlib
import os
import shutil

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import (
    Nevra, Package, PackageError, Rpm, check_checksum, check_header, check_room, parse_file_name)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import heirs
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import build_rpm, run, write

HERE = os.uname()[4]
CE = Nevra('obproxy-ce', '4.3.1.0', '4.el8', HERE)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='rpm --root needs root')


@pytest.fixture(name='package', scope='module')
def package_fixture(tmp_path_factory):
    return build_rpm(tmp_path_factory.mktemp('rpm'))


@pytest.fixture(name='signed', scope='module')
def signed_fixture(package, tmp_path_factory):
    """A signed copy of the package, and the text of its key."""
    folder = tmp_path_factory.mktemp('signed')
    path = str(folder / os.path.basename(package))
    shutil.copy(package, path)
    home = str(folder / 'gnupg')
    os.mkdir(home, 0o700)
    gpg = ['gpg', '--homedir', home, '--batch', '--quiet']
    assert run(gpg + ['--passphrase', '', '--quick-generate-key', 'tester', 'rsa2048', 'sign', 'never'])[0] == 0
    rc, out, err = run(['rpmsign', '--define', '__gpg /usr/bin/gpg', '--define', '_gpg_name tester', '--define',
                        '_gpg_path ' + home, '--addsign', path])
    assert rc == 0, out + err
    key = run(gpg + ['--armor', '--export', 'tester'])[1]
    run(['gpgconf', '--homedir', home, '--kill', 'gpg-agent'])
    return path, key


@pytest.fixture(name='rpm')
def rpm_fixture(tmp_path):
    root = tmp_path / 'root'
    root.mkdir()
    return Rpm(run, ['--root', str(root), '--dbpath', '/db'], str(root))


@pytest.mark.parametrize('name, expected', [
    ('obproxy-1.9.1.1-1919579.el7.x86_64.rpm', ('obproxy', '1.9.1.1', '1919579.el7', 'x86_64')),
    ('obproxy-3.2.3-20220310201314.el7.x86_64.rpm', ('obproxy', '3.2.3', '20220310201314.el7', 'x86_64')),
    ('obproxy-ce-4.3.6.1-2.el8.aarch64.rpm', ('obproxy-ce', '4.3.6.1', '2.el8', 'aarch64')),
])
def test_file_name(name, expected):
    assert tuple(parse_file_name(name)) == expected
    assert str(parse_file_name(name)) + '.rpm' == name


@pytest.mark.parametrize('name', [
    '', None, 'obproxy', 'obproxy-4.3.1.0.x86_64.rpm', '../obproxy-ce-4.3.1.0-4.el8.x86_64.rpm',
    'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm; id', 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm\n', 'bash-5.1-1.el8.x86_64.rpm',
    '-obproxy-ce-4.3.1.0-4.el8.x86_64.rpm', 'obproxy-ce-4.3.1.0-4.el8.x86_64'])
def test_file_name_that_is_none(name):
    with pytest.raises(PackageError, match='is no OBProxy package'):
        parse_file_name(name)


def test_sound_file_is_read(rpm, package):
    found = rpm.read(package)
    assert found.nevra == CE
    assert found.dir == '/home/admin/obproxy-4.3.1.0'
    assert found.users == set(['root'])


@pytest.mark.parametrize('share, words', [(0.9, 'cut short'), (0.5, 'cut short'), (0.01, 'cut short')])
def test_file_cut_short(rpm, package, tmp_path, share, words):
    with open(package, 'rb') as source:
        content = source.read()
    with open(str(tmp_path / 'cut.rpm'), 'wb') as target:
        target.write(content[:int(len(content) * share)])
    with pytest.raises(PackageError, match=words) as caught:
        rpm.read(str(tmp_path / 'cut.rpm'))
    assert str(int(len(content) * share)) in str(caught.value)


def test_file_damaged_within(rpm, package, tmp_path):
    with open(package, 'rb') as source:
        content = bytearray(source.read())
    content[-1000] ^= 0xff
    with open(str(tmp_path / 'damaged.rpm'), 'wb') as target:
        target.write(content)
    with pytest.raises(PackageError, match='damaged'):
        rpm.read(str(tmp_path / 'damaged.rpm'))


def test_file_that_is_a_page_of_a_web_server(rpm, tmp_path):
    write(tmp_path / 'page.rpm', '<html>404</html>')
    with pytest.raises(PackageError, match='no RPM package.*16 bytes'):
        rpm.read(str(tmp_path / 'page.rpm'))


def test_checksum(package):
    with open(package, 'rb') as source:
        content = source.read()
    right = hashlib.sha256(content).hexdigest()
    check_checksum(package, 'sha256:' + right)
    check_checksum(package, right.upper())
    check_checksum(package, 'sha512:' + hashlib.sha512(content).hexdigest())
    with pytest.raises(PackageError, match=right + '.*' + 'a' * 64 + ' is expected'):
        check_checksum(package, 'sha256:' + 'a' * 64)
    for wrong in ('md5:' + 'a' * 32, 'sha256:abc', 'sha256:' + 'z' * 64, ''):
        with pytest.raises(PackageError, match='is no checksum'):
            check_checksum(package, wrong)


def test_header_must_agree_with_name_and_host(rpm, package):
    found = rpm.read(package)
    check_header(found, CE, HERE)
    with pytest.raises(PackageError, match='holds obproxy-ce-4.3.1.0-4.el8.*4.2.3.0-3.el8.* is expected'):
        check_header(found, CE._replace(version='4.2.3.0', release='3.el8'), HERE)
    with pytest.raises(PackageError, match='for %s, but this host is riscv64' % HERE):
        check_header(found, CE, 'riscv64')


def test_package_without_the_program(rpm, tmp_path):
    found = rpm.read(build_rpm(tmp_path, binary='other'))
    with pytest.raises(PackageError, match='no bin/obproxy'):
        check_header(found, CE, HERE)


def test_good_signature(rpm, signed):
    path, key = signed
    rpm.check_signature(path, key)


def test_unsigned_package_is_refused_though_its_digests_are_good(rpm, package, signed):
    with pytest.raises(PackageError, match='not signed'):
        rpm.check_signature(package, signed[1])


def test_signature_by_another_key(rpm, signed, tmp_path):
    home = str(tmp_path / 'gnupg')
    os.mkdir(home, 0o700)
    gpg = ['gpg', '--homedir', home, '--batch', '--quiet']
    run(gpg + ['--passphrase', '', '--quick-generate-key', 'other', 'rsa2048', 'sign', 'never'])
    other = run(gpg + ['--armor', '--export', 'other'])[1]
    run(['gpgconf', '--homedir', home, '--kill', 'gpg-agent'])
    assert 'PUBLIC KEY' in other
    with pytest.raises(PackageError, match='does not agree with the key given.*NOKEY'):
        rpm.check_signature(signed[0], other)


def test_tampered_package_with_a_signature(rpm, signed, tmp_path):
    with open(signed[0], 'rb') as source:
        content = bytearray(source.read())
    content[-1000] ^= 0xff
    with open(str(tmp_path / 'tampered.rpm'), 'wb') as target:
        target.write(content)
    with pytest.raises(PackageError):
        rpm.check_signature(str(tmp_path / 'tampered.rpm'), signed[1])


def test_key_that_is_none(rpm, signed):
    with pytest.raises(PackageError, match='is no public key'):
        rpm.check_signature(signed[0], 'nonsense')


@needs_root
def test_versions_side_by_side_and_out_again(rpm, package, tmp_path):
    assert rpm.installed() == []
    other = build_rpm(tmp_path, version='4.2.3.0', release='3.el8')
    enterprise = build_rpm(tmp_path, name='obproxy', version='3.2.3', release='20220310201314.el7')
    for path in (package, other, enterprise):
        rpm.install(path)
    assert sorted((str(one.nevra), one.dir) for one in rpm.installed()) == [
        ('obproxy-3.2.3-20220310201314.el7.' + HERE, '/opt/taobao/install/obproxy-3.2.3'),
        ('obproxy-ce-4.2.3.0-3.el8.' + HERE, '/home/admin/obproxy-4.2.3.0'),
        ('obproxy-ce-4.3.1.0-4.el8.' + HERE, '/home/admin/obproxy-4.3.1.0')]
    rpm.erase(CE)
    assert not os.path.exists(rpm.root + '/home/admin/obproxy-4.3.1.0/bin/obproxy')
    assert os.path.exists(rpm.root + '/home/admin/obproxy-4.2.3.0/bin/obproxy')
    assert rpm.find(CE) is None


@needs_root
def test_installed_package_whose_program_is_gone(rpm, package):
    rpm.install(package)
    rpm.check_complete(rpm.find(CE))
    os.unlink(rpm.root + '/home/admin/obproxy-4.3.1.0/bin/obproxy')
    with pytest.raises(PackageError, match='rpm -V obproxy-ce-4.3.1.0-4.el8'):
        rpm.check_complete(rpm.find(CE))


@needs_root
def test_second_release_of_a_version_would_share_its_directory(rpm, package, tmp_path):
    rpm.install(package)
    other = rpm.read(build_rpm(tmp_path, release='5.el8'))
    with pytest.raises(PackageError, match='4.el8.* is installed.*5.el8.* would share'):
        check_room(other, rpm.installed(), [])


def test_directory_that_a_process_uses_is_left_alone(rpm, package):
    check_room(rpm.read(package), [], [])
    with pytest.raises(PackageError, match='in use by process 42'):
        check_room(rpm.read(package), [], [42])


@needs_root
def test_locked_database_names_its_holder(rpm, package):
    rpm.install(package)
    lock = rpm.root + '/db/.rpm.lock'
    rpm.wait(1)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with open(lock, 'r+') as held:
            fcntl.lockf(held, fcntl.LOCK_EX)
            os.write(ready[1], b'x')
            os.read(go[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        with pytest.raises(HostError, match='locked.*process %d, for more than 1 s' % child):
            rpm.wait(1)
    finally:
        os.write(go[1], b'x')
        os.waitpid(child, 0)
    rpm.wait(1)


@needs_root
def test_broken_database_is_told(rpm, package):
    rpm.install(package)
    for name in os.listdir(rpm.root + '/db'):
        write(os.path.join(rpm.root, 'db', name), 'nonsense' * 1000)
    with pytest.raises(PackageError, match='rebuilddb'):
        rpm.installed()


def test_only_what_lives_elsewhere_may_take_a_package_with_it(tmp_path):
    homes = [tmp_path / 'obproxy-4.3.1.0', tmp_path / 'obproxy-4.3.1.0-1']
    for home in homes:
        home.mkdir()
    package = Package(CE, str(homes[0]), set(), None)
    records = [{'home': str(home)} for home in homes + [tmp_path / 'lost']]
    assert heirs(package, records) == [str(homes[1])]
