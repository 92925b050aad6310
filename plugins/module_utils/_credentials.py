# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords that an OBProxy keeps: root@proxysys's own, and those of proxyro in OceanBase.

It stores and shows the hex SHA-1 of each, which is what they are compared by. No statement, error
or result here holds a password or its hash.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import hashlib
import re

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, Client, ProxysysError, ServerError, quote

SYS = 'obproxy_sys_password'
RO = 'observer_sys_password'
PER_CLUSTER_SINCE = (4, 1)
NOT_SUPPORTED = 1235
ROWS = "select * from proxy_config where name='%s'" % RO

# state: what was found ("missing" or "differs"), never a value
Change = collections.namedtuple('Change', 'what state statement')


class CredentialError(ProxysysError):
    """Why the passwords are not as wanted."""


def sha1(password):
    return hashlib.sha1(to_bytes(password)).hexdigest()


def version(client):
    """(4, 3, 1, 0), as the proxy says of itself."""
    for statement, column in (('select proxy_version()', 0), ('show proxyinfo binary', -1)):
        try:
            rows = client.query(statement)[1]
        except ServerError:
            continue
        found = re.search(r'\d+(?:\.\d+)+', rows[0][column] or u'') if rows else None
        if found:
            return tuple(int(part) for part in found.group(0).split('.'))
    raise CredentialError('the server does not tell its version: is it an OBProxy?')


def faults(sys_password, ob_passwords):
    """What is wrong with the wanted passwords themselves."""
    found, known = [], {}
    named = [('root@proxysys', sys_password)]
    named += [('proxyro of cluster %s' % one['cluster_name'], one['password']) for one in ob_passwords]
    for who, password in named:
        if not password:
            found.append('the password of %s is empty: OBProxy would let everybody in, or no one' % who)
            continue
        try:
            quote(password)
        except ProxysysError as exc:
            found.append('the password of %s: %s' % (who, exc))
        if known.setdefault(who, password) != password:
            found.append('the password of %s is given twice, and differs' % who)
    return found


def plan(client, sys_password, ob_passwords):
    """The changes that a live proxy needs; root@proxysys last, so that a failure leaves it as it was."""
    live = _parameters.read(client)
    changes = _plan_proxyro(client, live, ob_passwords) if ob_passwords else []
    # an empty stored password lets in whoever comes: only the hash tells whether the right one is set
    return changes + _plan_global(live, SYS, sys_password)


def _plan_global(live, name, password):
    stored = live[name].value if name in live else u''
    if stored.lower() == sha1(password):
        return []
    return [Change(name, 'differs' if stored else 'missing', 'alter proxyconfig set %s = %s' % (name, quote(password)))]


def _plan_proxyro(client, live, ob_passwords):
    passwords = collections.OrderedDict((one['cluster_name'], one['password']) for one in ob_passwords)
    one_for_all = len(set(passwords.values())) == 1
    rows = _cluster_rows(client)
    changes = []
    if rows is None:
        if not one_for_all:
            raise CredentialError(
                'the clusters %s have different passwords of proxyro, but OBProxy %s keeps one for all: give proxyro the same '
                'password everywhere, or use OBProxy 4.1 or later'
                % (', '.join(passwords), '.'.join(str(part) for part in version(client))))
    else:
        changes = [_cluster_change(rows, cluster, password) for cluster, password in passwords.items()
                   if rows.get(cluster, u'').lower() != sha1(password)]
    if one_for_all:
        # also what OBProxy logs in with before it knows which cluster it talks to
        changes += _plan_global(live, RO, list(passwords.values())[0])
    return changes


def _cluster_rows(client):
    """{cluster: stored hash} of the passwords kept per cluster; None where there is no such thing."""
    if version(client) < PER_CLUSTER_SINCE:
        return None
    try:
        columns, rows = client.query(ROWS)
    except ServerError as exc:
        if exc.errno != NOT_SUPPORTED:
            raise
        return None
    found = [dict(zip([column.lower() for column in columns], row)) for row in rows]
    return dict((row['cluster_name'], row['value'] or u'') for row in found
                if row['config_level'] == u'LEVEL_CLUSTER' and not row.get('tenant_name') and row['name'] == RO)


def _cluster_change(rows, cluster, password):
    statement = 'replace into proxy_config(cluster_name, name, value, config_level) values(%s, %s, %s, %s)' % (
        quote(cluster), quote(RO), quote(password), quote('LEVEL_CLUSTER'))
    return Change('%s of cluster %s' % (RO, cluster), 'differs' if cluster in rows else 'missing', statement)


def apply(client, params, changes):
    """Carry the changes out, then look that they hold: by their hashes and by a login of its own."""
    done = []
    for change in changes:
        try:
            client.query(change.statement, secret=True)
        except ProxysysError as exc:
            raise CredentialError('%s could not be set: %s. Already set: %s' % (change.what, exc, ', '.join(done) or 'none'))
        done.append(change.what)
    try:
        Client(params['sql_port'], params['sys_password'], timeout=params['timeout']).close()
    except AccessDenied as exc:
        raise CredentialError('root@proxysys is not let in with its new password on port %d (%s)' % (params['sql_port'], exc))
    lost = [change.what for change in plan(client, params['sys_password'], params['ob_passwords'])]
    if lost:
        raise CredentialError('OBProxy accepted but did not keep: %s' % ', '.join(lost))


def predicted(ob_passwords):
    """The changes on a host where nothing listens yet."""
    names = ['%s of cluster %s' % (RO, one['cluster_name']) for one in ob_passwords] + [SYS]
    return [Change(name, 'missing', None) for name in names]
