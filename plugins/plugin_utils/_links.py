# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change which OB clusters an OBProxy cluster serves."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _body, _dag_operations, _rules
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._operation import Operation


class Links(Operation):
    """Links OB clusters, and takes links away."""

    task_name = 'Modify OB links'
    steps = _dag_operations.LINKS
    status = 'REFRESHING'
    spares_stopped = True

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        _rules.check_links(self.request)
        if not self.request.get('ob_links') and not self.request.get('ob_cluster_names'):
            self.request.fault(self.request.field('ob_links'), None, 'OB clusters to link, or obClusterNames of such to take away')
        self.coming = []
        super().check(cluster_key)

    def check_settings(self, hosts):
        """Check the variables that the links need as they come to be."""
        self.coming = self._coming()
        if hosts and not self.request.faults:
            cluster = {**self.cluster, 'ob_links': self.coming}
            self.rs_list = self.settings.check(self.request, hosts, cluster, None)['rs_list']

    def _coming(self):
        """Return the links that the cluster will have."""
        coming = {link['cluster_name']: link for link in self.cluster['ob_links']}
        for index, name in enumerate(self.request.get('ob_cluster_names') or ()):
            if not isinstance(name, str):
                self.request.fault(self.request.field('ob_cluster_names', index), name, 'the name of an OB cluster')
            elif coming.pop(name, None) is None:
                # It may have been taken away by a run that then failed on a host: the same command mends that.
                self.notes.append(f"Taken as gone already: {self.cluster['name']} has no link with {name}.")
        for index, link in enumerate(map(_body.link, self.request.get('ob_links') or ())):
            present = coming.setdefault(link['cluster_name'], link)
            taken = next((one for one in coming.values() if one['ob_cluster_id'] == link['ob_cluster_id'] and one != link), None)
            if present != link or taken:
                self.request.fault(
                    self.request.field('ob_links', index), link['cluster_name'], 'an OB cluster whose name and id no other link has',
                    status=CONFLICT, why=f'take the link with {(taken or present)["cluster_name"]} away in the same request')
        if self.cluster['work_mode'] == 'RS_LIST' and len(coming) != 1:
            self.request.fault(self.request.field('ob_links'), ', '.join(coming) or None, 'exactly one OB cluster in the end',
                               status=CONFLICT, why=f"{self.cluster['name']} works with RS_LIST: name the old one in obClusterNames "
                               'and the new one in obLinks')
        return list(coming.values())

    def write(self, actor, trace_id, lease):
        """Write the plan, and the links that the cluster has from now on."""
        changed = self.coming != self.cluster['ob_links']
        before = [link['cluster_name'] for link in self.cluster['ob_links']]
        if changed:
            self.cluster.update(ob_links=self.coming, request={**self.cluster['request'], 'ob_links': self.coming})
            self.store.update_cluster(self.cluster['id'], ob_links=self.coming, request=self.cluster['request'])
        diff = {'before': {'ob_links': before}, 'after': {'ob_links': [link['cluster_name'] for link in self.coming]}}
        return {**super().write(actor, trace_id, lease), 'changed': changed, 'diff': diff}

    def described(self, server):
        """Return what the roles are told: the record's links, and of a list of root servers the parameters with it."""
        record = {'ob_links': self.coming, 'request': self.cluster['request']}
        if self.cluster['work_mode'] != 'RS_LIST':
            return {'record': record}
        known = self.store.history.read(self.cluster['id'], self.cluster['parameter_version'])
        own = {'rootservice_list': self.rs_list, 'rootservice_cluster_name': self.coming[0]['cluster_name']}
        parameters = [*known.ordinary, *({'name': name, 'value': value} for name, value in own.items())]
        # Until it is restarted a proxy serves the OB cluster that it had, with the password that it had.
        return {'record': record, 'parameters': parameters, 'credentials_state': 'staged'}
