# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a started proxy is what was asked for: login, metrics, parameters."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameters, _values
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import listeners
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, ProxysysError, connect_any)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._scrape import status
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import listener_words

PAUSE = 0.1
LAST_CHANCE = 2
EXPORTER_TIME = 5
LAUNCHES = 2


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
        return status(port, EXPORTER_TIME) is not None
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


def _same(wanted, shown):
    """Whether a value is the one shown in any reading: what -o carried was parsed by OBProxy itself."""
    return any(_values.same(kind, shown, wanted) for kind in (None, 'BOOL', 'CAP', 'TIME', 'INT'))


def set_by_sql(client, later):
    """Set what -o can't carry; whether one of them needs a restart."""
    if not later:
        return False
    _parameters.alter(client, sorted(later.items()))
    live = _parameters.read(client)
    return any(live[name].need_reboot for name in later)


def parameter_faults(client, wanted):
    """What of {name: value} is not in force: -o ignores unknown names without a word."""
    live = _parameters.read(client)
    faults = []
    for name, value in sorted(wanted.items()):
        if name not in live:
            faults.append('%s is unknown to this version' % name)
        elif not _same(value, live[name].value):
            faults.append('%s is "%s", not "%s"' % (name, live[name].value, value))
    return faults


def check_parameters(client, wanted):
    faults = parameter_faults(client, wanted)
    if faults:
        raise HostError('Startup parameters are not in force: %s' % '; '.join(faults))
