# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.modules.obproxy_exporter_target import argument_spec
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _exporters
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import ControllerAction


class ActionModule(ControllerAction):
    """Register exporters: on the monitoring host, or for http_sd in the registry."""

    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        """Stay here for http_sd; everything else is the module's."""
        if self._task.args.get('backend') == 'http_sd':
            return super().run(tmp, task_vars)
        super(ControllerAction, self).run(tmp, task_vars)
        arguments = {name: value for name, value in self._task.args.items() if name != 'registry_url'}
        try:
            return self._execute_module(module_args=arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def answer(self, args):
        values = self.checked(argument_spec())
        with self.reading_or_writing(values) as store:
            changed = _exporters.register(store, values['targets'], values['state'] == 'present')
            of_cluster = [one for one in _exporters.document(store) if one['labels']['obproxy_cluster'] == values['cluster']]
        return {'changed': changed, 'targets': len(of_cluster)}
