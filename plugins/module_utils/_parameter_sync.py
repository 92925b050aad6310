# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a live OBProxy the parameters that it is to have, and its record what came of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameter_record import ParameterRecord
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, Refused


class SyncError(ProxysysError):
    """Why not all parameters are as wanted; result is what the module has to tell of those that were set."""

    def __init__(self, message, result=None):
        super(SyncError, self).__init__(message)
        self.result = result or {}


def sync(params, check_mode):
    """What obproxy_parameters returns, after the parameters were set; params are its options."""
    wanted = _wanted(params)
    try:
        client = _admin.log_in(params)[0]
    except Refused:
        if not check_mode:
            raise
        return dict(unknown={}, pending_restart=[], **_parameters.outcome({}, wanted))
    with client:
        return sync_with(client, _parameters.read(client), params, check_mode)


def sync_with(client, live, params, check_mode):
    """The same, for one who is logged in and has read all parameters."""
    record = ParameterRecord(params['name'], params['sql_port'])
    changes, result = _plan(params, live, _wanted(params), record)
    if changes and not check_mode:
        _alter(client, live, changes, record)
    given = dict((key, value) for key, value in (params['record'] or {}).items() if value is not None)
    if record.update(given, live, changes, check_mode):
        result['changed'] = True
    return result


def _wanted(params):
    wanted, faults = _parameters.normalise(params['parameters'])
    _refuse(params, faults)
    return wanted


def _refuse(params, faults):
    if faults:
        raise SyncError('Nothing was altered on port %d. %s' % (params['sql_port'], '; '.join(faults)))


def _plan(params, live, wanted, record):
    """([(name, text)] to alter, what the module returns)."""
    unknown = _parameters.unknown(live, wanted)
    if params['unknown'] == 'report':
        wanted = [(name, value) for name, value in wanted if name not in unknown]
    changes, faults = _parameters.compare(live, wanted)
    _refuse(params, faults)
    return changes, dict(unknown=unknown, pending_restart=sorted(record.pending(live, changes)), **_parameters.outcome(live, changes))


def _alter(client, live, changes, record):
    try:
        _parameters.alter(client, changes)
    except _parameters.ParameterError as exc:
        kept = [(name, value) for name, value in changes if name in exc.done]
        record.update({}, live, kept, False)
        raise SyncError(str(exc), dict(pending_restart=sorted(record.pending(live, kept)), **_parameters.outcome(live, kept)))
