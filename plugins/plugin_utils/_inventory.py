# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a request's hosts in the inventory."""

from __future__ import annotations

import dataclasses
import difflib

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import NOT_FOUND, short
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory_values import own_values
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import install_path
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE, UNRESOLVED, look_up

# Well below what a database takes, so that there is always a next one.
LARGEST_ID = 2 ** 62
HOST_ID = 'obproxy_host_id'
MOST_SUGGESTIONS = 20


@dataclasses.dataclass
class Host:
    """A host of the inventory that a request names, and where in the request."""

    name: str
    host_id: int | None
    ip: str
    field: str = ''
    path: tuple = ()
    given: object = None
    sql_port: int | None = None


def number(value):
    """Return an id as a number, or None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    return int(text) if 0 < int(text) <= LARGEST_ID else None


def _is_plain(value):
    return value is None or number(value) is not None


class Inventory:
    """The inventory's hosts, by name and by obproxy_host_id."""

    def __init__(self, names, variables):
        """Take the hosts' names, and a mapping of each to its variables."""
        self.variables = variables
        self.names = list(names)
        self._names = set(self.names)
        self._by_id = {}
        self.faulty = {}
        own = own_values(variables, HOST_ID)
        for name in self.names:
            given = own[name] if name in own and _is_plain(own[name]) else look_up(variables[name].get, HOST_ID, templated=False)
            if given is None:
                continue
            host_id = number(given)
            if host_id is None:
                self.faulty[name] = CANNOT_RESOLVE if given is UNRESOLVED else given
            else:
                self._by_id.setdefault(host_id, []).append(name)
        self._ids = {name: host_id for host_id, several in self._by_id.items() for name in several}

    @property
    def ids(self):
        """Return the ids that the inventory has given away, with the names that have them."""
        return {host_id: names[0] for host_id, names in self._by_id.items()}

    def find(self, given, known_ids):
        """Return the inventory names that a request's host means; known_ids are the registry's, by name."""
        if isinstance(given, str):
            given = given.strip()
        if isinstance(given, str) and given in self._names:
            host_id = self._ids.get(given)
            return self._by_id[host_id] if host_id else [given]
        host_id = number(given)
        if host_id is None:
            return []
        if host_id in self._by_id:
            return self._by_id[host_id]
        return [name for name, known in known_ids.items() if known == host_id and name in self._names
                and self._ids.get(name) is None] or [name for name in (str(given),) if name in self._names]

    def host(self, name):
        """Describe a host."""
        ip = look_up(self.variables[name].get, 'ansible_host', templated=False)
        return Host(name, self._ids.get(name), str(name if ip in (None, '', UNRESOLVED) else ip)[:255])

    def suggestion(self, given):
        """Return the inventory name most like a wrong one."""
        return next(iter(difflib.get_close_matches(short(str(given)), self.names, n=1)), None)


def resolve(request, inventory, known_ids):
    """Return the request's hosts; what is wrong with them is added to its faults."""
    hosts = []
    for given, path in _given(request):
        field = request.field(*path)
        names = inventory.find(given, known_ids)
        if len(names) > 1:
            request.fault(field, given, 'one host', why=f"{', '.join(names)} of the inventory have the same obproxy_host_id")
        elif not names:
            near = inventory.suggestion(given) if len(request.faults) < MOST_SUGGESTIONS else None
            request.fault(field, given, 'an obproxy_host_id or a host name of the inventory', status=NOT_FOUND,
                          why=f'did you mean {near}?' if near else f'the inventory has {len(inventory.names)} hosts')
        elif names[0] in inventory.faulty:
            request.fault(field, given, 'a host whose obproxy_host_id is a positive integer',
                          why=f'{names[0]} has {inventory.faulty[names[0]]!r}')
        else:
            host = inventory.host(names[0])
            host.field, host.path, host.given = field, path, given
            if request.operation == 'take_over':
                host.sql_port = request.get('hosts', path[1], 'sql_port')
            twice = next((other for other in hosts if other.name == host.name), None)
            if twice:
                request.fault(field, given, f'each host only once; {host.name} is also at {twice.field}')
            else:
                hosts.append(host)
    return hosts


def _given(request):
    if request.operation == 'take_over':
        return [(item['host_id'], ('hosts', index, 'host_id'))
                for index, item in enumerate(request.get('hosts') or ()) if 'host_id' in item]
    path = install_path(request, 'host_ids')
    return [(given, path + (index,)) for index, given in enumerate(request.get(*path) or ())]
