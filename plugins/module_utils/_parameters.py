# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters of a running OBProxy: read, compared, and altered where they differ."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import difflib

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _catalogue, _values
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, ServerError, quote

PASSWORDS = ('obproxy_sys_password', 'observer_sys_password', 'observer_sys_password1', 'inspector_password')
ONLY_AT_START = ('app_name',)
REASONS = {5099: 'it has no such parameter', 4147: 'it is not a value that this parameter takes', 1235: 'it cannot be altered'}

Live = collections.namedtuple('Live', 'value need_reboot visible_level')


class ParameterError(ProxysysError):
    """Why not all is as wanted; done names what was set before."""

    def __init__(self, message, done=()):
        super(ParameterError, self).__init__(message)
        self.done = list(done)


def read(client):
    """{name: Live} of all parameters, in one query (SHOW's LIKE answers syslog_level with something else)."""
    columns, rows = client.query('show proxyconfig')
    where = dict((column.lower(), index) for index, column in enumerate(columns))
    missing = [name for name in ('name', 'value', 'need_reboot', 'visible_level') if name not in where]
    if missing:
        raise ProxysysError('show proxyconfig answers without the column %s: is this an OBProxy?' % missing[0])
    live = {}
    for row in rows:
        live[row[where['name']]] = Live(
            row[where['value']] or u'', (row[where['need_reboot']] or u'').lower() == u'true',
            (row[where['visible_level']] or u'').upper())
    return live


def normalise(parameters):
    """([(name, text)], faults) of what the user wants: what can be told without a live proxy."""
    wanted, faults = collections.OrderedDict(), []
    for parameter in parameters:
        name, value = parameter['name'], _values.text(parameter['value'])
        if name in PASSWORDS:
            faults.append('%s: a password is set by obproxy_credentials, not as a parameter' % name)
        elif value is None:
            faults.append('%s: expected one value (text, number or boolean), got %s' % (name, type(parameter['value']).__name__))
        elif wanted.get(name, value) != value:
            faults.append('%s: wanted twice, as "%s" and as "%s"' % (name, wanted[name], value))
        else:
            faults.extend(_unquotable(name, value))
            wanted[name] = value
    return list(wanted.items()), faults


def _unquotable(name, value):
    try:
        quote(value)
    except ProxysysError as exc:
        return ['%s: %s' % (name, exc)]
    return []


def same(name, one, other):
    """Whether two values of a parameter are the same to OBProxy."""
    return _values.same(_catalogue.kind(name), one, other)


def unknown(live, wanted):
    """{name: the nearest that there is, or an empty text} of what this version of OBProxy does not have."""
    return dict((name, (difflib.get_close_matches(name, live, 1) or [u''])[0]) for name, dummy in wanted if name not in live)


def compare(live, wanted):
    """([(name, text)] that differ, faults) against a live proxy."""
    changes, faults, absent = [], [], unknown(live, wanted)
    for name, value in wanted:
        if name in absent:
            hint = '; is it %s?' % absent[name] if absent[name] else ''
            faults.append('%s: this version of OBProxy has no such parameter%s' % (name, hint))
        elif live[name].visible_level == u'MEMORY':
            faults.append('%s: it is a command, carried out once when it is set, and has no state to keep' % name)
        elif same(name, live[name].value, value):
            continue
        elif name in ONLY_AT_START:
            faults.append('%s: it is given at the first start and cannot be altered (has %s, wanted %s)' % (name, live[name].value, value))
        else:
            changes.append((name, value))
    return changes, faults


def alter(client, changes):
    """Set them one by one, then look that the proxy has kept each."""
    done = []
    for name, value in changes:
        try:
            client.query('alter proxyconfig set %s = %s' % (name, quote(_values.told(_catalogue.kind(name), value))))
        except ServerError as exc:
            reason = REASONS.get(exc.errno)
            message = '%s: OBProxy refused the value %s%s (%s)' % (name, value, ': ' + reason if reason else '', exc)
            raise ParameterError(message + _progress(changes, done), done)
        except ProxysysError as exc:
            raise ParameterError('%s: while it was set to %s: %s%s' % (name, value, exc, _progress(changes, done)), done)
        done.append(name)
    live = read(client)
    lost = ['%s (wanted %s, has %s)' % (name, value, live[name].value)
            for name, value in changes if not same(name, live[name].value, value)]
    if lost:
        raise ParameterError('OBProxy accepted but did not keep: %s' % ', '.join(lost), done)


def _progress(changes, done):
    rest = [name for name, dummy in changes[len(done) + 1:]]
    return '. Already set: %s. Not tried: %s' % (', '.join(done) or 'none', ', '.join(rest) or 'none')


def outcome(live, changes):
    """What a module returns of these changes."""
    before = dict((name, live[name].value) for name, dummy in changes if name in live)
    return dict(changed=bool(changes), before=before, after=dict(changes))


def pending(known, live, changes):
    """{name: the value in force} of what awaits a restart, from what was known before these changes were made.

    OBProxy shows what is to come: the value in force is the one that was there before the first change.
    """
    found, coming = dict(known), dict(changes)
    for name in coming:
        if name in live and live[name].need_reboot:
            found.setdefault(name, live[name].value)
    shown = dict((name, coming.get(name, live[name].value)) for name in found if name in live)
    return dict((name, found[name]) for name in shown if not same(name, found[name], shown[name]))
