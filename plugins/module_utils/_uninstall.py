# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance taken off its host, with what came for it and nobody else uses."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import DELETED, WATCHDOG, processes
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import Provision
from ansible_collections.oceanbase.obproxy.plugins.module_utils._prune import prune
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import check_name, read_record
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import SUPERVISORS, Instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import Service

PACKAGE_TIMEOUT = 300
LOCK_TIMEOUT = 60


def uninstall(name, keep_data, stop_timeout, changes, layout, run):
    """Stop the instance, remove its package unless others use it, its home and its record; the record, and how it stopped."""
    if os.geteuid() != 0:
        raise HostError('This needs root on the host: use become.')
    check_name(name)
    lock = layout.lock_of(name)
    with locked(lock, LOCK_TIMEOUT, 'The instance ' + name, changes.check_mode):
        record = read_record(name, layout.records)
        if record is None:
            _check_nothing_works(name, layout)
        steps = _uninstall(record, keep_data, stop_timeout, changes, layout, run) if record else []
        if not changes.check_mode:
            os.unlink(lock)
    return record, steps


def _check_nothing_works(name, layout):
    """Refuse to call an instance gone whose record is lost while it runs."""
    for one in processes(('obproxy', WATCHDOG), layout.proc):
        home = (one.cwd or '/').replace(DELETED, '')
        if one.script:
            home = os.path.dirname(os.path.normpath(os.path.join(home, one.script)))
        if os.path.basename(home) == name:
            raise HostError('%s has no record in %s, but process %d (%s) works in %s. Stop that one and remove its files, if they '
                            'are what is to go, then run this again.' % (name, layout.records, one.pid, one.comm, home))


def _uninstall(record, keep_data, stop_timeout, changes, layout, run):
    name = record['name']
    instance = Instance(record)
    supervisor = SUPERVISORS[record.get('supervisor', 'obproxyd')](instance, run, layout)
    service = Service(instance, supervisor, dict(record, stop_timeout=stop_timeout), changes, layout.records)
    service.set('absent')
    if changes.check_mode and instance.pids():
        # What comes next would be refused while it runs.
        changes.add('instance ' + name, record['home'] + '\n', '')
        return service.steps
    prune(name, 0, PACKAGE_TIMEOUT, Rpm(run), changes, layout)
    _remove_package(record, changes, layout, run)
    _instance.absent(changes, name, record['home'], keep_data, layout, run, keep_user=True)
    return service.steps


def _remove_package(record, changes, layout, run):
    if record.get('version'):
        options = dict(package=record['version'], home=record['home'], timeout=PACKAGE_TIMEOUT)
        Provision(options, Rpm(run), run, changes, layout, os.uname()[4]).absent()
