# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subtask of which host is where, worked out from what happens to the hosts."""

from __future__ import annotations

import dataclasses
import datetime
import time

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _stops

PENDING, READY, RUNNING, FAILED, SUCCESSFUL = 'PENDING', 'READY', 'RUNNING', 'FAILED', 'SUCCESSFUL'
ENDED = (FAILED, SUCCESSFUL)

CUT_SHORT = 'The play ended before this subtask was through: it was stopped, or another host\'s failure stopped it'


@dataclasses.dataclass
class Subtask:
    """One subtask on one host."""

    host: str
    role: str
    id: int
    index: int
    name: str
    status: str = PENDING
    error: str | None = None
    began: float | None = None
    duration: float | None = None
    when: datetime.datetime | None = None
    log: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class HostState:
    """A host of the run, with its chain of subtasks by role."""

    name: str
    task_id: int
    chain: dict
    failed: bool = False
    stray_error: str | None = None

    @property
    def current(self):
        """Return the subtask that runs on this host, if any."""
        return next((subtask for subtask in self.chain.values() if subtask.status == RUNNING), None)

    @property
    def failure(self):
        """Return the first subtask that failed on this host, if any."""
        return next((subtask for subtask in self.chain.values() if subtask.status == FAILED), None)

    @property
    def stopped(self):
        """Tell whether this host's task was cancelled and has ended by that."""
        return bool(self.failure and _stops.reason(self.task_id))

    @property
    def last(self):
        """Return the subtask that matters most: the failed one, the running one or the last one that ended."""
        ended = [subtask for subtask in self.chain.values() if subtask.status in ENDED]
        return self.failure or self.current or (ended[-1] if ended else None)

    @property
    def status(self):
        """Return what became of the host so far."""
        if self.failure or self.stray_error:
            return FAILED
        states = {subtask.status for subtask in self.chain.values()}
        return SUCCESSFUL if states == {SUCCESSFUL} else PENDING if states == {PENDING} else RUNNING

    @property
    def error(self):
        """Return why the host failed, if it did."""
        return self.failure.error if self.failure else self.stray_error

    @property
    def duration(self):
        """Return the seconds from the first subtask's beginning to the last one's end."""
        timed = [subtask for subtask in self.chain.values() if subtask.duration is not None]
        if not timed:
            return None
        return max(subtask.began + subtask.duration for subtask in timed) - min(subtask.began for subtask in timed)


def subtask_names(data):
    """Return the subtasks' names by id, from the tasks in an answer's data."""
    tasks = data.get('contents', [data]) if isinstance(data, dict) else data
    return {subtask['id']: subtask['name'] for task in tasks or () for subtask in task.get('subtasks') or ()}


def prohibited_tasks(data):
    """Return the ids of the tasks in an answer's data that must not be rolled back."""
    tasks = data.get('contents', [data]) if isinstance(data, dict) else data
    return {task['id'] for task in tasks or () if any(subtask.get('prohibitRollback') for subtask in task.get('subtasks') or ())}


class Follower:
    """Follows the hosts of one run through their chains."""

    def __init__(self, run, names, clock=time.monotonic):
        self.run = run
        self._clock = clock
        self._moves = []
        self._sharers = {}
        self._recorded = set()
        self.hosts = {}
        for host, plan in run['hosts'].items():
            chain = {}
            for index, (role, subtask_id) in enumerate(plan['subtasks'].items(), start=1):
                name = names.get(subtask_id) or role.replace('_', ' ').capitalize()
                chain[role] = Subtask(host, role, subtask_id, index, name)
                self._sharers.setdefault(subtask_id, []).append(chain[role])
            self.hosts[host] = HostState(host, plan['task_id'], chain)
        self.roles = {role for state in self.hosts.values() for role in state.chain}

    @property
    def succeeded(self):
        """Tell whether every host is through its whole chain."""
        return all(state.status == SUCCESSFUL for state in self.hosts.values())

    def alive(self, hosts=None):
        """Return those of the run's hosts (or of the given ones) that have not failed."""
        names = self.hosts if hosts is None else [name for name in hosts if name in self.hosts]
        return [name for name in names if not self.hosts[name].failed]

    def reached(self, hosts, role):
        """Return those of the hosts whose chains have come to a role: in a roll the others wait for their turn."""
        return [name for name in hosts if self._has_reached(self.hosts[name].chain, role)]

    @staticmethod
    def _has_reached(chain, role):
        roles = list(chain)
        at = roles.index(role) if role in chain else 0
        return at == 0 or chain[roles[at - 1]].status != PENDING

    def take_moves(self):
        """Return what the registry has to be told since the last time."""
        moves, self._moves = self._moves, []
        return moves

    def start(self, hosts, role):
        """Note that hosts begin a task of a role; return the subtasks that began or ended by that."""
        return [change for name in hosts for change in self._start(self.hosts[name], role)]

    def _start(self, state, role):
        subtask = state.chain.get(role)
        if subtask is None or subtask.status != PENDING:
            return
        state.failed = False
        if state.current:
            yield self._end(state.current, SUCCESSFUL)
        subtask.status, subtask.began, subtask.when = RUNNING, self._clock(), _now()
        if all(other is subtask or other.began is None for other in self._sharers[subtask.id]):
            self._begin_in_registry(subtask)
        yield subtask

    def _begin_in_registry(self, subtask):
        if self._is_held_back(subtask):
            return
        # A chain goes on although what it shares with other hosts failed for one of them or is still
        # running: the registry has not made it READY then.
        self._moves += [(subtask.id, READY, subtask.when, None), (subtask.id, RUNNING, subtask.when, None)]

    def note(self, hosts, role, words):
        """Let the logs of a role's subtasks on hosts say something; return what the registry is to be told of it."""
        subtasks = [self.hosts[name].chain[role] for name in hosts if role in self.hosts[name].chain]
        for subtask in subtasks:
            subtask.log.append(words)
        return [(subtask_id, None, _now(), words) for subtask_id in sorted({subtask.id for subtask in subtasks})]

    def passed(self, hosts, role, is_last):
        """Note that a task of a role went well on hosts; the last one ends the subtask."""
        ended = []
        for name in hosts:
            subtask = self.hosts[name].chain.get(role)
            if is_last and subtask and subtask.status == RUNNING:
                ended.append(self._end(subtask, SUCCESSFUL))
        return ended

    def answered(self, host, role, seconds):
        """Note that a subtask that has begun was seen to within another one's call, in so many seconds; return what ended by that."""
        ended = self.passed([host], role, True)
        for subtask in ended:
            subtask.began, subtask.duration = subtask.began - seconds, seconds
        return ended

    def failed(self, hosts, role, error, can_be_rescued=False):
        """Note that a task failed on hosts; return the subtasks that ended by that."""
        ended = []
        for name in hosts:
            state = self.hosts[name]
            subtask = state.chain.get(role)
            if subtask is None or subtask.status in ENDED:
                # Not a subtask's task, or a handler or an always section after its end.
                if not state.failure:
                    state.failed, state.stray_error = True, error
                continue
            began = list(self._start(state, role))
            ended += [change for change in began if change.status in ENDED]
            subtask.error = error
            if not can_be_rescued:
                ended.append(self._fail(state, subtask))
        return ended

    def _fail(self, state, subtask):
        state.failed = True
        return self._end(subtask, FAILED)

    def close(self, open_ended=()):
        """End what still runs when a play is over; roles whose last task is not known ended well."""
        ended = []
        for state in self.hosts.values():
            subtask = state.current
            if subtask is None:
                continue
            if subtask.role in open_ended:
                ended.append(self._end(subtask, SUCCESSFUL))
                continue
            subtask.error = subtask.error or CUT_SHORT
            ended.append(self._fail(state, subtask))
        for sharers in self._sharers.values():
            # A host that failed outside its subtasks may have been the last that the others waited for.
            through = [subtask for subtask in sharers if subtask.status in ENDED]
            if through:
                self._end_in_registry(through[-1])
        return ended

    def _end(self, subtask, status):
        subtask.status, subtask.when = status, _now()
        subtask.duration = self._clock() - subtask.began
        if status == SUCCESSFUL:
            subtask.error = None
        self._end_in_registry(subtask)
        return subtask

    def _end_in_registry(self, subtask):
        sharers = self._sharers[subtask.id]
        if subtask.id in self._recorded or self._is_held_back(subtask):
            return
        if any(other.status not in ENDED and not self.hosts[other.host].failed for other in sharers):
            return
        self._recorded.add(subtask.id)
        errors = [(other.host, other.error) for other in sharers if other.status == FAILED]
        if not errors:
            self._moves.append((subtask.id, SUCCESSFUL, subtask.when, None))
            return
        lines = [f'{host}: {error}' for host, error in errors] if len(sharers) > 1 else [errors[0][1]]
        self._moves.append((subtask.id, FAILED, subtask.when, '\n'.join(lines)))

    def _is_held_back(self, subtask):
        """Tell whether another host's failed chain keeps a shared subtask from being done for the task."""
        others = [other for other in self._sharers[subtask.id] if other is not subtask]
        failures = [(self.hosts[other.host].failure, other) for other in others]
        return any(failure and failure.index < other.index for failure, other in failures)


def _now():
    return datetime.datetime.now(datetime.timezone.utc)
