# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first start of an instance is given, and what of it has to be done by SQL afterwards."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import hashlib
import os

from ansible.module_utils.common.text.converters import to_bytes, to_native
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _catalogue, _values
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, opened, remove_tree)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameters import PASSWORDS

PERSISTED = ('obproxy_config.bin', 'proxyconfig_v1.db')
ELSEWHERE = {
    'listen_port': 'sql_port', 'prometheus_listen_port': 'exporter_port', 'rpc_listen_port': 'rpc_port',
    'app_name': 'cluster_name', 'rootservice_list': 'rs_list', 'rootservice_cluster_name': 'ob_cluster_name',
    'obproxy_config_server_url': 'config_url',
}


def one_time_password():
    """(password, sha1) of a password for the minute until the real one is set."""
    password = to_native(binascii.hexlify(os.urandom(24)))
    return password, hashlib.sha1(to_bytes(password)).hexdigest()


def strict_kernel(release=None):
    """Whether OBProxy before 4.3.1 takes this kernel for one of RHEL's."""
    return '.el' in (release or os.uname()[2])


def startup_parameters(given):
    """{name: value} of the startup parameters; HostError when one doesn't belong there."""
    wanted = {}
    for one in given or ():
        name, value = to_native(one.get('name') or ''), to_native(one.get('value', ''))
        if name in PASSWORDS:
            raise HostError('%s is a password and no startup parameter: it is set by SQL after the start.' % name)
        if name in ELSEWHERE:
            raise HostError('%s is no startup parameter here: give it as the option %s.' % (name, ELSEWHERE[name]))
        if not name or not name.replace('_', 'a').isalnum():
            raise HostError('%r is no name of a parameter: letters, digits and _ are expected.' % name)
        if '\n' in value or '\r' in value or '\0' in value:
            raise HostError('The value of %s has more than one line: one is expected.' % name)
        if wanted.get(name, value) != value:
            raise HostError('%s is given twice, as %r and as %r.' % (name, wanted[name], value))
        wanted[name] = value
    return dict((name, to_native(_values.told(_catalogue.kind(name), value))) for name, value in wanted.items())


def fits_option(value):
    """Whether a value survives -o, which splits at commas and trims."""
    return ',' not in value and value == value.strip() and value != ''


def settings(params, kernel=None):
    """All that is to be in force after a first start, but for passwords and ports."""
    wanted = {'enable_metadb_used': 'false'}
    if not strict_kernel(kernel):
        wanted['enable_strict_kernel_release'] = 'false'
    if params['work_mode'] == 'CONFIG_URL':
        wanted['obproxy_config_server_url'] = params['config_url'] or ''
    wanted.update(startup_parameters(params['startup_parameters']))
    return wanted


def arguments(params, wanted, password_hash):
    """(the arguments of the first start, {name: value} of what is left to SQL)."""
    found = []
    if params['work_mode'] == 'RS_LIST':
        for flag, value in (('-r', params['rs_list']), ('-c', params['ob_cluster_name'])):
            if not value or '\n' in value:
                raise HostError('The work mode RS_LIST needs rs_list and ob_cluster_name.')
            found += [flag, value]
    elif not params['config_url']:
        raise HostError('The work mode CONFIG_URL needs config_url.')
    options = ['%s=%s' % (name, value) for name, value in sorted(wanted.items()) if fits_option(value)]
    later = dict((name, value) for name, value in wanted.items() if not fits_option(value))
    return found + ['-o', ','.join(options + ['obproxy_sys_password=' + password_hash])], later


def is_persisted(home):
    """Whether an earlier start has left a configuration."""
    with opened(home) as folder:
        with opened('etc', folder) as etc:
            return any(etc.stat(name) is not None for name in PERSISTED)


def wipe(home):
    """Forget what a first start that was never completed has left in etc."""
    with opened(home) as folder:
        with opened('etc', folder) as etc:
            for name in etc.entries():
                remove_tree(etc, name)
