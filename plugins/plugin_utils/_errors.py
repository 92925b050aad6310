# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a request, said so that its writer can mend it."""

from __future__ import annotations

import dataclasses

BAD_REQUEST, NOT_FOUND, CONFLICT, UNAVAILABLE = 400, 404, 409, 500
LONGEST = 120


def shown(value):
    """Shorten a value for a message."""
    text = value if isinstance(value, str) else repr(value)
    text = text.encode('utf-8', 'backslashreplace').decode('utf-8')
    return text if len(text) <= LONGEST else f'{text[:LONGEST]}... ({len(text)} characters)'


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, what is there, what should be."""

    field: str
    given: str | None
    expected: str
    message: str
    status: int = BAD_REQUEST

    @classmethod
    def of(cls, field, given, expected, status=BAD_REQUEST, why=None):
        """Build a fault whose message follows from its parts."""
        text = None if given is None else shown(given)
        found = 'is missing' if text is None else f'is {text!r}'
        reason = f' ({why})' if why else ''
        return cls(field, text, expected, f'{field} {found}; expected {expected}{reason}', status)

    def as_dict(self):
        """Return the parts that an answer shows."""
        return {'field': self.field, 'given': self.given, 'expected': self.expected, 'message': self.message}


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
