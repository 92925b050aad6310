# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to do until a cluster is as its create body says."""

from __future__ import annotations

import dataclasses

from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameters import same
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _body, _own_parameters, _rpm, _rules
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._earlier import stopped_on_purpose
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._hosts import identify
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import resolve
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import Request
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import install_path

# Servers are added before anything else is touched, and go last.
ORDER = ('create', 'update', 'links', 'batch_add', 'parameters', 'credentials', 'upgrade', 'remove')

NEW_ROOTS = {'rootservice_list', 'rootservice_cluster_name'}


@dataclasses.dataclass
class Step:
    """One operation that is needed: its request, and in words what differs."""

    operation: str
    request: dict
    before: list
    after: list


class Wanted:
    """One cluster as the inventory's variables want it, against what the registry and the servers say."""

    def __init__(self, body, store, inventory, seen, remove):
        self.body = body
        self.request = Request('create', body)
        _rules.check(self.request)
        self.store = store
        self.inventory = inventory
        self.seen = seen
        self.remove = remove
        self.name = self.request.get('name')
        self.cluster = self.store.cluster(self.name) if self.name and not self.name.isdecimal() else None
        self.hosts = resolve(self.request, inventory, store.hosts())
        identify(self.request, self.hosts, inventory, store.hosts())
        self.servers = {row['host_id']: row for row in store.servers(cluster_id=self.cluster['id'])} if self.cluster else {}
        self._names = {host_id: name for name, host_id in store.hosts().items()}
        self.known = store.history.read(self.cluster['id'], self.cluster['parameter_version']) if self.cluster else None
        self.waiting = []

    def _installed(self, key):
        return self.request.get(*install_path(self.request, key))

    def steps(self):
        """Return the steps in the order in which they are safe; what cannot be changed becomes a fault."""
        if self.cluster is None:
            return [Step('create', self.body, [], [f'cluster {self.name} with {len(self.hosts)} servers'])]
        self._check_fixed()
        links = self._links()
        found = [self._update(), links, self._batch_add(), self._parameters(), self._credentials(links), self._upgrade(), self._remove()]
        return sorted(filter(None, found), key=lambda step: ORDER.index(step.operation))

    def _check_fixed(self):
        mode = self.request.get('work_mode')
        if mode != self.cluster['work_mode']:
            self.request.fault(self.request.field('work_mode'), mode, self.cluster['work_mode'], status=CONFLICT,
                               why=f'{self.name} has it, and it is for good')
        for host in self._present():
            server = self.servers[host.host_id]
            for key in ('sql_port', 'exporter_port'):
                if self._installed(key) not in (None, server[key]):
                    self.request.fault(
                        self.request.field(*install_path(self.request, key)), self._installed(key), str(server[key]),
                        status=CONFLICT, why=f'{host.name} has it; to change it, remove the server and add it again')

    def _present(self):
        return [host for host in self.hosts if host.host_id in self.servers]

    def _update(self):
        wanted = {key: self.request.get(key) for key in ('address', 'port') if self.request.get(key) is not None}
        differing = {key: value for key, value in wanted.items() if self.cluster[key] != value}
        if not differing:
            return None
        return Step('update', differing, [f'{key}: {self.cluster[key]}' for key in differing],
                    [f'{key}: {value}' for key, value in differing.items()])

    def _links(self):
        present = {link['cluster_name']: link for link in self.cluster['ob_links']}
        wanted = {link['cluster_name']: link for link in map(_body.link, self.request.get('ob_links') or ()) if link['cluster_name']}
        more = [link for name, link in wanted.items() if _body.link(present.get(name, {})) != link]
        gone = [name for name in present if name not in wanted] if self.remove or self.cluster['work_mode'] == 'RS_LIST' else []
        if not more and not gone:
            return None
        return Step('links', {'obLinks': more, 'obClusterNames': gone}, [f'OB cluster {name}' for name in gone],
                    [f"OB cluster {link['cluster_name']}" for link in more])

    def _batch_add(self):
        added = [host.name for host in self.hosts if self.servers.get(host.host_id, {'status': 'CREATING'})['status'] == 'CREATING']
        if not added:
            return None
        body = {'hostIds': added, 'sqlPort': self._installed('sql_port'), 'exporterPort': self._installed('exporter_port'),
                'version': self._installed('version')}
        return Step('batch_add', body, [], [f'server on {name}' for name in added])

    def _parameters(self):
        known = self.known.values()
        wanted = {item['name']: item['value'] for item in self.parameters()}
        changed = {name: value for name, value in wanted.items()
                   if not (same(name, known[name], value) if name in known else self._is_live(name))}
        gone = [name for name in known if name not in wanted] if self.remove else []
        behind = self._behind(set(known) & set(wanted) - set(changed))
        if not changed and not gone and not behind:
            return None
        items = [*({'name': name, 'value': value} for name, value in changed.items()), *({'name': name, 'value': None} for name in gone)]
        return Step('parameters', {'parameters': items},
                    [*(f'parameter {name}: {known[name]}' for name in (*changed, *gone) if name in known),
                     *(f"parameters of server {server['id']}" for server in behind)],
                    [*(f'parameter {name}: {value}' for name, value in changed.items()),
                     *(f"parameters of server {server['id']}, as the cluster and its host say" for server in behind)])

    def _behind(self, names):
        """Return the servers that lack a version of the parameters, or have drifted from those of these names or from their own."""
        resting = stopped_on_purpose(self.store, self.cluster)
        return [server for server in self.servers.values() if server['status'] != 'CREATING' and server['id'] not in resting and (
            server['parameter_version'] != self.cluster['parameter_version'] or self._has_new(server)
            or (names | set(self._own(server))) & set(self.seen.get(str(server['id']), {}).get('parameters', ())))]

    def _own(self, server):
        """Return {name: value} of what the inventory says of a server alone; what the registry has, where it doesn't know the host."""
        name = self._names[server['host_id']]
        if name not in self.inventory.names:
            return self._recorded(server)
        # What is wrong with them is said by the operation.
        items = _own_parameters.read(Request('create', self.body), self.inventory, name, self.cluster['name'])
        return {item['name']: item['value'] for item in items}

    def _recorded(self, server):
        return {item['name']: item['value'] for item in self.known.own.get(server['id'], ())}

    def _has_new(self, server):
        """Tell whether the inventory says something new of a server alone."""
        before, own = self._recorded(server), self._own(server)
        return set(before) != set(own) or not all(same(name, before[name], value) for name, value in own.items())

    def not_asked(self):
        """Return the ids of the servers that did not say what they have."""
        return [server['id'] for server in self.servers.values() if 'parameters' not in self.seen.get(str(server['id']), {})]

    def parameters(self):
        """Return all parameters that the body asks for."""
        return [*(self.request.get('startup_parameters') or ()), *(self.request.get('parameters') or ())]

    def parameters_of(self, server):
        """Return all parameters that a server is to have: what it has of its own goes first."""
        own = self._own(server)
        return [*(item for item in self.parameters() if item['name'] not in own),
                *({'name': name, 'value': value} for name, value in own.items())]

    def _answers(self):
        return [self.seen.get(str(server['id']), {}) for server in self.servers.values()]

    def _is_live(self, name):
        """Tell whether every server has what the body says, though the cluster doesn't: an export holds such parameters."""
        return bool(self.servers) and all('parameters' in one and name not in one['parameters'] for one in self._answers())

    def _credentials(self, links):
        differing = [server['id'] for server in self.servers.values() if self.seen.get(str(server['id']), {}).get('credentials')]
        if not differing:
            return None
        # Until a restart OBProxy serves the former OB cluster, with the former password.
        if self.cluster['work_mode'] == 'RS_LIST' and (links or any(NEW_ROOTS & set(one.get('pending', ())) for one in self._answers())):
            self.waiting.append(
                'The passwords are left as they are until the new root servers are in force. Run oceanbase.obproxy.restart '
                f'-e obproxy_cluster_id={self.name}, then this again.')
            return None
        words = [f'passwords of server {server_id}' for server_id in differing]
        return Step('credentials', {}, words, [f'{text}, as the variables say' for text in words])

    def _upgrade(self):
        version = self._installed('version')
        if not version:
            return None
        package = _rpm.parse(version)
        old = {host.name: self.servers[host.host_id] for host in self._present()
               if _rpm.short_version(package) != _version(self.servers[host.host_id])}
        if not old:
            return None
        return Step('upgrade', {'obproxyServerIds': [server['id'] for server in old.values()], 'version': version},
                    [f"version on {name}: {_version(server)}" for name, server in old.items()],
                    [f'version on {name}: {_rpm.short_version(package)}' for name in old])

    def _remove(self):
        wanted = {host.host_id for host in self.hosts}
        names = {host_id: name for name, host_id in self.store.hosts().items()}
        gone = {names[host_id]: row['id'] for host_id, row in self.servers.items() if host_id not in wanted}
        # An export names no hosts: that does not mean that there are to be none.
        if not gone or not self.remove or not self.hosts:
            return None
        return Step('remove', {'obproxyServerIds': list(gone.values())}, [f'server on {name}' for name in gone], [])


def _version(server):
    try:
        return _rpm.short_version(_rpm.parse(server['version'])) if server['version'] else None
    except _rpm.NotAPackage:
        return server['version']
