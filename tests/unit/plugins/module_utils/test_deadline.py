# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that the controller has given up ends, with what it has started."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _deadline

MODULE = """
import os, subprocess, sys
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _deadline
_deadline.LATER = 0
_deadline.END_SECONDS = 1
_deadline.CLEAN_UP_SECONDS = 2
_deadline.keep_deadline()
assert 'OBPROXY_TIMEOUT' not in os.environ
child = subprocess.Popen(sys.argv[1:])
print(child.pid)
sys.stdout.flush()
try:
    child.wait()
finally:
    print('cleaned up')
    sys.stdout.flush()
    %s
"""
STUBBORN = ['sh', '-c', 'trap "" TERM; sleep 987 & wait; sleep 987']


def run(seconds, command, at_the_end='pass'):
    process = subprocess.Popen(
        [sys.executable, '-c', MODULE % at_the_end] + command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=dict(os.environ, OBPROXY_TIMEOUT=seconds, PYTHONPATH=os.pathsep.join(filter(None, sys.path))))
    out, err = process.communicate()
    return process.returncode, out.decode().split('\n', 1), err.decode()


def gone(pid):
    deadline = time.time() + 30
    while os.path.exists('/proc/%s' % pid) and time.time() < deadline:
        time.sleep(0.05)
    return not os.path.exists('/proc/%s' % pid)


@pytest.mark.parametrize('command', [['sleep', '987'], STUBBORN], ids=['obedient', 'stubborn'])
def test_it_ends_its_children_and_cleans_up(command):
    code, out, err = run('1', command)
    assert (code, out[1], err) == (1, 'cleaned up\n', '')
    assert gone(out[0])


def test_a_clean_up_that_hangs_is_ended_too():
    code, out, _err = run('1', ['sleep', '987'], 'subprocess.call(["sleep", "988"])')
    assert code == 1 and out[1] == 'cleaned up\n'


@pytest.mark.parametrize('given', ['', '0', 'soon'])
def test_without_a_time_nothing_ends_it(monkeypatch, given):
    monkeypatch.setenv('OBPROXY_TIMEOUT', given)
    before = signal.getsignal(signal.SIGALRM)
    _deadline.keep_deadline()
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.alarm(0) == 0
