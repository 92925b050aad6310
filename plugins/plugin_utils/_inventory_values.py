# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One variable of all hosts at once: to have ansible-core work out all that one host has takes a third of a millisecond."""

from __future__ import annotations

from ansible.vars.plugins import get_vars_from_inventory_sources, get_vars_from_path

STAGE = 'task'


def own_values(hostvars, variable):
    """Return {host: value as it is written} where the host itself has the variable, or None where nothing gives it one.

    Hosts are left out that may have it from elsewhere; all of them, where hostvars are not what ansible-core makes of them today.
    """
    try:
        sources = _Sources(hostvars, variable)
        return {} if sources.is_extra() else sources.own_values()
    except AttributeError:
        return {}


class _Sources:
    """Where a host's variable comes from, in ansible-core's order: groups, the host, its vars plugins, facts, extra variables."""

    def __init__(self, hostvars, variable):
        self._inventory = hostvars._inventory
        self._manager = hostvars._variable_manager
        self._loader = hostvars._loader
        self._variable = variable

    def is_extra(self):
        """Tell whether the command line gives the variable to all hosts."""
        return self._variable in self._manager.extra_vars

    def own_values(self):
        """Return {host: value} of those hosts for which it needs no more than this to be sure."""
        hosts, variable = self._inventory.hosts, self._variable
        files = self._by_plugins(hosts.values())
        groups = self._groups()
        found = {}
        for name, host in hosts.items():
            if self._has_fact(name):
                continue
            if name in files:
                found[name] = files[name]
            elif variable in host.vars:
                found[name] = host.vars[variable]
            elif groups.isdisjoint(host.groups):
                found[name] = None
        return found

    def _groups(self):
        groups = self._inventory.groups
        files = self._by_plugins(groups.values())
        return {group for name, group in groups.items() if self._variable in group.vars or name in files}

    def _by_plugins(self, entities):
        """Return {name: value} of the hosts or groups to which a vars plugin gives it, out of host_vars and group_vars for example."""
        if self._variable not in self._plugins_say(list(entities)):
            return {}
        said = {entity.name: self._plugins_say([entity]) for entity in entities}
        return {name: values[self._variable] for name, values in said.items() if self._variable in values}

    def _plugins_say(self, entities):
        said = get_vars_from_inventory_sources(self._loader, self._inventory._sources, entities, STAGE)
        if self._manager.safe_basedir:
            said = {**said, **get_vars_from_path(self._loader, self._loader.get_basedir(), entities, STAGE)}
        return said

    def _has_fact(self, name):
        try:
            facts = self._manager._fact_cache.get(name)
        except KeyError:
            facts = None
        return any(self._variable in (said or ()) for said in (
            facts, self._manager._vars_cache.get(name), self._manager._nonpersistent_fact_cache.get(name)))
