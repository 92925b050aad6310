# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing the packages that an instance was upgraded from, but for the last ones."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _claims
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import erase, heirs, workers
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import (
    PREVIOUS, needing, read_records, users_of, write_record)


def prune(name, keep, timeout, rpm, changes, layout):
    """Remove the packages that nobody needs any more; their names."""
    if keep < 0:
        raise HostError('keep is %d: 0 or more packages are expected.' % keep)
    with locked(layout.lock, timeout, 'The obproxy set-up of this host', changes.check_mode):
        records, broken = read_records(layout.records)
        mine = [record for record in records if record['name'] == name]
        if not mine:
            raise HostError('%s has no record in %s that can be read: it is no instance of this collection on this '
                            'host.' % (name, layout.records))
        if broken:
            # What another instance needs is not known then.
            raise HostError('No package is removed: %s' % ' '.join(broken))
        return _prune(mine[0], keep, timeout, rpm, changes, layout, records)


def _prune(mine, keep, timeout, rpm, changes, layout, records):
    others = [record for record in records if record['name'] != mine['name']]
    installed = dict((str(package.nevra), package) for package in rpm.installed())
    removed, kept = [], []
    for one in mine.get(PREVIOUS, [])[keep:]:
        package = installed.get(one)
        owners = [record['home'] for record in records if _claims.has(record['home'], one)]
        if package is None or not owners:
            continue
        waiting = needing(package, others)
        if waiting or users_of(package.dir, [mine]) or workers(package.dir, layout.proc):
            kept.append(one)
            if heirs(package, waiting) and not changes.check_mode:
                _claims.hand_over(mine['home'], one, heirs(package, waiting))
            continue
        erase(rpm, package, changes, timeout)
        removed.append(one)
        for home in owners if not changes.check_mode else ():
            _claims.drop(home, one)
    if PREVIOUS in mine and not changes.check_mode:
        write_record(changes, dict(mine, **{PREVIOUS: mine[PREVIOUS][:keep] + kept}), layout.records)
    return removed
