"""The configuration items of one version: parameters.csv read for it."""
import csv
import os

# The items that hold the sha1 of a password. A plain text given by SQL is hashed on its way in.
PASSWORDS = ('obproxy_sys_password', 'observer_sys_password', 'observer_sys_password1')
# From 4.3.1 on an unset password is not empty. This hash is the stand-in's own invention.
UNSET_PASSWORD_431 = '6f2b0a3c9d1e4857b6a2c8f0d3e597164b8a0c2d'
OLDEST_KNOWN = (3, 2, 3)


class Item(object):
    __slots__ = ('name', 'type', 'range', 'level', 'scope', 'need_reboot', 'default')

    def __init__(self, name, type_, range_, level, scope, need_reboot, default):
        self.name = name
        self.type = type_
        self.range = range_
        self.level = level
        self.scope = scope
        self.need_reboot = need_reboot
        self.default = default

    @property
    def one_shot(self):
        return self.level == 'MEMORY'

    @property
    def config_level(self):
        return 'LEVEL_VIP' if self.scope == 'VIP' else 'LEVEL_GLOBAL'


def value_at(history, numbers):
    """'3.2.3:a; 4.1.0:absent' at a version; None where the item does not exist there."""
    found = None
    for entry in history.split('; '):
        since, _colon, value = entry.partition(':')
        if tuple(int(part) for part in since.split('.')) <= max(numbers, OLDEST_KNOWN):
            found = value
    return None if found == 'absent' else found


def default_at(row, numbers):
    if row['name'].endswith(('_password', '_password1')):
        return UNSET_PASSWORD_431 if numbers >= (4, 3, 1) else ''
    return value_at(row['default_by_version'], numbers)


def load(release):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'parameters.csv')
    items = {}
    with open(path) as handle:
        for row in csv.DictReader(handle):
            need_reboot = value_at(row['need_reboot_by_version'], release.numbers)
            if need_reboot is None:
                continue
            items[row['name']] = Item(
                row['name'], row['type'], row['range'], row['visible_level'] or 'USER', row['scope'],
                need_reboot == 'true', default_at(row, release.numbers))
    return items
