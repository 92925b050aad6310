# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of this collection share: they work on the controller and answer in OCP's envelope."""

from __future__ import annotations

import os

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _leases, _plan
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._envelope import Envelope, actor
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import Fault, RegistryError, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory, number
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import from_json, plain
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE

CALLBACK = 'oceanbase.obproxy.dag'


class ControllerAction(ActionBase):
    """An action that never connects to a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """Answer, or say in an envelope why not."""
        result = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        self._actor = actor({name: self._variable(name) for name in ('awx_user_name', 'tower_user_name')})
        self._envelope = Envelope(self._actor.server)
        try:
            result.update(self.answer(dict(self._task.args)))
        except (RequestError, RegistryError) as error:
            result.update(self._envelope.refusal(error))
        return result

    def answer(self, args):
        """Return the result; each action has its own."""
        raise NotImplementedError

    @property
    def check_mode(self):
        """Tell whether nothing may be written."""
        return bool(self._task.check_mode)

    def _variable(self, name):
        """Return a variable with its templates resolved, None when it is not set."""
        if name not in self._task_vars:
            return None
        return plain(self._templar.template(self._task_vars[name]))

    def _inventory(self):
        if not hasattr(self, '_found'):
            names = self._task_vars.get('groups', {}).get('all', [])
            self._found = Inventory(names, self._task_vars['hostvars'])
        return self._found

    def registry(self, args):
        """Return the registry that the task or the variables name."""
        url = args.get('registry_url')
        if url is None:
            try:
                url = self._variable('obproxy_registry_url')
            except AnsibleError:
                raise RequestError([Fault.of('obproxy_registry_url', CANNOT_RESOLVE, 'a database URL')]) from None
        return Registry(None if url is None else str(url))

    def lease(self):
        """Return the seconds for which a run lives without a sign of life."""
        given = self._variable('obproxy_lease_seconds')
        seconds = _leases.SECONDS if given is None else number(given)
        if seconds is None or seconds > _leases.LONGEST_SECONDS:
            raise RequestError([Fault.of('obproxy_lease_seconds', given, f'whole seconds from 1 to {_leases.LONGEST_SECONDS}')])
        watched = CALLBACK in (C.CALLBACKS_ENABLED or ())
        return seconds if watched else max(seconds, _leases.UNWATCHED_SECONDS)

    def checked(self, spec):
        """Check an action's own options, as ansible-core does it for modules."""
        return plain(self.validate_argument_spec(spec)[1])

    @staticmethod
    def run_id(run):
        """Return a run's id, out of a plan's RV(run) or as it is."""
        run_id = number(run.get('id') if isinstance(run, dict) else run)
        if run_id is None:
            raise RequestError([Fault.of('run', run, "a plan's run, or its id")])
        return run_id

    @staticmethod
    def trace_id(run):
        """Return what tells the run of this plan from one that has taken it up since, None where only the id is given."""
        return run.get('trace_id') if isinstance(run, dict) else None

    def reading(self, args):
        """Return a transaction that reads alone; a registry that isn't there yet is not made to be read."""
        registry = self.registry(args)
        return (registry.rehearsal() if self.check_mode or not registry.exists else registry).transaction(writes=False)

    def reading_or_writing(self, args):
        """Return a transaction of the registry; in check mode nothing that is done in it is kept."""
        registry = self.registry(args)
        return (registry.rehearsal() if self.check_mode else registry).transaction()


class RequestAction(ControllerAction):
    """An action that plans one of OCP's requests."""

    operation = ''
    takes_cluster = True

    def answer(self, args):
        registry = self.registry(args)
        args.pop('registry_url', None)
        cluster_key = self._cluster_key(args) if self.takes_cluster else None
        plan = _plan.plan(
            self.operation, self._body(args), cluster_key, self._inventory(), self._settings(), registry,
            self._actor, self._envelope.trace_id, self.check_mode, self.lease())
        return self._envelope.answer(**plan)

    @staticmethod
    def _cluster_key(args):
        given = [args.pop(name) for name in ('cluster_id', 'obproxy_cluster_id') if name in args]
        return next((plain(key) for key in given if key is not None), None)

    @staticmethod
    def _body(args):
        if 'request' not in args:
            return args
        body = args.pop('request')
        if args:
            raise RequestError([Fault.of(
                name, 'given beside request', 'either the whole body in request, or its fields as options') for name in args])
        return plain(from_json(body) if isinstance(body, str) else body)

    def _settings(self):
        return Settings(self._variable, self._inventory(), self._loader.get_basedir() or os.getcwd())
