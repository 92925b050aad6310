# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to a version that cannot read what the present one has persisted.

Such a version would come up with its defaults, an empty password among them, or with what it had persisted itself a long
time ago. So it has its first start over again, and is told what the present one says of itself.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _credentials, _discovery_live, _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    Changes, HostError, ensure_folder, opened, remove_tree)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, connect_any
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import set_state
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import Service

ETC, KEPT = 'etc', 'etc.before-upgrade'
ETC_MODE = 0o750


class Anew(object):
    """One such way back; params are Service's, with the passwords of proxyro."""

    def __init__(self, instance, supervisor, params, record, records):
        self.instance = instance
        self.supervisor = supervisor
        self.params = params
        self.record = record
        self.records = records
        self.facts = None
        self.not_kept = []
        self._is_begun = False

    def ask(self):
        """Learn what the present version says of itself; HostError when that isn't enough for a first start."""
        with self._log_in() as client:
            self.facts = _discovery_live.ask(client)
        names = [one['cluster_name'] for one in self.facts['ob_clusters']]
        if self.facts['work_mode'] is None:
            raise HostError('%s has neither a config server nor root servers: there is nothing to start anew with.'
                            % self.instance.name)
        given = [one['cluster_name'] for one in self.params['ob_passwords']]
        missing = [name for name in names if name not in given]
        if missing:
            raise HostError('%s has to be told the password of proxyro again, as %s: ob_passwords lacks the cluster %s.'
                            % (self.instance.name, 'versions before 4.3 cannot read it', ', '.join(missing)))

    def _log_in(self):
        passwords = [self.params['sys_password']] + (self.params['old_sys_passwords'] or [])
        return connect_any(self.instance.sql_port, passwords, self.params['timeout'])[0]

    def carry_out(self):
        """Stop, set etc aside, start anew, and tell what is to be in force."""
        with opened(self.instance.home) as home:
            if home.stat(KEPT) is not None:
                remove_tree(home, KEPT)
        self._is_begun = True
        self.supervisor.stop(self.params['stop_timeout'])
        set_state(self.instance.name, 'creating', self.records)
        self._set_aside()
        self._service(
            work_mode=self.facts['work_mode'], config_url=self.facts['config_url'], rs_list=self.facts['rs_list'],
            ob_cluster_name=self.facts['ob_clusters'][0]['cluster_name'] if self.facts['rs_list'] else '').set('started')
        with self._log_in() as client:
            restart = self._tell(client)
            passwords = dict(self.params, sql_port=self.instance.sql_port, state='present')
            _credentials.apply(client, passwords, _credentials.plan(client, _parameters.read(client), passwords))
        if restart:
            self._service(mode='cold').set('restarted')

    def _service(self, **more):
        return Service(self.instance, self.supervisor, dict(self.params, **more), Changes(), self.records)

    def _tell(self, client):
        """Set the parameters that this version has, too; whether one of them needs a restart."""
        live = _parameters.read(client)
        told = []
        for one in self.facts['differing']:
            name, value = one['name'], one['value']
            changes = _parameters.compare(live, [(name, value)])[0]
            try:
                _parameters.alter(client, changes)
                told += changes
            except ProxysysError:
                self.not_kept.append(name)
        self.not_kept += [one['name'] for one in self.facts['differing'] if one['name'] not in live]
        return any(live[name].need_reboot for name, dummy in told)

    def _set_aside(self):
        with opened(self.instance.home) as home:
            os.rename(home.at(ETC), home.at(KEPT))
            ensure_folder(Changes(), home, ETC, self.instance.owner(), ETC_MODE)

    def undo(self):
        """Stop, and give the present version back what it had persisted."""
        self.supervisor.stop()
        if self._is_begun:
            put_back(self.instance, self.records)


def put_back(instance, records):
    """Let an instance that does not run have the configuration that was set aside."""
    with opened(instance.home) as home:
        if home.stat(KEPT) is not None:
            if home.stat(ETC) is not None:
                remove_tree(home, ETC)
            os.rename(home.at(KEPT), home.at(ETC))
    set_state(instance.name, 'running', records)
