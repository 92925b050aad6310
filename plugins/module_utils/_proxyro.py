# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two passwords that OBProxy tries in turn to log in to OceanBase as proxyro.

A new one is staged: set beside the one in force. Once the account in OceanBase has it, it is set in
the first one's place, and the second is cleared. So at every moment one of the two lets OBProxy in.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import hashlib

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, ServerError, quote

RO = 'observer_sys_password'
RO1 = 'observer_sys_password1'
PER_CLUSTER_SINCE = (4, 1)
NOT_SUPPORTED = 1235
ROWS = "select * from proxy_config where name='%s'"

UNFINISHED = (
    '%s holds another password than the wanted one. An earlier change of proxyro\'s password was not finished, and either of the '
    'two may be in force. Give the password that proxyro has in OceanBase now as its proxyro_password and run this: that '
    'ends the earlier change. Then give the new one')

# state: what was found ("missing", "differs", "left over"), after: what it becomes; never a value
Change = collections.namedtuple('Change', 'what state after statement')


class CredentialError(ProxysysError):
    """Why the passwords are not as wanted."""


def sha1(password):
    return hashlib.sha1(to_bytes(password)).hexdigest()


class Place(object):
    """Where a proxy keeps both passwords: for one OceanBase cluster, or, without a name, for all."""

    def __init__(self, cluster, password, own, inherited):
        self.cluster = cluster
        self.password = password
        self.own = own
        self.inherited = inherited

    def stored(self, name):
        """The hash that is in force here."""
        return self.own.get(name, self.inherited.get(name, u'')).lower()

    def change(self, name, state, after, password):
        if self.cluster is None:
            return Change(name, state, after, 'alter proxyconfig set %s = %s' % (name, quote(password)))
        statement = 'replace into proxy_config(cluster_name, name, value, config_level) values(%s, %s, %s, %s)' % (
            quote(self.cluster), quote(name), quote(password), quote('LEVEL_CLUSTER'))
        return Change('%s of cluster %s' % (name, self.cluster), state, after, statement)

    def settled(self):
        """The changes after which the password is the only one."""
        own = self.own.get(RO, u'')
        changes = []
        if own.lower() != sha1(self.password):
            changes.append(self.change(RO, 'differs' if own else 'missing', 'set', self.password))
        if self.own.get(RO1):
            changes.append(self.change(RO1, 'left over', 'cleared', u''))
        return changes

    def staged(self, is_default):
        """The changes after which the password is one of the two, and the one in force still is."""
        waiting = self.stored(RO1)
        if sha1(self.password) in (self.stored(RO), waiting):
            return []
        of_its_own = self.cluster is not None and self.own.get(RO1)
        if waiting and (of_its_own or not is_default()):
            raise CredentialError(UNFINISHED % self.change(RO1, '', '', u'').what)
        return [self.change(RO1, 'differs' if waiting else 'missing', 'staged', self.password)]


def places(client, version, live, ob_passwords):
    """The places that these passwords belong to; CredentialError where OBProxy has not enough of them."""
    passwords = collections.OrderedDict((one['cluster_name'], one['password']) for one in ob_passwords)
    one_for_all = len(set(passwords.values())) == 1
    rows = _cluster_rows(client) if version >= PER_CLUSTER_SINCE else None
    if rows is None and not one_for_all:
        raise CredentialError(
            'the clusters %s have different passwords of proxyro, but OBProxy %s keeps one for all: give proxyro the same '
            'password everywhere, or use OBProxy 4.1 or later'
            % (', '.join(passwords), '.'.join(str(part) for part in version)))
    shared = dict((name, live[name].value) for name in (RO, RO1) if name in live)
    found = []
    if rows is not None:
        found = [Place(cluster, password, rows.get(cluster, {}), shared) for cluster, password in passwords.items()]
    if one_for_all:
        # also what OBProxy logs in with before it knows which cluster it talks to
        found.append(Place(None, list(passwords.values())[0], shared, {}))
    return found


def _cluster_rows(client):
    """{cluster: {name: stored hash}} of the passwords kept per cluster; None where there is no such thing."""
    found = {}
    for name in (RO, RO1):
        try:
            columns, rows = client.query(ROWS % name)
        except ServerError as exc:
            if exc.errno != NOT_SUPPORTED:
                raise
            return None
        for row in rows:
            row = dict(zip([column.lower() for column in columns], row))
            if row['config_level'] == u'LEVEL_CLUSTER' and not row.get('tenant_name') and row['name'] == name:
                found.setdefault(row['cluster_name'], {})[name] = row['value'] or u''
    return found


def settle(found):
    """The changes after which each password is the only one in its place."""
    return [change for place in found for change in place.settled()]


def stage(client, live, found):
    """The changes after which a proxy logs in with the wanted passwords as well as with those in force."""
    def is_default():
        return not any(row[0] == RO1 for row in client.query('show proxyconfig diff')[1])
    changes = [change for place in found for change in place.staged(is_default)]
    if changes and RO1 not in live:
        raise CredentialError('it has no %s, so the password of proxyro cannot be changed without an interruption: upgrade it '
                              'first' % RO1)
    return changes
