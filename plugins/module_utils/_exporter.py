# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON file of targets that Prometheus discovers (file_sd), kept one entry per address."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_directories, ensure_file, locked, opened, remove_file)

MODE = 0o644
LOCK_TIMEOUT = 60


def _parse(text, path):
    """{address: labels} of what is in the file."""
    advice = 'a list of {"targets": [...], "labels": {...}} is expected. Mend the file, or move it away.'
    try:
        entries = json.loads(text)
    except ValueError as exc:
        raise HostError('%s is no JSON (%s): %s' % (path, exc, advice))
    found = {}
    try:
        for entry in entries:
            for address in entry['targets']:
                found[address] = dict(entry.get('labels') or {})
    except (TypeError, KeyError, ValueError, AttributeError):
        raise HostError('%s is JSON, but %s' % (path, advice))
    return found


def _text(found):
    entries = [{'targets': [address], 'labels': found[address]} for address in sorted(found)]
    return json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n'


def _merged(before, targets, present):
    found = dict(before)
    for target in targets:
        if present:
            found[target['address']] = dict((name, to_text(value))
                                            for name, value in (target['labels'] or {}).items())
        else:
            found.pop(target['address'], None)
    return found


def merge(changes, path, targets, present):
    """Bring the targets into the file, or take them out; how many it holds afterwards."""
    folder, name = os.path.split(path)
    if present:
        ensure_directories(changes, folder)
    # Where there is no directory (check mode, or nothing to remove) there is nothing to lock either.
    unlocked = changes.check_mode or not os.path.isdir(folder)
    lock = os.path.join(folder, '.%s.lock' % name)
    with locked(lock, LOCK_TIMEOUT, path, unlocked):
        count = _write(changes, folder, name, targets, present)
        if not count and not unlocked:
            os.unlink(lock)
    return count


def _write(changes, folder, name, targets, present):
    with opened(os.path.realpath(folder)) as parent:
        text = parent.read(name)
        before = {} if text is None else _parse(text, parent.shown(name))
        after = _merged(before, targets, present)
        if not after:
            # Prometheus needs no file for it, and nothing is to stay behind.
            if not present:
                remove_file(changes, parent, name)
            return 0
        # A file that says the same in another form stays as its owner wrote it.
        ensure_file(changes, parent, name, text if text and before == after else _text(after), MODE)
    return len(after)
