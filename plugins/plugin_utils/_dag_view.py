# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run looks on the screen: header, a line per subtask and host, the table at the end."""

from __future__ import annotations

import os
import shlex
import textwrap

from ansible import constants as C
from ansible import context

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag import RESUMABLE
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import FAILED, PENDING, RUNNING, SUCCESSFUL

MOST_HOSTS_IN_HEADER = 30
MOST_HOSTS_IN_TABLE = 30
HEADINGS = ('HOST', 'TASK', 'STATE', 'LAST SUBTASK', 'TIME')
WORDS = {SUCCESSFUL: SUCCESSFUL, FAILED: FAILED, RUNNING: 'UNFINISHED', PENDING: 'NOT REACHED'}


def seconds(duration):
    """Render a duration."""
    if duration is None:
        return ''
    if duration < 60:
        return f'{duration:.1f} s'
    minutes, rest = divmod(round(duration), 60)
    return f'{minutes} min {rest:02d} s'


def counted(statuses):
    """Tell how many there are of each status."""
    return ', '.join(f'{statuses.count(status)} {word}' for status, word in WORDS.items() if status in statuses)


class View:
    """Renders one run."""

    def __init__(self, follower, check=False, width=100):
        self._follower = follower
        self._check = check
        self._prefix = 'check ' if check else ''
        self._width = width
        hosts = follower.hosts.values()
        self._host_width = max((len(state.name) for state in hosts), default=0)
        self._name_width = max((len(subtask.name) for state in hosts for subtask in state.chain.values()), default=0)

    def header(self, servers, task_ids):
        """Return what is going to be done, where."""
        run = self._follower.run
        operation = run['operation'].replace('_', ' ')
        cluster = f"cluster {run.get('cluster_name')} (id {run.get('cluster_id')})"
        hosts = self._follower.hosts
        total = max((len(state.chain) for state in hosts.values()), default=0)
        subtasks = f'; {len(hosts)} host{"s" * (len(hosts) != 1)}, {total} subtasks each' if hosts else '; no hosts'
        check = ' in check mode: nothing is changed or recorded' if self._check else ''
        lines = [f"OBProxy {operation}, {cluster}, run {run['id']}{subtasks}{check}"]
        for state in list(hosts.values())[:MOST_HOSTS_IN_HEADER]:
            lines.append(f'  {state.name:<{self._host_width}}  task {state.task_id}{_described(servers.get(state.name))}')
        if len(hosts) > MOST_HOSTS_IN_HEADER:
            lines.append(f'  and {len(hosts) - MOST_HOSTS_IN_HEADER} more hosts')
        if not hosts and task_ids:
            lines.append(f"  task {', '.join(map(str, task_ids))}")
        return '\n'.join(lines)

    def line(self, subtask):
        """Return the line of a subtask that ended on a host, with the cause if it failed."""
        line = (f'{self._place(subtask)} {subtask.host:<{self._host_width}}  '
                f'{subtask.name:<{self._name_width}}  {subtask.status:<10} {seconds(subtask.duration):>7}')
        if subtask.status == FAILED:
            line = '\n'.join([line, *(f'        {cause}' for cause in subtask.error.splitlines())])
        return line

    def crowd_line(self, subtasks):
        """Return the line of a subtask that several hosts have ended."""
        took = max(subtask.began + subtask.duration for subtask in subtasks) - min(subtask.began for subtask in subtasks)
        counts = counted([subtask.status for subtask in subtasks])
        return f'{self._place(subtasks[0])} {subtasks[0].name:<{self._name_width}}  {counts}  {seconds(took)}'

    def host_line(self, state):
        """Return the line of a host that is through."""
        through = sum(other.status == SUCCESSFUL for other in self._follower.hosts.values())
        total = len(self._follower.hosts)
        return f'{self._prefix}[{through:>{len(str(total))}}/{total}] {state.name:<{self._host_width}}  {state.status}  {seconds(state.duration)}'

    def _place(self, subtask):
        return f'{self._prefix}[{subtask.index:>2}/{len(self._follower.hosts[subtask.host].chain)}]'

    def table(self):
        """Return one row per host; of very many, only of those that were not successful."""
        rows = [HEADINGS]
        states = self._follower.hosts.values()
        if len(states) > MOST_HOSTS_IN_TABLE:
            states = [state for state in states if state.status != SUCCESSFUL]
        for state in states:
            last = state.last
            place = f'[{last.index}/{len(state.chain)}] {last.name}' if last else ''
            rows.append((state.name, str(state.task_id), WORDS[state.status], place, seconds(state.duration)))
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        table = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        summary = f'{self.title()}: {counted([state.status for state in self._follower.hosts.values()])}'
        return '\n'.join([summary, *(table if states else [])])

    def title(self):
        """Return what the run is."""
        run, check = self._follower.run, ' (check)' if self._check else ''
        return f"OBProxy {run['operation'].replace('_', ' ')}, cluster {run.get('cluster_name')}, run {run['id']}{check}"

    def failures(self):
        """Return each failed host's cause in full."""
        texts = []
        for state in self._follower.hosts.values():
            if state.status != FAILED:
                continue
            where = f'{state.failure.name} (task {state.task_id}, subtask {state.failure.id})' if state.failure else (
                f'outside its subtasks (task {state.task_id})')
            texts.append('\n'.join([f'{state.name} FAILED: {where}', *self._wrapped(state.error)]))
        return '\n'.join(texts)

    def _wrapped(self, text):
        for line in text.splitlines():
            yield from textwrap.wrap(line, self._width, initial_indent='    ', subsequent_indent='    ',
                                     break_long_words=False, break_on_hyphens=False) or ['']


def _described(server):
    if not isinstance(server, dict):
        return ''
    ports = [str(server[key]) for key in ('sql_port', 'exporter_port') if server.get(key)]
    known = [server.get('name'), f"port{'s' * (len(ports) > 1)} {' and '.join(ports)}", server.get('version')]
    return f"  {', '.join(filter(None, known))}"


def is_launched():
    """Tell whether ansible-runner (or AWX, by it) started this run: its command line is of no use to anybody."""
    return 'AWX_ISOLATED_DATA_DIR' in os.environ or C.DEFAULT_STDOUT_CALLBACK == 'awx_display'


def _command():
    """Return what a playbook's name is typed behind, with the inventory of this run."""
    if is_launched():
        return ''
    given = context.CLIARGS.get('inventory') or ()
    return ' '.join(['ansible-playbook', *(f'-i {shlex.quote(one)}' for one in ([given] if isinstance(given, str) else given)), ''])


def ways_on(operation, task_ids, subtask_id, cluster_id=None, prohibited=()):
    """Return the operations that failed tasks allow; prohibited are those that must not be rolled back."""
    if operation not in RESUMABLE:
        return []
    task_ids = list(dict.fromkeys(task_ids))
    undone = next((one for one in task_ids if one not in prohibited), None)
    # Without a task's id it is about every failed task of the cluster's last run.
    wanted, what = (f'task_id={task_ids[0]}', 'subtask') if len(task_ids) == 1 else (f'cluster_id={cluster_id}', 'subtask of each task')
    rows = [(f'oceanbase.obproxy.task_retry -e obproxy_{wanted}', f'go on from the failed {what}'),
            (f'oceanbase.obproxy.task_skip -e obproxy_subtask_id={subtask_id}', 'take it for done, go on behind it')]
    if undone is not None:
        rows.append((f'oceanbase.obproxy.task_rollback -e obproxy_task_id={undone}', 'undo the whole task, on all of its hosts'))
    width = max(len(row[0]) for row in rows)
    same = ', with the same -e and vault options' if _has_options() else ''
    return [f'Or take up what has failed{same}:', *(f'  {_command()}{row[0]:<{width}}  # {row[1]}' for row in rows)]


def _has_options():
    """Tell whether this run was given variables or vaults, which those that go on need, too; they may hold secrets."""
    given = ('extra_vars', 'vault_ids', 'vault_password_files', 'ask_vault_pass')
    return not is_launched() and any(context.CLIARGS.get(name) for name in given)


def next_step(command):
    """Return what to do after a run that was not altogether successful; without a command it was a launched job."""
    advice = 'Next: mend the cause, then '
    if command is None:
        return f'{advice}launch the job again. What is done already stays as it is.'
    return f'{advice}run the same command again. What is done already stays as it is.\n  {command}'
