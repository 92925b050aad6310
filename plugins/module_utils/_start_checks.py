# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a started proxy is what was asked for: login, metrics, parameters."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import listeners
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, ProxysysError, connect_any, quote)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import listener_words

PAUSE = 0.1
LAST_CHANCE = 2
EXPORTER_TIME = 5
LAUNCHES = 2
SIZES = {'b': 0, '': 0, 'k': 1, 'kb': 1, 'm': 2, 'mb': 2, 'g': 3, 'gb': 3, 't': 4, 'tb': 4, 'p': 5, 'pb': 5}
TIMES = {'us': 1, 'ms': 1000, 's': 10 ** 6, '': 10 ** 6, 'm': 60 * 10 ** 6, 'min': 60 * 10 ** 6,
         'h': 3600 * 10 ** 6, 'd': 86400 * 10 ** 6}
TRUE, FALSE = ('true', '1', 'on', 'yes', 't', 'y'), ('false', '0', 'off', 'no', 'f', 'n')

monotonic = getattr(time, 'monotonic', time.time)


def wait_login(instance, passwords, timeout, since=None):
    """A client, once the instance's own process answers on the SQL port; timeout counts from since."""
    now = monotonic()
    deadline = max(now + LAST_CHANCE, (now if since is None else since) + timeout)
    problem = 'no process of it listens there'
    while True:
        left = deadline - monotonic()
        if left <= 0:
            raise HostError('%s could not be logged in to on port %d within %d s: %s'
                            % (instance.name, instance.sql_port, timeout, problem))
        if instance.owns(instance.sql_port):
            try:
                return connect_any(instance.sql_port, passwords, timeout=max(1, min(10, int(left))))[0]
            except AccessDenied:
                raise
            except ProxysysError as exc:
                problem = str(exc)
        elif not instance.pids() and instance.failed_launches() >= LAUNCHES:
            raise HostError('obproxy of %s ends right after its start' % instance.name)
        time.sleep(PAUSE)


def _answers_http(port):
    try:
        probe = socket.create_connection(('127.0.0.1', port), 5)
        try:
            probe.settimeout(5)
            probe.sendall(b'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n')
            return probe.recv(16).startswith(b'HTTP/1.')
        finally:
            probe.close()
    except (socket.error, socket.timeout):
        return False


def check_exporter(instance):
    """OBProxy starts without metrics when somebody has the exporter's port: that is an error here."""
    port = instance.exporter_port
    if not port:
        return
    deadline = monotonic() + EXPORTER_TIME
    problem = 'nothing listens on port %d' % port
    while monotonic() < deadline:
        entry = listeners([port]).get(port)
        if entry and not set(entry['pids']) & set(instance.pids()):
            problem = listener_words(port, entry)
        elif entry and _answers_http(port):
            return
        elif entry:
            problem = 'port %d does not answer' % port
        time.sleep(PAUSE)
    raise HostError('%s serves no metrics: %s. Free the port, or choose another exporter port, then restart the '
                    'instance' % (instance.name, problem))


def _scaled(text, units, base=None):
    match = re.match(r'^\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]*)\s*$', text.lower())
    if not match or match.group(2) not in units:
        return None
    unit = units[match.group(2)]
    return float(match.group(1)) * (base ** unit if base else unit)


def same_value(wanted, shown):
    """Whether a value as it was given is the one that is shown: 2G and 2048MB, True and true."""
    wanted, shown = (wanted or '').strip(), (shown or '').strip()
    if wanted.lower() == shown.lower():
        return True
    for words in (TRUE, FALSE):
        if wanted.lower() in words and shown.lower() in words:
            return True
    for units, base in ((SIZES, 1024), (TIMES, None)):
        value = _scaled(wanted, units, base)
        if value is not None and value == _scaled(shown, units, base):
            return True
    return False


def shown_parameters(client):
    """{name: {column: value}} of all the proxy's parameters."""
    columns, rows = client.query('show proxyconfig')
    entries = [dict(zip(columns, row)) for row in rows]
    return dict((entry['name'], entry) for entry in entries if entry.get('name'))


def set_by_sql(client, later):
    """Set what -o can't carry; whether one of them needs a restart."""
    if not later:
        return False
    for name, value in sorted(later.items()):
        try:
            client.query('alter proxyconfig set %s = %s' % (name, quote(value)))
        except ProxysysError as exc:
            raise HostError('The startup parameter %s could not be set to %r: %s' % (name, value, exc))
    shown = shown_parameters(client)
    return any(same_value(shown.get(name, {}).get('need_reboot'), 'true') for name in later)


def parameter_faults(client, wanted):
    """What of {name: value} is not in force: -o ignores unknown names without a word."""
    shown = shown_parameters(client)
    faults = []
    for name, value in sorted(wanted.items()):
        if name not in shown:
            faults.append('%s is unknown to this version' % name)
        elif not same_value(value, shown[name].get('value')):
            faults.append('%s is %r, not %r' % (name, shown[name].get('value'), value))
    return faults


def check_parameters(client, wanted):
    faults = parameter_faults(client, wanted)
    if faults:
        raise HostError('Startup parameters are not in force: %s' % '; '.join(faults))
