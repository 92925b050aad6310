# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a request, said so that its writer can mend it."""

from __future__ import annotations

import dataclasses
import json
import re

BAD_REQUEST, NOT_FOUND, CONFLICT, UNAVAILABLE = 400, 404, 409, 500
LONGEST = 120
CONTROL = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029]')


def short(text):
    """Shorten a text, and make it one that can be printed on one line."""
    printable = CONTROL.sub(lambda found: ascii(found[0])[1:-1], text[:LONGEST])
    return printable.encode('utf-8', 'backslashreplace').decode('utf-8') + (
        f'... ({len(text)} characters)' if len(text) > LONGEST else '')


def shown(value):
    """Render a value as its writer did, in JSON."""
    return short(json.dumps(value, ensure_ascii=False, default=str))


def _given(value):
    if isinstance(value, str):
        return short(value)
    return value if value is None or isinstance(value, (bool, int, float)) else shown(value)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, what is there, what should be."""

    field: str
    given: object
    expected: str
    message: str
    status: int = BAD_REQUEST

    @classmethod
    def of(cls, field, given, expected, status=BAD_REQUEST, why=None):
        """Build a fault whose message follows from its parts."""
        found = 'is missing' if given is None else f'is {shown(given)}'
        reason = f' ({why})' if why else ''
        return cls(field, _given(given), expected, f'{field} {found}; expected {expected}{reason}', status)

    def as_dict(self):
        """Return the parts that an answer shows."""
        return {'field': self.field, 'given': self.given, 'expected': self.expected, 'message': self.message}


class Faults:
    """Collects what is wrong with something that is no request body."""

    def __init__(self):
        self.faults = []

    def fault(self, field, given, expected, status=BAD_REQUEST, why=None):
        """Add one thing that is wrong."""
        self.faults.append(Fault.of(field, given, expected, status, why))


class RequestError(Exception):
    """A request that is refused, with all its faults."""

    def __init__(self, faults):
        self.faults = list(faults)
        self.status = min(fault.status for fault in self.faults)
        super().__init__('\n'.join(fault.message for fault in self.faults))


class RegistryError(Exception):
    """The registry cannot be used: what happened and what to do."""


class IllegalMove(RegistryError):
    """A state that a subtask cannot go to from where it is."""
