# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs, tasks and subtasks within one transaction of the registry."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import IllegalMove, RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._leases import SECONDS, SUPERSEDED, Leases
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_results import outcomes
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import moment, task_view

if _schema.sa:
    import sqlalchemy as sa

PAGE = 50
INTERRUPTED = 'the run ended while this subtask was running'


def logged(row, status, when, error):
    """Return what a subtask's log says of a move."""
    operation = '' if row['operation'] == _states.EXECUTE else f" ({row['operation']})"
    return f"{moment(when)} {status}{operation}{': ' + error if error else ''}\n"


def _change(changed, row, **values):
    """Note what is new about a subtask, so that it is written once whatever happens to it in a transaction."""
    row.update(values)
    changed.setdefault(row['id'], {}).update(values)


class TaskStore(Leases):
    """Writes task graphs and moves their states."""

    def __init__(self, connection):
        self._connection = connection

    def _rows(self, statement):
        return [dict(row) for row in self._connection.execute(statement).mappings()]

    def update_task(self, task_id, **values):
        """Change a task's columns."""
        self._update('tasks', task_id, **values)

    def update_run(self, run_id, **values):
        """Change a run's columns."""
        self._update('runs', run_id, **values)

    def set_operation(self, subtask_ids, operation):
        """Note what is done with subtasks from now on."""
        self._update_each('subtasks', [{'row_id': subtask_id, 'operation': operation} for subtask_id in subtask_ids])

    def set_timeouts(self, rows, given):
        """Note how long subtasks may take from now on, where that is given by role."""
        self._update_each('subtasks', [{'row_id': row['id'], 'timeout': given.get(row['role'], row['timeout'])} for row in rows])

    def _insert(self, into, /, **values):
        return self._connection.execute(sa.insert(_schema.table(into)).values(**values)).inserted_primary_key[0]

    def _update(self, into, row_id, /, **values):
        table = _schema.table(into)
        self._connection.execute(sa.update(table).where(table.c.id == row_id).values(**values))

    def _update_each(self, into, rows):
        """Change many rows at once, each with its id as row_id."""
        table = _schema.table(into)
        if rows:
            self._connection.execute(sa.update(table).where(table.c.id == sa.bindparam('row_id')), rows)

    def add_run(self, operation, cluster_id, actor, trace_id, lease=SECONDS):
        """Begin a run and return its id."""
        return self._insert(
            'runs', operation=operation, cluster_id=cluster_id, creator=actor.creator, executor=actor.executor,
            recorded=False, status=_states.RUNNING, trace_id=trace_id, start_time=_schema.utc_now(),
            **self.leased(lease))

    def add_task(self, run_id, name, host_id, context, nodes, actor, prohibit_rollback=False):
        """Write a task with its graph and return its id."""
        task_id = self._insert(
            'tasks', run_id=run_id, name=name, host_id=host_id, type='MANUAL', status=_states.RUNNING,
            operation='EXECUTE', creator=actor.creator, executor=actor.executor, context=context,
            task_definition_id=-1, prohibit_rollback=prohibit_rollback, start_time=_schema.utc_now())
        table = _schema.table('subtasks')
        self._connection.execute(sa.insert(table), [{
            'task_id': task_id, 'role': node.step.role, 'host': node.host, 'name': node.step.name,
            'class_name': node.step.class_name, 'series_id': node.step.series_id, 'operation': 'EXECUTE',
            'status': _states.PENDING if node.upstreams else _states.READY, 'timeout': node.step.timeout, 'run_time': 1,
            'parallel_idx': node.parallel_idx, 'prohibit_rollback': prohibit_rollback, 'upstreams': [], 'downstreams': []}
            for node in nodes])
        # Not every database tells the ids of many new rows.
        ids = {(row['role'], row['host']): row['id'] for row in self._rows(
            sa.select(table.c.id, table.c.role, table.c.host).where(table.c.task_id == task_id))}
        self._update_each('subtasks', [{
            'row_id': ids[node.step.role, node.host],
            'upstreams': [ids[other.step.role, other.host] for other in node.upstreams],
            'downstreams': [ids[other.step.role, other.host] for other in node.downstreams]} for node in nodes])
        return task_id

    def run(self, run_id):
        """Return a run, which must be there."""
        table = _schema.table('runs')
        rows = self._rows(sa.select(table).where(table.c.id == run_id))
        if not rows:
            raise RegistryError(f'The registry knows no run {run_id}: is it another registry than the one of the plan?')
        return rows[0]

    def mark_recorded(self, run_id, trace_id=None):
        """Note that somebody records this run's subtasks; return the seconds within which it has to show that it lives."""
        run = self.run(run_id)
        if trace_id not in (None, run['trace_id']):
            raise RegistryError(SUPERSEDED)
        lease = run['lease_seconds'] or SECONDS
        self._update('runs', run_id, recorded=True, **self.leased(lease))
        return lease

    def tasks(self, run_id):
        """Return a run's tasks with their subtasks, as rows."""
        return self.tasks_where(_schema.table('tasks').c.run_id == run_id)

    def tasks_where(self, *conditions):
        """Return the tasks that meet conditions with their subtasks, as rows."""
        table, subtasks = _schema.table('tasks'), _schema.table('subtasks')
        tasks = {task['id']: {**task, 'subtasks': []} for task in self.bare_tasks(*conditions)}
        ids = sa.select(table.c.id).where(*conditions)
        for row in self._rows(sa.select(subtasks).where(subtasks.c.task_id.in_(ids)).order_by(subtasks.c.id)):
            # One that was written since the tasks were read has none to go to.
            if row['task_id'] in tasks:
                tasks[row['task_id']]['subtasks'].append(row)
        return list(tasks.values())

    def bare_tasks(self, *conditions):
        """Return the tasks that meet conditions, without their subtasks."""
        table = _schema.table('tasks')
        return self._rows(sa.select(table).where(*conditions).order_by(table.c.id))

    def latest(self, conditions):
        """Yield the tasks that meet conditions with their runs, the latest first; who has enough of them reads no more."""
        table, runs = _schema.table('tasks'), _schema.table('runs')
        page = self._latest_ids(conditions)
        while page:
            tasks = self.tasks_where(table.c.id.in_(page))
            known = {run['id']: run for run in self._rows(sa.select(runs).where(runs.c.id.in_({task['run_id'] for task in tasks})))}
            for task in reversed(tasks):
                yield task, known[task['run_id']]
            page = self._latest_ids([*conditions, table.c.id < page[-1]])

    def _latest_ids(self, conditions):
        table = _schema.table('tasks')
        return self._connection.execute(sa.select(table.c.id).where(*conditions).order_by(table.c.id.desc()).limit(PAGE)).scalars().all()

    def later_tasks(self, task_id, cluster_id):
        """Return the tasks of a cluster that are newer than one, without their subtasks."""
        tasks, runs = _schema.table('tasks'), _schema.table('runs')
        own = sa.select(runs.c.id).where(runs.c.cluster_id == cluster_id)
        return self.bare_tasks(tasks.c.id > task_id, tasks.c.run_id.in_(own))

    def of_run(self, run_id):
        """Return a run's tasks as OCP describes them."""
        tasks = self.tasks(run_id)
        if self.is_dead(self.run(run_id)):
            for task in tasks:
                self.show_dead(task)
        return [task_view(task) for task in tasks]

    def runs(self, cluster_id):
        """Return a cluster's runs, the latest first."""
        table = _schema.table('runs')
        return self._rows(sa.select(table).where(table.c.cluster_id == cluster_id).order_by(table.c.id.desc()))

    def last_run(self, cluster_id=None):
        """Return the latest run, of one cluster if need be."""
        table = _schema.table('runs')
        statement = sa.select(table).order_by(table.c.id.desc()).limit(1)
        rows = self._rows(statement if cluster_id is None else statement.where(table.c.cluster_id == cluster_id))
        return rows[0] if rows else None

    def is_unborn(self, cluster_id):
        """Tell whether a cluster began with a create, and no run on it has ever come to a good end."""
        runs = self.runs(cluster_id)
        return runs[-1]['operation'] == 'create' and all(run['status'] != _states.SUCCESSFUL for run in runs)

    def task_of(self, subtask_id):
        """Return the id of the task that a subtask belongs to."""
        table = _schema.table('subtasks')
        rows = self._rows(sa.select(table.c.task_id).where(table.c.id == subtask_id))
        return rows[0]['task_id'] if rows else None

    def refresh(self, *task_ids):
        """Work tasks' statuses out anew, unless they have ended."""
        table, subtasks = _schema.table('tasks'), _schema.table('subtasks')
        found = {}
        for row in self._rows(sa.select(
                table.c.id, table.c.status.label('task_status'), table.c.operation.label('task_operation'),
                subtasks.c.status, subtasks.c.operation,
        ).join(subtasks, subtasks.c.task_id == table.c.id).where(table.c.id.in_(task_ids), table.c.finish_time.is_(None)).distinct()):
            task = found.setdefault(row['id'], {'status': row['task_status'], 'operation': row['task_operation'], 'subtasks': []})
            task['subtasks'].append(row)
        for task_id, task in sorted(found.items()):
            status = _states.task_status(row['status'] for row in _states.counted(task))
            if status != task['status']:
                self._update('tasks', task_id, status=status)

    def _lock(self, task_ids):
        """Keep others off these tasks' runs until this transaction ends; each by its key: a search may lock what it passes."""
        tasks, runs = _schema.table('tasks'), _schema.table('runs')
        run_ids = {row['run_id'] for row in self._rows(sa.select(tasks.c.run_id).where(tasks.c.id.in_(task_ids)))}
        for run_id in sorted(run_ids):
            self._rows(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update())

    def _task_ids(self, subtask_ids):
        table = _schema.table('subtasks')
        found = {row['id']: row['task_id'] for row in self._rows(
            sa.select(table.c.id, table.c.task_id).where(table.c.id.in_(subtask_ids)))}
        missing = sorted(set(subtask_ids) - set(found))
        if missing:
            raise RegistryError(f'The registry knows no subtask {missing[0]}')
        return sorted(set(found.values()))

    def _involved(self, moves):
        """Return the subtasks that are moved, and those that may become READY by it, with the states of what these wait for."""
        rows = self._by_ids({move[0] for move in moves})
        followers = {key for subtask_id, status, *_rest in moves if status == _states.SUCCESSFUL for key in rows[subtask_id]['downstreams']}
        rows.update(self._by_ids(followers - rows.keys()))
        table = _schema.table('subtasks')
        rows.update(self._by_ids({key for follower in followers for key in rows[follower]['upstreams']} - rows.keys(), table.c.id, table.c.status))
        return rows

    def _by_ids(self, ids, *columns):
        table = _schema.table('subtasks')
        return {row['id']: row for row in self._rows(sa.select(*(columns or [table])).where(table.c.id.in_(sorted(ids))))} if ids else {}

    def move(self, moves):
        """Move subtasks (id, status, when, error), then what follows from it; without a status the log gets the words."""
        task_ids = self._task_ids([move[0] for move in moves])
        self._lock(task_ids)
        rows, changed = self._involved(moves), {}
        for subtask_id, status, when, error in moves:
            row, when = rows[subtask_id], when or _schema.utc_now()
            if status is None:
                _change(changed, row, log=f"{row['log'] or ''}{moment(when)} {error}\n")
            else:
                self._move(rows, changed, row, status, when, error)
        for subtask_id, values in changed.items():
            self._update('subtasks', subtask_id, **values)
        self.refresh(*task_ids)

    def _move(self, rows, changed, row, status, when, error):
        before = row['status']
        if not _states.is_legal(before, status):
            raise IllegalMove(f"Subtask {row['id']} ({row['name']}) cannot go from {before} to {status}")
        if before == status and error is None:
            return
        changes = {'status': status}
        if status != before:
            changes.update(self._times(row, status, when))
            changes['log'] = (row['log'] or '') + logged(row, status, when, error)
        if error is not None or status in (_states.RUNNING, _states.SUCCESSFUL):
            changes['error'] = error
        _change(changed, row, **changes)
        if status == _states.SUCCESSFUL and row['operation'] != _states.ROLLBACK:
            for follower in row['downstreams']:
                self._release(rows, changed, rows[follower])

    @staticmethod
    def _times(row, status, when):
        if status == _states.RUNNING:
            again = 1 if row['start_time'] else 0
            return {'start_time': when, 'finish_time': None, 'run_time': row['run_time'] + again}
        if status in (_states.SUCCESSFUL, _states.FAILED):
            return {'finish_time': when}
        return {}

    @staticmethod
    def _release(rows, changed, row):
        if row['status'] == _states.PENDING and all(rows[key]['status'] == _states.SUCCESSFUL for key in row['upstreams']):
            _change(changed, row, status=_states.READY)

    def finish_run(self, run_id, cause=INTERRUPTED, trace_id=None):
        """Close a run, unless another one has taken it up: nothing stays RUNNING; return what each host came to."""
        run = self.run(run_id)
        if trace_id not in (None, run['trace_id']):
            return [entry for task in self.tasks(run_id) for entry in outcomes(task)]
        now = _schema.utc_now()
        running = [row for task in self.tasks(run_id) for row in task['subtasks'] if row['status'] in (
            _states.RUNNING, _states.CANCELING)]
        if running:
            self.move([(row['id'], _states.FAILED, now, row['error'] or cause) for row in running])
        tasks = self.tasks(run_id)
        for task in tasks:
            done = all(row['status'] == _states.SUCCESSFUL for row in _states.counted(task))
            task['status'] = _states.SUCCESSFUL if done else _states.FAILED
            if task['finish_time'] is None:
                self._update('tasks', task['id'], status=task['status'], finish_time=now)
        if run['finish_time'] is None:
            failed = any(task['status'] == _states.FAILED for task in tasks)
            self._update('runs', run_id, status=_states.FAILED if failed else _states.SUCCESSFUL, finish_time=now)
        return [entry for task in tasks for entry in outcomes(task)]
