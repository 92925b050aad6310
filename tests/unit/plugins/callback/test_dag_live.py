# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live view, on a terminal: what is seen on the way, and what is left."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading

import pytest

import terminal

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import Follower
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view import View
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_lines import Lines
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_live import Live
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_screen import Screen

HOSTS = ['host1', 'host2', 'host3']
ROLES = {'check_process': 1, 'install_package': 2, 'update_status': 3, 'finish': 4}
ROW = re.compile(r'^  (host\d)  \[[#.]{20}\] (\d)/4  (.*)$', re.M)
PLAIN = re.compile(r'^\[ \d/4\] host\d .* SUCCESSFUL .*\n', re.M)
TIME = re.compile(r'\d+\.\d s *$', re.M)


def start(site, **environment):
    site.plan(HOSTS)
    merged = {**site.environment, 'TERM': 'xterm', 'COLUMNS': None, **environment}
    tool = shutil.which('ansible-playbook', path=merged['PATH'])
    return terminal.Session([tool, '-i', 'inventory.yml', 'site.yml'], site.folder,
                            {name: value for name, value in merged.items() if value is not None})


def failing_on_host2():
    return [{'name': 'Break', 'ansible.legacy.stub': {'fail': 'the package is broken', 'on': ['host2']}}]


def test_what_is_printed_stays_and_what_is_drawn_goes(site):
    site.roles(install_package=failing_on_host2())
    live = start(site, ANSIBLE_FORKS='1')
    assert live.end() == 2
    rows = {row for look in live.looks for row in ROW.findall(look)}
    assert {host for host, done, what in rows} == set(HOSTS)
    assert any(what.startswith('Install rpm by package and version') for host, done, what in rows)
    assert any(what.startswith('FAILED: Install rpm') for host, done, what in rows if host == 'host2')
    assert not ROW.search(live.terminal.text)
    assert '\x1b[0m' not in live.raw and '\x1b[?25' not in live.raw

    site.database.unlink()
    plain = start(site, ANSIBLE_FORKS='1', OBPROXY_DAG_LIVE='false')
    assert plain.end() == 2
    assert '\x1b' not in plain.raw
    assert len(PLAIN.findall(plain.terminal.text)) == 9
    assert TIME.sub('TIME', live.terminal.text) == TIME.sub('TIME', PLAIN.sub('', plain.terminal.text))
    assert 'host2 FAILED: Install rpm by package and version (task 2, subtask 6)\n    the package is broken' in live.terminal.text


def test_an_interrupted_run_leaves_its_last_state_and_a_sane_terminal(site):
    site.roles(install_package=[{'name': 'Hang', 'raw': 'sleep 300'}])
    report = site.folder / 'report.html'
    live = start(site, ANSIBLE_NOCOLOR=None, ANSIBLE_FORCE_COLOR='1', OBPROXY_REPORT_PATH='report.html')
    live.wait_for(lambda text: all(f'{host}  [#####...............] 1/4  Install rpm' in text for host in HOSTS))
    live.resize(70, 20)
    live.terminal.columns, live.terminal.height = 70, 20
    live.wait_for(lambda text: 'host1  [##........] 1/4  Install rpm' in text)
    live.wait_for(lambda text: report.read_text(encoding='utf-8').count('Install rpm by package and version: running') == 3)
    live.send('\x03')
    assert live.end() == 99
    assert report.read_text(encoding='utf-8').count('Install rpm by package and version: unfinished') == 3
    end = live.terminal.text.splitlines()[-4:]
    assert end[0].startswith('OBProxy batch add, cluster foo, run 1: 3 RUNNING')
    assert [line.split()[0] for line in end[1:]] == HOSTS
    assert 'interrupted' in live.terminal.text
    assert live.raw.endswith('\x1b[J')


def test_a_question_is_seen_and_answered_while_the_view_is_live(site):
    site.roles(install_package=[{'name': 'Ask', 'pause': {'prompt': 'Is the balancer switched'}}, {'name': 'Go on', 'ansible.legacy.stub': {}}])
    live = start(site, ANSIBLE_FORKS='1')
    live.wait_for(lambda text: 'Is the balancer switched:' in text)
    # Ansible forgets what was typed before it listens.
    live.wait_for(lambda text: 'ok: ' in text.rpartition('switched:')[2] or live.send('\r'))
    assert live.end() == 0
    assert '3 SUCCESSFUL\n' in live.terminal.text


def test_a_dumb_terminal_gets_plain_lines(site):
    plain = start(site, TERM='dumb')
    assert plain.end() == 0
    assert '\x1b' not in plain.raw and len(PLAIN.findall(plain.terminal.text)) == 12


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def followed(count, clock=Clock(), cluster='foo'):
    plans = {f'host{number:03}': {'task_id': number, 'subtasks': ROLES} for number in range(1, count + 1)}
    return Follower({'id': 5, 'operation': 'batch_add', 'cluster_name': cluster, 'hosts': plans}, {}, clock)


def test_more_hosts_than_lines_show_the_slowest_and_count_the_rest():
    clock = Clock()
    follower = followed(300, clock)
    names = list(follower.hosts)
    live = Live(follower, 'A run', clock)
    follower.start(names[:200], 'check_process')
    follower.passed(names[:150], 'check_process', True)
    follower.failed(names[:2], 'check_process', 'broken')
    for role in ('install_package', 'update_status', 'finish'):
        follower.start(names[10:100], role)
        follower.passed(names[10:100], role, True)
    follower.start(names[100:150], 'install_package')
    follower.failed([names[120]], 'install_package', 'broken')
    clock.now = 65
    lines = live(100, 24)
    assert len(lines) == 12
    assert lines[0] == 'A run: 90 SUCCESSFUL, 3 FAILED, 107 RUNNING, 100 waiting  1:05'
    assert lines[-1].startswith('  and 290 more: 90 SUCCESSFUL, 3 FAILED, 97 RUNNING, 100 waiting')
    # host151 to host200 are still in their first subtask.
    assert [line.split()[0] for line in lines[1:-1]] == [f'host{number}' for number in range(151, 161)]
    assert all('0/4  Check process' in line and line.endswith('1:05     1:05') for line in lines[1:-1])


@pytest.mark.parametrize('columns, height', [(79, 24), (40, 10), (25, 5), (3, 4), (79, 3), (79, 1), (200, 700)])
def test_lines_fit_every_terminal(columns, height):
    follower = followed(300, cluster='\u94f6\u884c\x1b')
    follower.start(list(follower.hosts), 'check_process')
    lines = Live(follower, 'cluster \u94f6\u884c\x1b', Clock())(columns, height)
    assert len(lines) <= max(0, height // 2)
    assert all(len(line) + line.count('\u94f6') + line.count('\u884c') <= columns for line in lines)
    assert not any('\x1b' in line for line in lines)


def pieces(stream):
    """Yield what waits to be read."""
    while True:
        try:
            yield os.read(stream, 65536)
        except BlockingIOError:
            return


def window(monkeypatch):
    """Make standard output a terminal of 40 columns; return how to read it and to resize it."""
    ours, theirs = os.openpty()
    size = [40]
    stream = os.fdopen(theirs, 'w', encoding='utf-8')
    monkeypatch.setattr(sys, 'stdout', stream)
    monkeypatch.setattr(os, 'get_terminal_size', lambda *args: os.terminal_size((size[0], 24)))
    os.set_blocking(ours, False)
    return lambda: b''.join(pieces(ours)).decode().replace('\r\n', '\n'), size


def test_a_narrower_window_is_cleared_of_lines_that_have_wrapped(monkeypatch):
    read, size = window(monkeypatch)
    screen = Screen(lambda columns, height: ['x' * min(columns, 39), 'y'], threading.RLock())
    print('first')
    seen = read()
    assert seen.endswith(f'{"x" * 39}\x1b[K\ny\x1b[K\n\x1b[J')
    size[0] = 20
    print('second')
    assert '\r\x1b[3A\x1b[Jsecond' in read()
    screen._redraw()
    screen.close()
    assert read().endswith('\r\x1b[2A\x1b[J')
    print('third')
    assert read() == 'third\n'


def test_nothing_is_drawn_into_a_line_that_is_being_written(monkeypatch):
    read, size = window(monkeypatch)
    screen = Screen(lambda columns, height: ['block'], threading.RLock())
    sys.stdout.write('Password: ')
    screen._redraw()
    assert read().endswith('Password: ')
    sys.stdout.write('\n')
    screen._redraw()
    screen.close(keep=True)
    assert read().endswith('block\x1b[K\n\x1b[J')


@pytest.mark.parametrize('hosts, batches, expected', [(10, 1, 40), (100, 1, 4), (100, 2, 8), (100, 50, 100), (11, 11, 11)])
def test_lines_are_few_however_many_hosts_there_are(hosts, batches, expected):
    follower = followed(hosts)
    lines = Lines(follower, View(follower))
    names = list(follower.hosts)
    size = hosts // batches
    told = []
    for first in range(0, hosts, size):
        batch = names[first:first + size]
        lines.batch([*batch, 'localhost'])
        for role in ROLES:
            follower.start(batch, role)
            for name in batch:
                told += lines.of(follower.passed([name], role, True))[0]
    assert len(told) == expected


def test_a_failure_is_told_by_host_and_at_once_and_counted_with_the_rest():
    follower = followed(30)
    lines = Lines(follower, View(follower))
    names = list(follower.hosts)
    follower.start(names, 'check_process')
    assert lines.of(follower.passed(names[1:29], 'check_process', True)) == ([], [])
    good, [bad] = lines.of(follower.failed(names[:1], 'check_process', 'too old'))
    assert not good and bad.startswith('[ 1/4] host001 ') and bad.endswith('\n        too old')
    follower.failed(names[29:], None, 'gone')
    [line], bad = lines.of([])
    assert line.startswith('[ 1/4] Check process') and '28 SUCCESSFUL, 1 FAILED' in line and bad == []
