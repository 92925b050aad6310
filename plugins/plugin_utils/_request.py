# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a request's body: names, types and what is required; all faults are collected."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Fault, short
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import BODIES

EXPECTED = {
    'int': 'an integer', 'str': 'a string', 'text': 'a string', 'list': 'a list', 'dict': 'an object',
    'raw': 'the id or the inventory name of a host',
}
MOST_BITS = 4096


def plain(value):
    """Strip what the controller hangs on values: the registry's drivers want Python's own types."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        # Python refuses to write larger ones as decimals.
        return int(value) if value.bit_length() < MOST_BITS else hex(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)) and not hasattr(value, '__ENCRYPTED__'):
        return [plain(item) for item in value]
    return str(value)


class Request:
    """A body that was read: its values by our names, the faults so far, and how its writer named the fields."""

    def __init__(self, operation, body):
        self.operation = operation
        self.faults = []
        self._spelled = {}
        if not body and any(field.required for field in BODIES[operation]):
            self.fault('request', None, "OCP's request body", why='give it with -e @request.json, or as obproxy_request')
        self.values = self._read(BODIES[operation], plain(body) or {}, ())

    def fault(self, *args, **more):
        """Add a fault."""
        self.faults.append(Fault.of(*args, **more))

    def field(self, *path):
        """Name a field as its writer did."""
        return _joined(self._spelled.get(path[:end + 1], part) for end, part in enumerate(path))

    def get(self, *path):
        """Return a value, or None when it is absent or was found faulty."""
        value = self.values
        for part in path:
            if isinstance(value, list):
                value = value[part]
            else:
                value = (value or {}).get(part)
        return value

    def _read(self, fields, body, path):
        snake = any('_' in str(key) for key in body)
        values = {}
        known = {name: field for field in fields for name in field.names}
        for key in body:
            if key not in known:
                self._unknown(key, fields, known, path)
        for field in fields:
            given = {name: body[name] for name in field.names if name in body and (field.nullable or body[name] is not None)}
            name = next(iter(given), field.spelled(snake))
            self._spelled[path + (field.name,)] = name
            if len({json.dumps(value, sort_keys=True, default=str) for value in given.values()}) > 1:
                self.fault(self.field(*path, field.name), given, 'one of its names, not several with different values')
            elif given:
                self._value(field, given[name], path + (field.name,), values)
            else:
                self._absent(field, path, values)
        return values

    def _absent(self, field, path, values):
        if field.required:
            self.fault(self.field(*path, field.name), None, _expectation(field))
        elif field.kind == 'list':
            values[field.name] = []
        elif field.default is not None:
            values[field.name] = field.default

    def _unknown(self, key, fields, known, path):
        near = difflib.get_close_matches(key, known, n=1)
        key = short(str(key))
        names = ', '.join(field.ocp_name for field in fields)
        hint = f'did you mean {near[0]}?' if near else f'known are {names}'
        where = _joined([self.field(*path), key] if path else [key])
        self.faults.append(Fault(where, key, near[0] if near else names, f'{where} is not known; {hint}'))

    def _value(self, field, value, path, values):
        if value is None:
            values[field.name] = None
            return
        converted, expected = convert(field, value)
        if expected:
            self.fault(self.field(*path), value, expected)
        elif field.filled and not converted:
            self.fault(self.field(*path), value, 'at least one server')
        elif field.kind == 'dict':
            values[field.name] = self._read(field.fields, converted, path)
        elif field.kind == 'list' and field.fields:
            values[field.name] = [self._item(field, item, path + (index,)) for index, item in enumerate(converted)]
        else:
            values[field.name] = converted

    def _item(self, field, item, path):
        if isinstance(item, Mapping):
            return self._read(field.fields, item, path)
        names = ', '.join(part.ocp_name for part in field.fields if part.required)
        self.fault(self.field(*path), item, f'an object with {names}')
        return {}


def _joined(parts):
    text = ''
    for part in parts:
        if isinstance(part, int):
            text += f'[{part}]'
        else:
            text += f'.{part}' if text else part
    return text


def _expectation(field):
    return f"one of {', '.join(field.choices)}" if field.choices else EXPECTED[field.kind]


def convert(field, value):
    """Return (value, None), or (None, what was expected)."""
    if isinstance(value, str) and not _encodable(value):
        return None, 'text that can be written in UTF-8'
    if field.kind == 'raw':
        return _host_id(value)
    if field.kind == 'text':
        return _text(value)
    if field.kind in ('list', 'dict') and isinstance(value, str):
        value = from_json(value)
    if not _acceptable(field.kind, value):
        return None, _expectation(field)
    spec = {'type': field.kind}
    if field.choices:
        spec['choices'] = list(field.choices)
    checked = ArgumentSpecValidator({field.name: spec}).validate({field.name: value})
    if checked.error_messages:
        return None, _expectation(field)
    return checked.validated_parameters[field.name], None


def _acceptable(kind, value):
    """Refuse what ansible-core would convert although the caller can hardly have meant it."""
    if kind == 'int':
        return not isinstance(value, (bool, float)) or (isinstance(value, float) and value.is_integer())
    if kind == 'str':
        return isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if kind == 'list':
        return isinstance(value, (list, str, int)) and not isinstance(value, bool)
    return True


def from_json(text):
    """Read JSON that came as text, as C(-e key=value) brings it; other text stays as it is."""
    if text.lstrip()[:1] in ('[', '{'):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _text(value):
    """A parameter's value: OBProxy's are all text, a caller's need not be."""
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, (str, int, float)):
        return str(value), None
    return None, EXPECTED['text']


def _host_id(value):
    if isinstance(value, (str, int)) and not isinstance(value, bool) and value != '':
        return value, None
    return None, EXPECTED['raw']


def _encodable(text):
    try:
        text.encode('utf-8')
    except UnicodeEncodeError:
        return False
    return True
