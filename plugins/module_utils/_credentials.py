# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords that an OBProxy keeps: root@proxysys's own, and those of proxyro in OceanBase.

It stores and shows the hex SHA-1 of each, which is what they are compared by. No statement, error
or result here holds a password or its hash.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _parameters, _proxyro
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxyro import Change, CredentialError, sha1
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import (
    AccessDenied, Client, ProxysysError, Refused, ServerError, quote)

SYS = 'obproxy_sys_password'


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


def ensure(params, check_mode):
    """The changes that were made so that all passwords are as wanted; params are obproxy_credentials' options."""
    _refuse(params)
    try:
        client = _admin.log_in(params)[0]
    except Refused:
        if not check_mode:
            raise
        return predicted(params)
    with client:
        return ensure_with(client, _parameters.read(client), params, check_mode)


def ensure_with(client, live, params, check_mode):
    """The same, for one who is logged in and has read all parameters."""
    _refuse(params)
    changes = plan(client, live, params)
    if changes and not check_mode:
        apply(client, params, changes)
    return changes


def _refuse(params):
    found = faults(params['sys_password'], params['ob_passwords'])
    if found:
        raise CredentialError('; '.join(found))


def plan(client, live, params):
    """The changes that a live proxy needs; root@proxysys last, so that a failure leaves it as it was."""
    links = params['ob_passwords']
    places = _proxyro.places(client, version(client), live, links) if links else []
    changes = _proxyro.stage(client, live, places) if params['state'] == 'staged' else _proxyro.settle(places)
    # an empty stored password lets in whoever comes: only the hash tells whether the right one is set
    stored = live[SYS].value if SYS in live else u''
    if stored.lower() != sha1(params['sys_password']):
        changes.append(Change(SYS, 'differs' if stored else 'missing', 'set',
                              'alter proxyconfig set %s = %s' % (SYS, quote(params['sys_password']))))
    return changes


def apply(client, params, changes):
    """Carry the changes out, then look that they hold: by their hashes and by a login of its own."""
    done = []
    for change in changes:
        try:
            client.query(change.statement, secret=True)
        except ProxysysError as exc:
            raise CredentialError('%s could not be set: %s. Already set: %s' % (change.what, exc, ', '.join(done) or 'none'))
        done.append(change.what)
    if SYS in done:
        _check_login(params)
    lost = [change.what for change in plan(client, _parameters.read(client), params)]
    if lost:
        raise CredentialError('OBProxy accepted but did not keep: %s' % ', '.join(lost))


def _check_login(params):
    try:
        Client(params['sql_port'], params['sys_password'], timeout=params['timeout']).close()
    except AccessDenied as exc:
        raise CredentialError('root@proxysys is not let in with its new password on port %d (%s)' % (params['sql_port'], exc))


def predicted(params):
    """The changes on a host where nothing listens yet."""
    name, after = (_proxyro.RO1, 'staged') if params['state'] == 'staged' else (_proxyro.RO, 'set')
    changes = [Change('%s of cluster %s' % (name, one['cluster_name']), 'missing', after, None) for one in params['ob_passwords']]
    return changes + [Change(SYS, 'missing', 'set', None)]
