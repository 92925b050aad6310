# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance's record says of its parameters: the cluster's, and those that await a restart."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameters, _process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, read_record, write_record

PENDING = 'pending_restart'


class ParameterRecord(object):
    """The record of one instance; none has been written where a host is only being checked."""

    def __init__(self, name, sql_port, folder=Layout().records):
        self.folder = folder
        self.record = read_record(name, folder) if name else None
        self._process = _serving(sql_port)

    def _known(self):
        """What awaits a restart of the process that serves now."""
        pending = (self.record or {}).get(PENDING) or {}
        return pending.get('values', {}) if self._process and pending.get('process') == self._process else {}

    def pending(self, live, changes):
        """{name: the value in force} of what awaits a restart after these changes."""
        return _parameters.pending(self._known(), live, changes)

    def update(self, given, live, changes, check_mode):
        """Write what is new; whether there was something."""
        if self.record is None:
            return False
        record, pending = dict(self.record, **given), self.pending(live, changes)
        if pending != self._known():
            record[PENDING] = {'process': self._process, 'values': pending}
        return write_record(Changes(check_mode), record, self.folder)


def _serving(port):
    """What tells the process on a port from its successors; None where it may not be seen."""
    pids = _process.listeners((port,)).get(port, {}).get('pids', [])
    # In a hot restart two processes share the port: the younger one stays.
    found = [one for one in (_process.process(pid) for pid in pids) if one is not None]
    youngest = max(found, key=lambda one: (one.start_time, one.pid)) if found else None
    return '%d since %.2f' % (youngest.pid, youngest.start_time) if youngest else None
