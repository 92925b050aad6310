# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an OBProxy serves: by its ports' owners, a login, its own word, and its exporter."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _credentials, _process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, ProxysysError, ServerError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._scrape import status

PAUSE = 0.2
DRAIN_PAUSE = 1


class NotAlive(ProxysysError):
    """What was expected of a server, and what was found."""


def survey(params):
    """The server as it answers now; NotAlive names all that is wrong."""
    try:
        client = _admin.log_in(params)[0]
    except ProxysysError as exc:
        problem = 'login as root@proxysys on port %d: %s' % (params['sql_port'], exc)
        if isinstance(exc, AccessDenied):
            pids = _process.listeners((params['sql_port'],)).get(params['sql_port'], {}).get('pids', [])
            raise AccessDenied(_explain([problem], youngest(pids)), exc.errno)
        return survey_with(None, params, [problem])
    with client:
        return survey_with(client, params)


def survey_with(client, params, problems=()):
    """The same, for one who is logged in; client is None, and problems say why, where nobody is let in."""
    listeners = _process.listeners((params['sql_port'], params['exporter_port']))
    pids = listeners.get(params['sql_port'], {}).get('pids', [])
    server = dict(pid=youngest(pids), sql_port=params['sql_port'], exporter_port=params['exporter_port'])
    problems = list(problems)
    if client is not None:
        problems += _ask(client, server)
    server['exporter'], problem = scrape(params['exporter_port'], params['timeout'])
    problems += [problem] if problem else _strangers(params, pids, listeners)
    if problems:
        raise NotAlive(_explain(problems, server['pid']))
    return server


def youngest(pids):
    """Of the processes that share a port in a hot restart, the one that stays."""
    found = [one for one in (_process.process(pid) for pid in pids) if one is not None]
    return max(found, key=lambda one: (one.start_time, one.pid)).pid if found else None


def _ask(client, server):
    """Fill in what the proxy says of itself; what is wrong with it."""
    server['ping'] = False
    try:
        server['version'] = '.'.join(str(part) for part in _credentials.version(client))
        server['binary'] = client.query('show proxyinfo binary')[1][0][-1]
        server['sessions'] = sessions(client)
        client.query('ping proxy')
    except ServerError as exc:
        return ['ping proxy: expected OK, got %s: it takes no new connections' % exc] if 'sessions' in server else [str(exc)]
    except ProxysysError as exc:
        return [str(exc)]
    server['ping'] = True
    return []


def sessions(client):
    """How many clients are connected, those of the admin port apart."""
    columns, rows = client.query('show proxysession')
    names = [column.lower() for column in columns]
    tenant = names.index('tenant') if 'tenant' in names else None
    return len([row for row in rows if tenant is None or row[tenant] != u'proxysys'])


def answering_pids(client):
    """The process that answers, as text: in a hot restart two share the port. Every session of it names it."""
    columns, rows = client.query('show proxysession')
    where = [index for index, column in enumerate(columns) if column.lower() == 'pid']
    return set(row[where[0]] for row in rows) if where else set()


def scrape(port, timeout):
    """(whether /metrics answers with 200, what is wrong)."""
    try:
        got = status(port, timeout)
    except (socket.error, socket.timeout) as exc:
        got = str(exc) or type(exc).__name__
    if got == 200:
        return True, None
    return False, 'exporter: expected HTTP 200 on 127.0.0.1:%d/metrics, got %s' % (port, 'no HTTP' if got is None else got)


def _strangers(params, pids, listeners):
    owners = listeners.get(params['exporter_port'], {}).get('pids', [])
    if not pids or not owners or set(pids) & set(owners):
        return []
    return ['exporter: port %d is held by pid %s, but obproxy on port %d is pid %s: it started without its metrics, as it does '
            'when the port is taken' % (params['exporter_port'], owners[0], params['sql_port'], pids[0])]


def _explain(problems, pid):
    owner = _process.process(pid) if pid else None
    if owner is None:
        place = 'log/obproxy_diagnosis.log and log/obproxy.log in the instance\'s home, and run/watchdog.log'
    else:
        place = '%s/log/obproxy.log (pid %d listens on the SQL port)' % (owner.cwd, owner.pid)
    return 'obproxy is not alive: %s. Look at %s.' % ('; '.join(problems), place)


def wait_for(params):
    """survey(), again and again for as long as params['wait'] says."""
    deadline = monotonic() + params['wait']
    while True:
        try:
            return survey(params)
        except NotAlive:
            if monotonic() >= deadline:
                raise
        time.sleep(PAUSE)


def drain(params):
    """The server once no client is connected to it any more, or params['drain_timeout'] seconds are over."""
    deadline = monotonic() + params['drain_timeout']
    server = wait_for(params)
    while server['sessions'] and monotonic() < deadline:
        time.sleep(min(DRAIN_PAUSE, max(0, deadline - monotonic())))
        server = wait_for(dict(params, wait=deadline - monotonic()))
    return server
