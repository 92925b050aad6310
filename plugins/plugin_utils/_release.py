# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that a run has held: others may have them when it has ended, however that was."""

from __future__ import annotations

TRANSIENT = ('RESTARTING', 'UPGRADING', 'REFRESHING', 'DELETING')
SETTLED = ('RUNNING', 'UNAVAILABLE')
# In an operation's context: what its servers were before it, such as "1 RUNNING, 2 UNAVAILABLE".
BEFORE = 'obproxy_statuses_before'


def server_ids(tasks):
    """Return the ids of the servers that tasks are about."""
    ids = set()
    for task in tasks:
        context = task['context']
        ids.update(int(value) for value in context['listMap'].get('obproxy_server_ids', ()))
        if 'obproxy_server_id' in context['stringMap']:
            ids.add(int(context['stringMap']['obproxy_server_id']))
    return ids


def let_go(store, tasks):
    """Let other operations have the servers of a run that has ended, and leave none in the midst of one."""
    begun = {row['host'] for task in tasks for row in task['subtasks'] if row['start_time']}
    names = {host_id: name for name, host_id in store.hosts().items()}
    before = _statuses_before(tasks)
    for row in store.servers(ids=server_ids(tasks)):
        if row['status'] in TRANSIENT:
            # REFRESHING is done to a server as it serves: it serves on where that has failed.
            is_as_before = row['status'] == 'REFRESHING' or names[row['host_id']] not in begun
            status = before.get(row['id'], 'RUNNING') if is_as_before else 'UNAVAILABLE'
            store.update_server(row['id'], status=status, operate_status='NORMAL')
        elif row['status'] in SETTLED:
            store.update_server(row['id'], operate_status='NORMAL')


def _statuses_before(tasks):
    texts = [task['context']['stringMap'].get(BEFORE, '') for task in tasks]
    pairs = [pair.split() for text in texts for pair in text.split(', ') if pair]
    return {int(server_id): status for server_id, status in pairs}


def bury(store, cluster_id):
    """Close the runs on a cluster whose leases have run out, and let go of their servers."""
    for run_id in store.tasks.bury(cluster_id):
        let_go(store, store.tasks.tasks(run_id))
