# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks somebody looks for, in the database's words: a registry has many more than anybody wants to see."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import number

if _schema.sa:
    import sqlalchemy as sa


def conditions(task_id=None, run_id=None, cluster_id=None, host=None, status=None):
    """Return the conditions for tasks; where a status is wanted, it may turn out that a task's run is dead, and its status another."""
    table, subtasks = _schema.table('tasks'), _schema.table('subtasks')
    wanted = [column == value for column, value in ((table.c.id, task_id), (table.c.run_id, run_id)) if value is not None]
    if cluster_id is not None:
        wanted.append(_of_cluster(table, number(cluster_id)))
    if host is not None:
        wanted.append(table.c.id.in_(sa.select(subtasks.c.task_id).where(subtasks.c.host == host)))
    if status is not None:
        wanted.append(_in_status(table, status))
    return wanted


def _of_cluster(table, cluster_id):
    """A cluster that is gone is named by its tasks only."""
    if cluster_id is None:
        return sa.false()
    runs, context = _schema.table('runs'), sa.type_coerce(table.c.context, sa.Text)
    return sa.or_(
        table.c.run_id.in_(sa.select(runs.c.id).where(runs.c.cluster_id == cluster_id)),
        sa.and_(table.c.run_id.in_(sa.select(runs.c.id).where(runs.c.cluster_id.is_(None))),
                context.contains(f'"obproxy_cluster_id": "{cluster_id}"', autoescape=True)))


def _in_status(table, status):
    if status != _states.FAILED:
        return table.c.status == status
    unfinished = sa.and_(table.c.status.in_((_states.RUNNING, _states.SUCCESSFUL)), table.c.finish_time.is_(None))
    return sa.or_(table.c.status == status, unfinished)
