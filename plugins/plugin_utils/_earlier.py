# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier runs on a cluster have left: a roll that stopped half-way, servers that were stopped on purpose."""

from __future__ import annotations

import datetime

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema, _states
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._release import server_ids

# A server that failed here was not touched: the others were to blame, or it still has what it had.
BEFORE_IT = ('check_cluster_health', 'add_package')
# In a roll's context: whether servers were chosen. Such a roll says nothing of the others.
CHOSEN = 'obproxy_servers_chosen'
# After these a server that was done before has to be done again; and what was done is not for ever.
OUTDATING = {'parameters', 'links', 'upgrade'}
LONGEST = datetime.timedelta(days=1)
# What starts a server, or takes on one that runs.
STARTING = {'start_obproxy', 'restart_obproxy', 'upgrade_obproxy', 'reset_sys_password', 'adopt_obproxy'}


def named(ids):
    """Name servers in a sentence."""
    return ', '.join(f'server {server_id}' for server_id in sorted(ids))


class Roll:
    """The servers that a roll has done, and those at which it failed, over all of its runs so far."""

    def __init__(self, store, cluster, operation, is_same=lambda task: True):
        """Take the runs of an operation back to the last one that brought all to its end, or had another target."""
        self.run_id = None
        self.done, self.failed, self._seen = set(), set(), set()
        hosts, is_fresh = store.hosts(), True
        ids = {row['host_id']: row['id'] for row in store.servers(cluster_id=cluster['id'])}
        for run in store.tasks.runs(cluster['id']):
            is_fresh = is_fresh and run['operation'] not in OUTDATING - {operation} and _schema.utc_now() - run['start_time'] < LONGEST
            if run['operation'] != operation:
                continue
            tasks, is_through = store.tasks.tasks(run['id']), run['status'] == _states.SUCCESSFUL
            if is_through and not _are_chosen(tasks) or not all(map(is_same, tasks)):
                break
            if not is_through:
                self.run_id = self.run_id or run['id']
            for task in tasks:
                self._take(task, lambda name: ids.get(hosts.get(name)), is_fresh)
        if self.run_id is None:
            # No roll has stopped: single servers alone are nothing to go on with.
            self.done = set()

    def _take(self, task, server_of, is_fresh):
        for name in {row['host'] for row in task['subtasks']} - {None}:
            server_id, own = server_of(name), [row for row in task['subtasks'] if row['host'] == name]
            if server_id is None or server_id in self._seen:
                continue
            if all(row['status'] == _states.SUCCESSFUL for row in own):
                self._seen.add(server_id)
                self.done |= {server_id} if is_fresh else set()
            elif any(row['start_time'] and row['status'] != _states.SUCCESSFUL and row['role'] not in BEFORE_IT for row in own):
                self._seen.add(server_id)
                self.failed.add(server_id)


def _are_chosen(tasks):
    return any(task['context']['stringMap'].get(CHOSEN) == 'true' for task in tasks)


def stopped_on_purpose(store, cluster):
    """Return the ids of the servers that the operation stop has stopped, and nothing has tried to start since."""
    left = {row['id'] for row in store.servers(cluster_id=cluster['id']) if row['status'] == 'UNAVAILABLE'}
    found = set()
    for run in store.tasks.runs(cluster['id']):
        if not left:
            break
        tasks = store.tasks.tasks(run['id'])
        is_stop = run['operation'] == 'stop'
        if is_stop or any(row['role'] in STARTING for task in tasks for row in task['subtasks']):
            ids = left & server_ids(tasks)
            found |= ids if is_stop else set()
            left -= ids
    return found
