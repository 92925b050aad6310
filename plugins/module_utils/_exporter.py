# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrape targets in the files that Prometheus' file_sd reads, one per OBProxy cluster."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_directories, ensure_file, locked, opened, remove_file)

CLUSTER = re.compile(r'^(?!.*\.\.)[A-Za-z][A-Za-z0-9_.-]{0,63}\Z')
MODE = 0o644
# Less than the subtask has, so that it ends with words on who holds the lock.
LOCK_TIMEOUT = 20


def file_name(cluster):
    """The name of a cluster's file."""
    if not CLUSTER.match(cluster):
        raise HostError("%r is no name of an OBProxy cluster: a letter, then letters, digits, '_', '.' and '-' are "
                        'expected, 64 at most.' % (cluster,))
    return 'obproxy-%s.json' % cluster


def labels_of(target):
    """The labels of a target as text."""
    return dict((name, to_text(value)) for name, value in (target['labels'] or {}).items())


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


def server_of(labels):
    """Which server's exporter it is, None where the labels don't say."""
    ids = labels.get('obproxy_cluster_id'), labels.get('obproxy_server_id')
    return ids if all(ids) else None


def _merged(before, targets, present):
    found = dict(before)
    for target in targets:
        labels = labels_of(target)
        server = server_of(labels)
        # A server has one exporter: under an address that it had before there is nothing any more.
        for address in [one for one in found if one == target['address'] or (server and server_of(found[one]) == server)]:
            found.pop(address)
        if present:
            found[target['address']] = labels
    return found


def merge(changes, folder, cluster, targets, present):
    """Bring the targets into the cluster's file, or take them out; how many it holds afterwards."""
    name = file_name(cluster)
    if present:
        ensure_directories(changes, folder)
    # Where there is no directory (check mode, or nothing to remove) there is nothing to lock either.
    unlocked = changes.check_mode or not os.path.isdir(folder)
    lock = os.path.join(folder, '.%s.lock' % name)
    with locked(lock, LOCK_TIMEOUT, os.path.join(folder, name), unlocked):
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
