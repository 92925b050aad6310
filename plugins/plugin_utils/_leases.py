# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: a run holds its cluster only while it says from time to time that it lives."""

from __future__ import annotations

import datetime

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import moment

if _schema.sa:
    import sqlalchemy as sa

SECONDS = 30
LONGEST_SECONDS = 3600
# A run without the callback prolongs its lease only when a task begins on a host; the longest subtasks may take an hour.
UNWATCHED_SECONDS = 3900
DEAD = 'the run ended without a word'
SUPERSEDED = 'this run was closed meanwhile, because its lease had run out, or it was cancelled'


def held_by(run):
    """Say who holds a cluster, and since when."""
    return (f"run {run['id']} ({run['operation']}), begun by {run['creator']} on {run['executor']} at "
            f"{moment(run['start_time'])}, holds it; it ends by itself, or when it says nothing until {moment(run['lease_until'])}")


def cancellation(task):
    """Say who has cancelled a task."""
    return f"cancelled by {task['context']['stringMap'].get('cancelled_by')}"


class Leases:
    """What the store of tasks knows of leases."""

    @staticmethod
    def leased(seconds):
        """Return the columns of a run that begins, or goes on."""
        return {'lease_seconds': seconds, 'lease_until': _schema.utc_now() + datetime.timedelta(seconds=seconds)}

    @staticmethod
    def is_dead(run):
        """Tell whether a run has neither ended nor said within its lease that it lives."""
        return run['finish_time'] is None and (run['lease_until'] is None or run['lease_until'] < _schema.utc_now())

    def _open_runs(self, cluster_id):
        table = _schema.table('runs')
        return self._rows(sa.select(table).where(
            table.c.cluster_id == cluster_id, table.c.finish_time.is_(None)).order_by(table.c.id))

    def holder(self, cluster_id):
        """Return the living run that works on a cluster, if any."""
        return next((run for run in self._open_runs(cluster_id) if not self.is_dead(run)), None)

    def bury(self, cluster_id):
        """Close the runs on a cluster whose leases have run out; return their ids."""
        dead = [run['id'] for run in self._open_runs(cluster_id) if self.is_dead(run)]
        for run_id in dead:
            self._blame(run_id)
            self.finish_run(run_id, DEAD)
        return dead

    def _blame(self, run_id):
        """Say why it went no further where a run died between two subtasks."""
        for task in self.tasks(run_id):
            row = self._stopped_at(task)
            if row:
                self._update('subtasks', row['id'], error=DEAD, log=f"{row['log'] or ''}{moment(_schema.utc_now())} {DEAD}\n")

    @staticmethod
    def _stopped_at(task):
        """Return the subtask that was to come next, where the task was begun and none of it was under way."""
        rows = _states.counted(task)
        if not any(row['start_time'] for row in rows) or any(
                row['status'] in (_states.RUNNING, _states.CANCELING, _states.FAILED) for row in rows):
            return None
        return next((row for row in rows if row['status'] == _states.READY), None)

    def is_superseded(self, run_id, trace_id=None):
        """Tell whether a run was closed, or is in the hands of another one that has taken it up since."""
        run = self.run(run_id)
        return run['finish_time'] is not None or trace_id not in (None, run['trace_id'])

    def hold(self, run_id, trace_id=None):
        """Prolong a run's lease; raise an error where it is not this holder's any more."""
        if self.is_superseded(run_id, trace_id):
            raise RegistryError(f'Run {run_id} must not go on: {SUPERSEDED}')
        self.renew(run_id, trace_id)

    def renew(self, run_id, trace_id=None):
        """Prolong a run's lease; return {task_id: why} of its tasks that have to stop."""
        tasks = self.bare_tasks(_schema.table('tasks').c.run_id == run_id)
        why = {task['id']: cancellation(task) for task in tasks if task['operation'] == _states.CANCEL}
        if self.is_superseded(run_id, trace_id):
            return {**{task['id']: SUPERSEDED for task in tasks}, **why}
        self._update('runs', run_id, **self.leased(self.run(run_id)['lease_seconds'] or SECONDS))
        return why

    def asked(self, task_id, trace_id=None):
        """Prolong the lease of a task's run; return why the task has to stop, None when it may go on."""
        tasks = self.bare_tasks(_schema.table('tasks').c.id == task_id)
        return self.renew(tasks[0]['run_id'], trace_id).get(task_id) if tasks else None

    @staticmethod
    def show_dead(task):
        """Let a task of a dead run look like what it is."""
        if task['finish_time'] is None:
            task['status'] = _states.FAILED
            row = Leases._stopped_at(task)
            if row:
                row.update(error=DEAD)
        for row in task['subtasks']:
            if row['status'] in (_states.RUNNING, _states.CANCELING):
                row.update(status=_states.FAILED, error=row['error'] or DEAD)
