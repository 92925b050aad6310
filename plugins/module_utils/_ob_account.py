# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OceanBase cluster's account for its OBProxies, such as proxyro: it reads everything and writes nothing.

The account's own login tells first whether all is as wanted. Only where it is not, the sys tenant's
administrator is logged in.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import hashlib
import re
import time

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, Client, ProxysysError, ServerError, quote)

TENANT = 'sys'
ANYWHERE = u'%'
PAUSE = 0.2
SERVER = re.compile(r'^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})\Z')
READS = re.compile(r'^GRANT (ALL PRIVILEGES|.*\bSELECT\b.*) ON \*\.\* TO ', re.I)


# what: in words, state: what was found, after: what it becomes; never a value
Change = collections.namedtuple('Change', 'what state after statement')


class AccountError(ProxysysError):
    """Why the account is not as wanted."""


def addresses(servers):
    """[(host, port)] of 'ip:port'."""
    found = []
    for server in servers:
        match = SERVER.match(server.strip())
        if not match or not 0 < int(match.group(2)) < 65536:
            raise AccountError('%s is no root server: ip:port is expected' % server)
        found.append((match.group(1).strip('[]'), int(match.group(2))))
    if not found:
        raise AccountError('no root server is given: a list of ip:port is expected')
    return found


def reads_everything(client, account=None):
    """Whether an account (else the one that is logged in) has SELECT on *.*."""
    rows = client.query('show grants' + (' for ' + account if account else ''))[1]
    return any(READS.match(row[0]) for row in rows)


def fingerprint(password):
    """What OceanBase stores of a password."""
    return u'*' + hashlib.sha1(hashlib.sha1(to_bytes(password)).digest()).hexdigest()


class Account(object):
    """The account in one OceanBase cluster, as the module's options want it."""

    def __init__(self, params):
        self.params = params
        self.name = params['name']
        self.servers = addresses(params['root_servers'])

    def _connect(self, user, password):
        """A client of the first root server that answers; what one refuses, all refuse."""
        silent = []
        for host, port in self.servers:
            try:
                return Client(port, password, user=user, host=host, timeout=self.params['timeout'])
            except ServerError:
                raise
            except ProxysysError as exc:
                silent.append(str(exc))
        raise AccountError('no root server answers: %s' % '; '.join(silent))

    def is_wanted(self):
        """Whether the account is let in with its password and reads everything."""
        try:
            client = self._connect('%s@%s' % (self.name, TENANT), self.params['password'])
        except AccessDenied:
            return False
        with client:
            return reads_everything(client)

    def _administrator(self):
        try:
            return self._connect(self.params['sys_user'], self.params['sys_password'])
        except AccessDenied as exc:
            raise AccountError('%s is not let in with sys_password: %s' % (self.params['sys_user'], exc))

    def plan(self, client):
        """The changes that the administrator has to make."""
        rows = client.query('select host, password from mysql.user where user = %s' % quote(self.name))[1]
        stored = dict((row[0], row[1] or u'') for row in rows)
        if not stored:
            account = self._at(ANYWHERE)
            return [Change(self._words(ANYWHERE), 'missing', 'created',
                           'create user %s identified by %s' % (account, quote(self.params['password']))),
                    Change('SELECT of ' + self._words(ANYWHERE), 'missing', 'granted', 'grant select on *.* to ' + account)]
        changes = []
        for host in sorted(stored):
            account, words = self._at(host), self._words(host)
            if stored[host].lower() != fingerprint(self.params['password']):
                changes.append(Change('password of ' + words, 'differs', 'set',
                                      'alter user %s identified by %s' % (account, quote(self.params['password']))))
            if not reads_everything(client, account):
                changes.append(Change('SELECT of ' + words, 'missing', 'granted', 'grant select on *.* to ' + account))
        return changes

    def _at(self, host):
        return '%s@%s' % (quote(self.name), quote(host))

    def _words(self, host):
        return self.name if host == ANYWHERE else '%s@%s' % (self.name, host)

    def ensure(self, check_mode):
        """Have the account as wanted; return what was, or would be, changed."""
        if self.is_wanted():
            return []
        if self.params['sys_password'] is None:
            raise AccountError(
                '%s is not let in with the wanted password, or lacks SELECT on *.*, and no sys_password is given. Give it, or have '
                'the account changed in the tenant sys, then run this again' % self.name)
        with self._administrator() as client:
            changes = self.plan(client)
            if changes and self.params['hold']:
                raise AccountError('%s was left as it is: %s' % (self.name, '; '.join(self.params['hold'])))
            if not check_mode:
                self._carry_out(client, changes)
        if not check_mode:
            self._wait()
        return changes

    @staticmethod
    def _carry_out(client, changes):
        done = []
        for change in changes:
            try:
                client.query(change.statement, secret=True)
            except ProxysysError as exc:
                raise AccountError('%s could not be %s: %s. Done before: %s'
                                   % (change.what, change.after, exc, ', '.join(done) or 'nothing'))
            done.append('%s %s' % (change.what, change.after))

    def _wait(self):
        """Each server learns of a changed account by itself, a moment later."""
        deadline = monotonic() + self.params['timeout']
        while not self.is_wanted():
            if monotonic() > deadline:
                raise AccountError('%s is still not let in with its password, or lacks SELECT on *.*' % self.name)
            time.sleep(PAUSE)
