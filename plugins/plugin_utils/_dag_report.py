# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run as one HTML file that needs nothing else: kept up to date while the run goes, so that a killed one is told of, too."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import os
import pathlib
import tempfile
import time

import jinja2

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_report_graph as graph
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import FAILED, PENDING, RUNNING, SUCCESSFUL
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view import seconds
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._repeater import Repeater

PAGE = pathlib.Path(__file__).parent / 'dag_report'
# Of the time at most a hundredth goes into reports that a later one replaces.
SHARE = 100
SHORTEST_PAUSE = 1
WORDS = {FAILED: 'failed', RUNNING: 'running', PENDING: 'waiting', SUCCESSFUL: 'successful'}
IN_THE_END = {**WORDS, RUNNING: 'unfinished', PENDING: 'not reached'}
SIGNS = {FAILED: '\u2717', RUNNING: '\u25b6', PENDING: '\u00b7', SUCCESSFUL: '\u2713'}


class Report:
    """Writes the report of one run."""

    def __init__(self, path, others, follower, check, *, mask, warn, now=time.monotonic):
        self._follower = follower
        self._check = check
        self._mask = mask
        self._warn = warn
        self._trouble = self._told = None
        self._began = datetime.datetime.now().astimezone()
        self._now, self._start = now, now()
        self._path = place(path, f"{follower.run['operation']}-{follower.run['id']}", others)
        others.add(self._path)
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                         undefined=jinja2.StrictUndefined)
        environment.filters['seconds'] = seconds
        self._page = environment.get_template('page.html.j2')
        self._style, self._script = ((PAGE / name).read_text(encoding='utf-8') for name in ('page.css', 'page.js'))
        self._write('running')
        self._tell_trouble()
        self._repeater = Repeater('obproxy-report', self._keep, SHORTEST_PAUSE)

    def wake(self):
        """Have changes written soon."""
        self._repeater.wake()

    def finish(self, advice=()):
        """Write the report of a run that is over."""
        self._repeater.close()
        self._write('successful' if self._follower.succeeded else 'failed', advice)
        self._tell_trouble()

    def _tell_trouble(self):
        if self._trouble and not self._told:
            self._told = self._trouble
            self._warn(f'The report cannot be written to {self._path} (obproxy_report_path): {self._trouble}')

    def interrupt(self):
        """Write the report of a run that was stopped on its way."""
        self._repeater.close()
        self._write('interrupted')

    def _keep(self):
        began = time.thread_time()
        with contextlib.suppress(Exception):
            # The run changes what is being read here; what does not pass by itself comes up in the end.
            self._write('running')
        self._repeater.pause = max(SHORTEST_PAUSE, SHARE * (time.thread_time() - began))

    def _write(self, state, advice=()):
        try:
            replace(self._path, self._render(state, advice))
            self._trouble = None
        except OSError as exc:
            self._trouble = exc.strerror

    def _render(self, state, advice):
        hosts = list(self._follower.hosts.values())
        columns = graph.columns(hosts)
        return self._page.render(
            run=self._follower.run, check=self._check, state=state, advice=[self._mask(line) for line in advice],
            began=stamp(self._began), written=stamp(datetime.datetime.now().astimezone()), duration=self._now() - self._start,
            hosts=hosts, columns=columns, graph=graph, words=WORDS if state == 'running' else IN_THE_END, signs=SIGNS,
            counts=[(status, sum(host.status == status for host in hosts)) for status in WORDS],
            mask=lambda text: self._mask(text or ''), stamp=stamp, style=self._style, script=self._script,
            style_hash=checksum(self._style), script_hash=checksum(self._script))


def place(path, name, others):
    """Return the file for a run: in a directory by its name, and never one that an earlier run of this playbook has."""
    chosen = pathlib.Path(path).expanduser()
    if str(path).endswith('/') or chosen.is_dir():
        return chosen / f'{name}.html'
    return chosen.with_stem(f'{chosen.stem}-{name}') if chosen in others else chosen


def stamp(moment):
    """Render a moment as the controller's clock shows it."""
    return moment.astimezone().strftime('%Y-%m-%d %H:%M:%S %z') if moment else ''


def checksum(text):
    """Return what lets a browser run exactly this text, whatever else somebody may have got into the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def replace(path, text):
    """Put a file in place at once, readable by its owner alone."""
    handle, name = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with open(handle, 'w', encoding='utf-8') as stream:
            stream.write(text)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
