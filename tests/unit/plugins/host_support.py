# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real processes, packages and hosts' roots for the tests of what runs on targets."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: A package for tests
License: GPL
AutoReqProv: no
%description
A package for tests
%install
mkdir -p %{{buildroot}}{folder}/bin
head -c 200000 /dev/urandom > %{{buildroot}}{folder}/bin/{binary}
%files
%attr(755,{user},{user}) {folder}
"""

LISTEN = """\
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
server = socket.socket(family)
server.bind((sys.argv[1], 0))
server.listen(1)
if 'fork' in sys.argv:
    import os
    child = os.fork()
    if child:
        print(child)
    else:
        sys.stdin.read()
        sys.exit()
print(server.getsockname()[1])
sys.stdout.flush()
sys.stdin.read()
"""


def run(argv):
    """What AnsibleModule.run_command does: exit code, output and errors as text."""
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                             env=dict(os.environ, LC_ALL='C'))
    out, err = child.communicate()
    return child.returncode, out, err


def write(path, text, mode=None):
    """Write a text file."""
    with open(str(path), 'w') as target:
        target.write(text)
    if mode is not None:
        os.chmod(str(path), mode)


def wait_until(condition, seconds=10):
    """Wait for a condition; its last value."""
    deadline = time.time() + seconds
    value = condition()
    while not value and time.time() < deadline:
        time.sleep(0.01)
        value = condition()
    return value


@contextlib.contextmanager
def running(argv, cwd=None):
    """A process of its own for as long as the block lasts; it ends when its input does, or is killed."""
    child = subprocess.Popen(argv, cwd=cwd and str(cwd), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             universal_newlines=True)
    try:
        yield child
    finally:
        child.stdin.close()
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()


@contextlib.contextmanager
def listening(folder, address='127.0.0.1', name='obproxy', cwd=None, arguments=()):
    """A process of this name that listens: (process, port, pid of its forked child or None)."""
    program = os.path.join(str(folder), name)
    if not os.path.lexists(program):
        os.symlink(os.path.realpath(sys.executable), program)
    argv = [program, '-E', '-S', '-c', LISTEN, address] + list(arguments)
    with running(argv, cwd or folder) as child:
        forked = int(child.stdout.readline()) if 'fork' in arguments else None
        yield child, int(child.stdout.readline()), forked


def idle(folder, name='obproxy', cwd=None):
    """A process of this name that does nothing."""
    program = os.path.join(str(folder), name)
    if not os.path.exists(program):
        shutil.copy(shutil.which('sleep') if hasattr(shutil, 'which') else '/bin/sleep', program)
    return running([program, '60'], cwd or folder)


def build_rpm(folder, name='obproxy-ce', version='4.3.1.0', release='4.el8', arch=None, user='root',
              binary='obproxy'):
    """The path of a small real package; without rpmbuild the test cannot say anything, so it fails."""
    arch = arch or os.uname()[4]
    home = '/opt/taobao/install' if name == 'obproxy' else '/home/admin'
    spec = os.path.join(str(folder), 'test.spec')
    write(spec, SPEC.format(name=name, version=version, release=release, user=user, binary=binary,
                            folder='%s/obproxy-%s' % (home, version)))
    try:
        rc, out, err = run(['rpmbuild', '-bb', '--quiet', '--target', arch, '--define', '_topdir %s/top' % folder,
                            '--define', '_rpmdir %s' % folder, '--define',
                            '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm', spec])
    except OSError as exc:
        raise AssertionError('rpmbuild is missing (%s): install rpm, or rpm-build' % exc)
    assert rc == 0, out + err
    return os.path.join(str(folder), '%s-%s-%s.%s.rpm' % (name, version, release, arch))


def call(module, arguments, monkeypatch, capsys):
    """Run a module's main with these arguments; its result."""
    monkeypatch.setattr(basic, '_ANSIBLE_ARGS', to_bytes(json.dumps({'ANSIBLE_MODULE_ARGS': arguments})))
    monkeypatch.setattr(basic, '_ANSIBLE_PROFILE', 'legacy', raising=False)
    with pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)
