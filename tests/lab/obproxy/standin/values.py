"""Whether a text is a value of an item's type, and in its range."""
import re
import socket

TIME_UNITS = {'us': 1, 'ms': 1000, '': 1000000, 's': 1000000, 'm': 60000000, 'h': 3600000000,
              'd': 86400000000}
# a bare number is megabytes: the bytes of 2G, written out, are far out of every range
SIZE_UNITS = {'b': 1, 'byte': 1, 'k': 1 << 10, 'kb': 1 << 10, '': 1 << 20, 'm': 1 << 20, 'mb': 1 << 20,
              'g': 1 << 30, 'gb': 1 << 30, 't': 1 << 40, 'tb': 1 << 40, 'p': 1 << 50, 'pb': 1 << 50}
BOOLEANS = {'true': True, '1': True, 'on': True, 'yes': True, 't': True,
            'false': False, '0': False, 'off': False, 'no': False, 'f': False}
LOG_LEVELS = ('ERROR', 'EDIAG', 'USER_ERR', 'WARN', 'WDIAG', 'INFO', 'TRACE', 'DEBUG')
NUMBER_AND_UNIT = re.compile(r'^(-?)(0[xX][0-9a-fA-F]+|[0-9]+)([A-Za-z]*)$')


class BadValue(Exception):
    pass


def number(digits):
    """As C reads it: 010 is eight, 0x10 sixteen."""
    if digits[:2] in ('0x', '0X'):
        return int(digits, 16)
    return int(digits, 8 if digits[0] == '0' else 10)


def with_unit(text, units):
    match = NUMBER_AND_UNIT.match(text)
    if match is None or match.group(3).lower() not in units:
        raise BadValue(text)
    try:
        amount = number(match.group(2)) * units[match.group(3).lower()]
    except ValueError:
        raise BadValue(text)
    return -amount if match.group(1) else amount


def whole(text):
    return with_unit(text, {'': 1})


def microseconds(text):
    return with_unit(text, TIME_UNITS)


def size(text):
    return with_unit(text, SIZE_UNITS)


def boolean(text):
    try:
        return BOOLEANS[text.lower()]
    except KeyError:
        raise BadValue(text)


def log_level(text):
    """INFO, or module:LEVEL pairs as in 'ALL.*:INFO, PROXY.*:DEBUG'."""
    for part in text.split(','):
        if part.rpartition(':')[2].strip().upper() not in LOG_LEVELS:
            raise BadValue(text)


def address(text):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
            return
        except (OSError, ValueError):
            continue
    raise BadValue(text)


COMPARABLE = {'INT': whole, 'TIME': microseconds, 'CAP': size}
OTHERS = {'BOOL': boolean, 'LOG_LEVEL': log_level, 'IP': address}


def check_range(range_, parse, value):
    low, _comma, high = range_[1:-1].partition(',')
    low, high = low.strip(), high.strip()
    if low and (value < parse(low) or (range_[0] == '(' and value == parse(low))):
        raise BadValue(value)
    if high and (value > parse(high) or (range_[-1] == ')' and value == parse(high))):
        raise BadValue(value)


def check(item, text):
    """Raises BadValue for what the item cannot hold."""
    parse = COMPARABLE.get(item.type)
    if parse is None:
        OTHERS.get(item.type, str)(text)
        return
    value = parse(text)
    if item.range:
        check_range(item.range, parse, value)
