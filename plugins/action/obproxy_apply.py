# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import RequestAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._apply import Wanted
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import NOT_FOUND, Fault, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import plain

SPEC = {
    'clusters': {'type': 'list', 'elements': 'dict', 'required': True},
    'cluster_id': {'type': 'str'},
    'remove': {'type': 'bool', 'default': False},
    'seen': {'type': 'dict', 'default': {}},
    'registry_url': {'type': 'str', 'no_log': True},
}


class ActionModule(RequestAction):
    """Tell what there is to do until clusters are as they are wanted."""

    def answer(self, args):
        values = self.checked(SPEC)
        seen = {str(key): answer for key, answer in values['seen'].items()}
        with self.reading(values) as store:
            clusters = self._wanted(values, store, seen)
            plans = {cluster.name: cluster.steps() for cluster in clusters}
            faults = [_placed(cluster.name, fault) for cluster in clusters for fault in cluster.request.faults]
            if faults:
                raise RequestError(faults)
            hosts = _places(clusters, store)
        differing = {name: steps for name, steps in plans.items() if steps}
        only = next(iter(differing.values())) if len(differing) == 1 else ()
        return self._envelope.answer(
            {'contents': [{'name': cluster.name, 'operations': [step.operation for step in plans[cluster.name]],
                           'notAsked': cluster.not_asked(), 'waiting': cluster.waiting} for cluster in clusters]},
            changed=bool(differing), diff=_diff(differing), hosts=hosts, differing=sorted(differing),
            steps={step.operation: step.request for step in only})

    def _wanted(self, values, store, seen):
        bodies = plain(values['clusters'])
        names = [body.get('name') for body in bodies]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise RequestError([Fault.of('obproxy_clusters', twice, 'each cluster only once')])
        wanted = [Wanted(body, store, self._inventory(), seen, values['remove']) for body in bodies]
        key = values['cluster_id']
        chosen = [one for one in wanted if key in (None, '', one.name) or (one.cluster and key == str(one.cluster['id']))]
        if not chosen and key:
            raise RequestError([Fault.of('cluster_id', key, 'the name of a cluster in obproxy_clusters', status=NOT_FOUND,
                                         why=f"it has {', '.join(map(str, names)) or 'none'}")])
        return chosen


def _placed(name, fault):
    """Say in which of several bodies a fault is."""
    where = f'obproxy_clusters[{name}].{fault.field}'
    return Fault(where, fault.given, fault.expected, fault.message.replace(fault.field, where, 1), fault.status)


def _diff(differing):
    return [{'before_header': name, 'after_header': name,
             'before': ''.join(f'{line}\n' for step in steps for line in step.before),
             'after': ''.join(f'{line}\n' for step in steps for line in step.after)} for name, steps in differing.items()]


def _places(clusters, store):
    """Return by host what has to be asked of its servers."""
    names, found = {host_id: name for name, host_id in store.hosts().items()}, {}
    for cluster in clusters:
        for host_id, server in cluster.servers.items():
            found.setdefault(names[host_id], []).append({
                'server_id': server['id'], 'sql_port': server['sql_port'], 'ob_links': cluster.cluster['ob_links'],
                'name': f"{cluster.cluster['name']}-{server['sql_port']}", 'parameters': cluster.parameters_of(server)})
    return found
