# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's events as JSON Lines, for other programs."""

from __future__ import annotations

import datetime
import json
import os
import stat

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import FAILED, SUCCESSFUL

VERSION = 1


class JsonLines:
    """Writes one object per line to a file; does nothing without a path, and no more after a failure."""

    def __init__(self, path, follower, check, warn):
        self._follower = follower
        self._check = check
        self._warn = warn
        self._path = path
        self._file = None
        if path:
            self._attempt(self._open)

    def _attempt(self, action, *args):
        try:
            action(*args)
        except OSError as exc:
            self._close()
            self._warn(f'The subtasks cannot be written to {self._path} (json_path): {exc.strerror}')

    def _open(self):
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if stat.S_ISREG(os.fstat(self._file).st_mode):
            os.fchmod(self._file, 0o600)

    def _close(self):
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _write(self, event, **values):
        if self._file is None:
            return
        line = {'version': VERSION, 'event': event, 'run': self._follower.run['id'], 'check': self._check,
                'time': datetime.datetime.now().astimezone().isoformat(timespec='milliseconds'), **values}
        self._attempt(os.write, self._file, (json.dumps(line) + '\n').encode())

    def started(self):
        """Write the event of a plan."""
        run = self._follower.run
        hosts = [{'host': state.name, 'task_id': state.task_id} for state in self._follower.hosts.values()]
        self._write('run_started', operation=run['operation'], cluster_id=run.get('cluster_id'),
                    cluster_name=run.get('cluster_name'), hosts=hosts)

    def subtask(self, subtask):
        """Write the event of a subtask that began or ended on a host."""
        state = self._follower.hosts[subtask.host]
        self._write('subtask', host=subtask.host, task_id=state.task_id, subtask_id=subtask.id, role=subtask.role,
                    name=subtask.name, index=subtask.index, total=len(state.chain), status=subtask.status,
                    duration=_rounded(subtask.duration), error=subtask.error)

    def finished(self, recorded):
        """Write the event of the run's end, and close the file."""
        hosts = [{'host': state.name, 'task_id': state.task_id, 'status': state.status,
                  'subtask': state.last.name if state.last else None, 'duration': _rounded(state.duration),
                  'error': state.error} for state in self._follower.hosts.values()]
        status = SUCCESSFUL if self._follower.succeeded else FAILED
        self._write('run_finished', status=status, recorded=recorded, hosts=hosts)
        self._close()


def _rounded(duration):
    return None if duration is None else round(duration, 3)
