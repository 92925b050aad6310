# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as OBProxy reads them.

Its own rules: a bare number is seconds where a time is meant and megabytes where a size is;
units know no case; a boolean has five spellings for each of its two values.
One rule is ours: no size is above a terabyte, so a bare number that would be is meant as bytes.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_text

BOOLEANS = {
    u'true': True, u'on': True, u'yes': True, u't': True, u'1': True,
    u'false': False, u'off': False, u'no': False, u'f': False, u'0': False,
}
SIZE_UNITS = {
    u'b': 1, u'byte': 1, u'k': 1 << 10, u'kb': 1 << 10, u'': 1 << 20, u'm': 1 << 20, u'mb': 1 << 20,
    u'g': 1 << 30, u'gb': 1 << 30, u't': 1 << 40, u'tb': 1 << 40, u'p': 1 << 50, u'pb': 1 << 50,
}
TIME_UNITS = {
    u'us': 1, u'ms': 1000, u's': 1000000, u'': 1000000, u'm': 60000000, u'h': 3600000000, u'd': 86400000000,
}
LARGEST_BARE_SIZE = 1 << 20
# OBProxy takes 010 for eight, as C does: such numbers are compared as they are written
QUANTITY = re.compile(u'^(0|[1-9][0-9]*)([a-z]*)$')


def text(value):
    """A value of YAML or JSON as OBProxy is told it; None where it has no such form."""
    if isinstance(value, bool):
        return u'true' if value else u'false'
    if value is None or isinstance(value, (list, tuple, dict)):
        return None
    return to_text(value)


def boolean(value):
    return BOOLEANS.get(value.lower())


def _quantity(value, units):
    found = QUANTITY.match(value.lower())
    if not found or found.group(2) not in units:
        return None
    return int(found.group(1)) * units[found.group(2)]


def size(value):
    """Bytes, or None."""
    found = whole(value)
    return found if found is not None and found > LARGEST_BARE_SIZE else _quantity(value, SIZE_UNITS)


def duration(value):
    """Microseconds, or None."""
    return _quantity(value, TIME_UNITS)


def whole(value):
    return _quantity(value, {u'': 1})


def level(value):
    return value.upper()


KINDS = {'BOOL': boolean, 'CAP': size, 'TIME': duration, 'INT': whole, 'LOG_LEVEL': level}


def told(kind, value):
    """A value in a form that OBProxy takes: it would refuse a size that is written out in bytes."""
    amount = whole(value) if kind == 'CAP' else None
    if amount is None or amount <= LARGEST_BARE_SIZE:
        return value
    unit = next(unit for unit in (u'G', u'M', u'K', u'B') if amount % SIZE_UNITS[unit.lower()] == 0)
    return u'%d%s' % (amount // SIZE_UNITS[unit.lower()], unit)


def _same_in(kind, live, wanted):
    """True or False where both are of the kind, None where one is not."""
    left, right = KINDS[kind](live), KINDS[kind](wanted)
    if left is None or right is None:
        return None
    return left == right


def _looks(live, wanted):
    """The kinds that both may be of, told by what only they have: the words true and false, or a live unit."""
    if live.lower() in (u'true', u'false'):
        return ['BOOL'] if whole(wanted) is None else []
    return ['CAP', 'TIME'] if whole(live) is None else []


def same(kind, live, wanted):
    """Whether OBProxy would take wanted for what it has.

    Where the kind is unknown (OBProxy does not tell it), two texts that differ are the same only if they
    are in every kind that the live one may be of: 1m is a minute or a megabyte, so it is not the same as 1.
    """
    if live == wanted:
        return True
    kinds = _looks(live, wanted) if kind is None else [kind] if kind in KINDS else []
    verdicts = [_same_in(one, live, wanted) for one in kinds]
    verdicts = [verdict for verdict in verdicts if verdict is not None]
    return bool(verdicts) and all(verdicts)
