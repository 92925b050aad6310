# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run's subtasks are in its picture: a column for each, in the order of the graph."""

from __future__ import annotations

import dataclasses
import functools
import textwrap

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import ENDED, FAILED, PENDING, RUNNING, SUCCESSFUL

# What a picture of all columns should take at least, so that short graphs fill the page, too.
PICTURE = 1000
NARROWEST, WIDEST = 92, 160
LETTER = 6.6


@dataclasses.dataclass
class Column:
    """A subtask as all of the run's hosts have it."""

    role: str
    name: str
    subtasks: list
    width: int = NARROWEST

    @functools.cached_property
    def lines(self):
        """Return the name in lines that fit."""
        return textwrap.wrap(self.name, max(8, int((self.width - 8) / LETTER)), break_on_hyphens=False)[:4]

    @functools.cached_property
    def shared(self):
        """Tell whether several hosts share this subtask."""
        return len(self.subtasks) > 1 and len({subtask.id for subtask in self.subtasks}) == 1

    @functools.cached_property
    def statuses(self):
        """Count the hosts by status, the ones that matter most first."""
        found = [subtask.status for subtask in self.subtasks]
        return {status: found.count(status) for status in (FAILED, RUNNING, SUCCESSFUL, PENDING) if status in found}

    @functools.cached_property
    def status(self):
        """Return the status that matters most."""
        return next(iter(self.statuses))

    @functools.cached_property
    def slowest(self):
        """Return what it took at most."""
        return max((subtask.duration for subtask in self.subtasks if subtask.duration is not None), default=None)


def columns(hosts):
    """Return the columns; hosts need not have the same subtasks, but have them in one order."""
    order = []
    for host in hosts:
        place = 0
        for role in host.chain:
            if role in order:
                place = order.index(role) + 1
            else:
                order.insert(place, role)
                place += 1
    found = []
    for role in order:
        subtasks = [host.chain[role] for host in hosts if role in host.chain]
        found.append(Column(role, subtasks[0].name, subtasks))
    width = max(NARROWEST, min(WIDEST, PICTURE // len(found))) if found else NARROWEST
    for column in found:
        column.width = width
    return found


def reached(subtask):
    """Tell whether the way into a subtask was gone."""
    return subtask.status in ENDED or subtask.status == RUNNING
