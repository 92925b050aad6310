"""The RPMs of the stand-in, asked by rpm."""
from __future__ import annotations

import ast
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'obproxy'))

pytest_plugins = ('obproxy_harness',)

BUILD = Path(__file__).resolve().parents[1] / 'obproxy' / 'build.py'

pytestmark = pytest.mark.skipif(shutil.which('rpmbuild') is None, reason='rpm is not installed')


def run(*command, check=True, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=check, **more)


@pytest.fixture(scope='module')
def rpms(tmp_path_factory):
    outdir = tmp_path_factory.mktemp('rpms')
    printed = run(sys.executable, BUILD, outdir).stdout.split()
    return {Path(line).name: Path(line) for line in printed}


@pytest.fixture(scope='module')
def database(tmp_path_factory):
    """An rpm database of the test's own, and the options that choose it."""
    return ('--dbpath', tmp_path_factory.mktemp('rpmdb'))


def test_the_forms_of_both_editions(rpms):
    assert set(rpms) == {
        'obproxy-1.9.1.1-1919579.el7.x86_64.rpm', 'obproxy-3.2.3-20220310201314.el7.x86_64.rpm',
        'obproxy-ce-4.2.3.0-3.el8.x86_64.rpm', 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm',
        'obproxy-ce-4.3.1.0-4.el7.x86_64.rpm', 'obproxy-ce-4.3.1.0-4.el8.aarch64.rpm',
        'obproxy-ce-4.3.2.0-1.el8.x86_64.rpm', 'obproxy-ce-4.3.3.0-1.el8.x86_64.rpm'}
    for name, path in rpms.items():
        asked = run('rpm', '-qp', '--nosignature', '--qf', '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm', path)
        assert asked.stdout == name
        files = run('rpm', '-qpl', '--nosignature', path).stdout.split()
        version = name.split('-')[2 if name.startswith('obproxy-ce') else 1]
        base = '/home/admin' if name.startswith('obproxy-ce') else '/opt/taobao/install'
        assert {f'{base}/obproxy-{version}/bin/obproxy', f'{base}/obproxy-{version}/bin/obproxyd.sh'} <= set(files)
        assert all(file.startswith(f'{base}/obproxy-{version}') for file in files)


def test_nothing_is_required_but_a_shell_for_the_scripts(rpms):
    asked = run('rpm', '-qpR', rpms['obproxy-1.9.1.1-1919579.el7.x86_64.rpm']).stdout.splitlines()
    assert all(line.startswith('rpmlib(') for line in asked)
    asked = run('rpm', '-qpR', rpms['obproxy-ce-4.3.1.0-4.el8.x86_64.rpm']).stdout.splitlines()
    assert {line for line in asked if not line.startswith('rpmlib(')} == {'/bin/sh'}


def test_owned_by_an_admin_that_nobody_creates(rpms):
    path = rpms['obproxy-ce-4.3.1.0-4.el8.x86_64.rpm']
    assert set(run('rpm', '-qp', '--qf', '[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]', path).stdout.split()) == {
        'admin:admin'}
    scripts = run('rpm', '-qp', '--scripts', path).stdout
    assert 'useradd' not in scripts
    assert 'rm -rf /home/admin/obproxy-4.3.1.0/log' in scripts.partition('postinstall')[0]
    assert run('rpm', '-qp', '--scripts', rpms['obproxy-1.9.1.1-1919579.el7.x86_64.rpm']).stdout == ''


def test_signatures(rpms, database):
    signed = rpms['obproxy-ce-4.3.2.0-1.el8.x86_64.rpm']
    key = signed.parent / 'RPM-GPG-KEY-obproxy-standin'
    assert run('rpm', *database, '--checksig', signed, check=False).returncode == 1
    run('rpm', *database, '--import', key)
    assert 'digests signatures OK' in run('rpm', *database, '--checksig', signed).stdout
    unsigned = run('rpm', *database, '--checksig', rpms['obproxy-ce-4.3.1.0-4.el8.x86_64.rpm']).stdout
    assert unsigned.endswith('digests OK\n')
    assert run('rpm', *database, '--checksig', rpms['obproxy-ce-4.3.3.0-1.el8.x86_64.rpm'],
               check=False).returncode == 1


def test_a_second_build_does_nothing(rpms):
    outdir = next(iter(rpms.values())).parent
    before = {path: path.stat().st_mtime_ns for path in rpms.values()}
    run(sys.executable, BUILD, outdir, env={'PATH': '/nowhere'})
    assert {path: path.stat().st_mtime_ns for path in rpms.values()} == before
    rpms['obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'].unlink()
    run(sys.executable, BUILD, outdir)
    assert rpms['obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'].exists()


def test_says_what_to_install(tmp_path):
    done = run(sys.executable, BUILD, tmp_path, env={'PATH': '/nowhere'}, check=False)
    assert done.returncode == 1
    assert 'apt-get install gcc libc6-dev gnupg rpm' in done.stderr


def test_the_script_of_the_package_does_not_parse():
    assert run('sh', '-n', BUILD.parent / 'broken_obproxyd', check=False).returncode != 0


def test_installed_by_rpm_it_runs(rpms, tmp_path):
    """Into a root of its own: no script can run there, and no dependency is met there."""
    rpm = ('rpm', '--root', tmp_path, '-i', '--nodeps', '--noscripts')
    first = run(*rpm, rpms['obproxy-ce-4.2.3.0-3.el8.x86_64.rpm'], check=False)
    if first.returncode:
        pytest.skip(f'rpm --root does not work here: {first.stderr}')
    run(*rpm, rpms['obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'])
    for version in ('4.2.3.0', '4.3.1.0'):
        program = tmp_path / f'home/admin/obproxy-{version}/bin/obproxy'
        assert f'(OceanBase CE {version} ' in run(program, '-V').stderr
    foreign = run(*rpm, rpms['obproxy-ce-4.3.1.0-4.el8.aarch64.rpm'], check=False)
    assert foreign.returncode and 'architecture' in foreign.stderr
    half = run(*rpm, rpms['obproxy-ce-4.3.3.0-1.el8.x86_64.rpm'], check=False)
    assert half.returncode and not (tmp_path / 'home/admin/obproxy-4.3.3.0/bin/obproxy').exists()


@pytest.mark.skipif(platform.machine() != 'x86_64', reason='built so for x86_64 only')
def test_old_hosts_can_run_it(trees):
    """EL7 has glibc 2.17 and Python 3.6."""
    program = (trees['4.3.1.0'] / 'bin' / 'obproxy').read_bytes()
    wanted = {tuple(map(int, found.split(b'.'))) for found in re.findall(rb'GLIBC_([\d.]+)', program)}
    assert wanted and max(wanted) <= (2, 17)
    for path in (BUILD.parent / 'standin').glob('*.py'):
        ast.parse(path.read_text(), feature_version=(3, 6))
