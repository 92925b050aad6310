# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: registry
short_description: The OBProxy servers of the registry as an inventory
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Lists the hosts on which the registry knows OBProxy servers, in groups by cluster, status, version and IDC.
  - It only reads. It neither makes a registry nor brings an older one up to date.
  - Its source is a YAML file whose name ends in C(.obproxy.yml) or C(.obproxy.yaml).
notes:
  - Hosts have the names that they have in the registry. C(ansible_host) is the address that the registry knows.
  - The groups are C(obproxy_cluster_NAME), C(obproxy_status_STATUS), C(obproxy_version_VERSION) and C(obproxy_idc_IDC),
    in which all but letters, digits and C(_) has become C(_). Where the names of two clusters become the same,
    both groups end in C(_) and the cluster's id. A host that serves several clusters is in the groups of each.
  - C(obproxy_host_id) is the host's id, by which OCP's requests name it. C(obproxy_servers) lists the host's servers,
    each with C(server_id), C(sql_port), C(exporter_port), C(rpc_port), C(version), C(architecture), C(idc_name),
    C(status), C(operate_status), C(parameter_version), and of its cluster C(cluster_id), C(cluster_name),
    C(cluster_address), C(cluster_port), C(work_mode), C(config_url) and C(ob_clusters), the names of the linked ones.
  - All hosts are in the group C(obproxy_registry).
  - No password is in the registry, so none is here.
options:
  plugin:
    description: Must be V(oceanbase.obproxy.registry).
    type: str
    required: true
    choices: [oceanbase.obproxy.registry]
  registry_url:
    description:
      - The registry's database, as SQLAlchemy writes its address.
      - Without it, it is a SQLite file C(obproxy/registry.db) under C(ANSIBLE_HOME).
    type: str
    env:
      - name: OBPROXY_REGISTRY_URL
extends_documentation_fragment:
  - constructed
  - inventory_cache
requirements:
  - SQLAlchemy >= 2.0
"""

EXAMPLES = r"""
# fleet.obproxy.yml, with the registry's address in OBPROXY_REGISTRY_URL
plugin: oceanbase.obproxy.registry

---
# Groups of one's own: by the SQL port, and the hosts that serve more than one cluster.
plugin: oceanbase.obproxy.registry
registry_url: sqlite:////var/lib/obproxy/registry.db
strict: true
keyed_groups:
  - key: obproxy_servers | map(attribute='sql_port')
    prefix: port
groups:
  shared: obproxy_servers | length > 1
compose:
  obproxy_sql_port: obproxy_servers[0].sql_port

---
# Ask the database once in five minutes.
plugin: oceanbase.obproxy.registry
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/obproxy_inventory
cache_timeout: 300
"""

import hashlib

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _engine
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fleet import fleet
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry

EVERYBODY = 'obproxy_registry'
SUFFIXES = ('.obproxy.yml', '.obproxy.yaml')


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The registry's servers."""

    NAME = 'oceanbase.obproxy.registry'

    def verify_file(self, path):
        """Tell whether a file is meant for this plugin."""
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory, loader, path, cache=True):
        """Add the registry's hosts to the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            registry = Registry(self.get_option('registry_url'))
            found = self._cached(registry, path, cache)
        except RegistryError as exc:
            raise AnsibleParserError(f'{path}: {exc}') from None
        self._add_groups(found['hosts'], found['groups'])
        self._add_variables(found['hosts'])

    def _cached(self, registry, path, cache):
        """Return the fleet, out of the cache where that is wanted and has it."""
        self.load_cache_plugin()
        # The file may stay as it is while the environment names another registry.
        address = hashlib.sha256(_engine.said(registry.url).encode()).hexdigest()[:16]
        key = f'{self.get_cache_key(path)}_{address}'
        wanted = self.get_option('cache')
        if wanted and cache:
            try:
                return self._cache[key]
            except KeyError:
                pass
        with registry.reading() as connection:
            found = fleet(connection)
        if wanted:
            self._cache[key] = found
        return found

    def _add_groups(self, hosts, groups):
        for host in hosts:
            self.inventory.add_host(host)
        known = self.inventory.hosts
        for name, members in {EVERYBODY: hosts, **groups}.items():
            group = self.inventory.groups[self.inventory.add_group(name)]
            for host in members:
                group.add_host(known[host])

    def _add_variables(self, hosts):
        compose, groups, keyed_groups, strict = (
            self.get_option(name) for name in ('compose', 'groups', 'keyed_groups', 'strict'))
        known = self.inventory.hosts
        for host, variables in hosts.items():
            for name, value in variables.items():
                # Not by way of self.inventory: since ansible-core 2.19 that notes the file with each value, which for a
                # large fleet takes longer than all the rest; and these values are not from the file.
                known[host].set_variable(name, value)
            if compose:
                self._set_composite_vars(compose, variables, host, strict=strict)
            if groups:
                self._add_host_to_composed_groups(groups, variables, host, strict=strict)
            if keyed_groups:
                self._add_host_to_keyed_groups(keyed_groups, variables, host, strict=strict)
