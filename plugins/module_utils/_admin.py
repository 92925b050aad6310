# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that log in to root@proxysys share: their options and their way in."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import AccessDenied, connect_any


def argument_spec(**more):
    spec = dict(
        sql_port=dict(type='int', required=True),
        sys_password=dict(type='str', required=True, no_log=True),
        old_sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
        timeout=dict(type='int', default=10),
    )
    spec.update(more)
    return spec


def log_in(params):
    """(client, index of the password that was let in: 0 is the one wanted)."""
    passwords = [params['sys_password']] + [old for old in params['old_sys_passwords'] or [] if old is not None]
    try:
        return connect_any(params['sql_port'], passwords, params['timeout'])
    except AccessDenied as exc:
        raise AccessDenied(
            'no password given (%d tried) logs in as root@proxysys on 127.0.0.1:%d: %s. Name the one that is in force in '
            'old_sys_passwords, or see whether the port is another instance\'s' % (len(passwords), params['sql_port'], exc), exc.errno)
