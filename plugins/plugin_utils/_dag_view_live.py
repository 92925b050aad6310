# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live view of a run: a line per host with its subtask, a bar and times, as many as the terminal has room for.

Plain ASCII: terminals with East Asian fonts draw other signs twice as wide as they say.
"""

from __future__ import annotations

import time
import unicodedata

from ansible import constants as C
from ansible.utils.color import stringc

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow import FAILED, PENDING, RUNNING, SUCCESSFUL

LONGEST_NAME = 32
COLORS = {FAILED: C.COLOR_ERROR, SUCCESSFUL: C.COLOR_OK}
WORDS = {SUCCESSFUL: SUCCESSFUL, FAILED: FAILED, RUNNING: RUNNING, PENDING: 'waiting'}
# What is worth a line most: what goes on, then what went wrong.
RANKS = {RUNNING: 0, FAILED: 1, PENDING: 2, SUCCESSFUL: 3}


def clock(duration):
    """Render a duration so that it is steady to look at."""
    minutes, seconds = divmod(int(duration), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{seconds:02d}' if hours else f'{minutes}:{seconds:02d}'


def fit(text, width):
    """Cut a text to a width, and fill it up to that."""
    text = ''.join(sign if sign.isprintable() else '?' for sign in text)
    if text.isascii():
        return f'{text[:width]:<{width}}'
    kept, taken = '', 0
    for sign in text:
        columns = 2 if unicodedata.east_asian_width(sign) in 'WF' else 1
        if taken + columns > width:
            break
        kept, taken = kept + sign, taken + columns
    return kept + ' ' * (width - taken)


class Live:
    """Renders one run as it is now."""

    def __init__(self, follower, title, now=time.monotonic):
        self._hosts = list(follower.hosts.values())
        self._title = title
        self._now = now
        self._began = now()
        self._name_width = min(LONGEST_NAME, max(len(state.name) for state in self._hosts))
        self._total_width = max(len(str(len(state.chain))) for state in self._hosts)

    def __call__(self, columns, height):
        """Return the lines for a terminal: at most half of its height, none wider than its columns."""
        room = height // 2 - 1
        if room < 0:
            return []
        statuses = [state.status for state in self._hosts]
        lines = [fit(f'{self._title}: {self._counts(statuses)}  {clock(self._now() - self._began)}', columns).rstrip()]
        chosen = self._chosen(statuses, room)
        lines += [self._line(self._hosts[place], statuses[place], columns) for place in chosen]
        rest = [status for place, status in enumerate(statuses) if place not in chosen]
        if rest and room:
            lines.append(fit(f'  and {len(rest)} more: {self._counts(rest)}', columns).rstrip())
        return lines

    @staticmethod
    def _counts(statuses):
        return ', '.join(f'{statuses.count(status)} {word}' for status, word in WORDS.items() if status in statuses)

    def _chosen(self, statuses, room):
        """Return the places of the hosts that get a line: of those that go on, the slowest."""
        places = range(len(self._hosts))
        if len(places) <= room:
            return list(places)

        def weight(place):
            return RANKS[statuses[place]], done(self._hosts[place]), place
        return sorted(sorted(places, key=weight)[:max(0, room - 1)])

    def _line(self, state, status, columns):
        last = state.last
        through, total = done(state), len(state.chain)
        line = f'  {fit(state.name, self._name_width)}  '
        if columns >= 60:
            line += f'{gauge(through, total, 20 if columns >= 80 else 10)} '
        line += f'{through:>{self._total_width}}/{total:<{self._total_width}}  '
        times = self._times(state, status, last) if columns >= 50 else ''
        what = WORDS[status] if status in (PENDING, SUCCESSFUL) else f'{"FAILED: " * (status == FAILED)}{last.name if last else ""}'
        room = min(columns, 120) - len(line) - len(times)
        line = f'{line}{fit(what, room) if room > 0 else ""}{times}'.rstrip()
        line = fit(line, columns).rstrip()
        return stringc(line, COLORS[status]) if status in COLORS else line

    def _times(self, state, status, last):
        """Return how long the present subtask and the whole host have taken."""
        if status == PENDING or last is None:
            return ' ' * 18
        began = min(subtask.began for subtask in state.chain.values() if subtask.began is not None)
        own = last.duration if last.duration is not None else self._now() - last.began
        whole = self._now() - began if status == RUNNING else state.duration
        return f'{clock(own) if status == RUNNING else "":>9}{clock(whole):>9}'


def done(state):
    """Count the subtasks that a host is through with."""
    return sum(subtask.status == SUCCESSFUL for subtask in state.chain.values())


def gauge(through, total, width):
    """Draw how much is done."""
    filled = width * through // total if total else 0
    return f'[{"#" * filled}{"." * (width - filled)}]'
