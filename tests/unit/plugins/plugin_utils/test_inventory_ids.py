# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts have the obproxy_host_id that ansible-core gives them, although it is not asked for all that every host has."""

from __future__ import annotations

import json

import pytest

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory

ALL = ('alpha', 'beta', 'gamma', 'delta')
HOSTS = {'alpha': {'obproxy_host_id': 1}, 'beta': {'obproxy_host_id': '2'}, 'gamma': {}, 'delta': {}}


class Controller:
    """An inventory in a file, a playbook's folder beside it, and what ansible-core makes of them."""

    def __init__(self, folder, monkeypatch):
        self._folder = folder
        self.hosts = dict(HOSTS)
        self.groups = {}
        self.extra = {}
        self.facts = []
        self.asked = []
        asked, raw_get = self.asked, HostVars.raw_get
        monkeypatch.setattr(HostVars, 'raw_get', lambda hostvars, name: asked.append(name) or raw_get(hostvars, name))

    def write(self, path, **variables):
        """Write variables to a file beside the inventory, or beside the playbook."""
        path = self._folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(variables), encoding='utf-8')

    def inventory(self):
        """Return the inventory as a plan sees it, which is what comes of asking for everything."""
        self.write('inventory/hosts.json', all={'hosts': self.hosts, 'children': self.groups})
        loader = DataLoader()
        loader.set_basedir(str(self._folder / 'play'))
        inventory = InventoryManager(loader, sources=[str(self._folder / 'inventory' / 'hosts.json')])
        manager = VariableManager(loader, inventory)
        manager._extra_vars = self.extra
        for way, host, values in self.facts:
            getattr(manager, way)(host, *values)
        hostvars = HostVars(inventory, manager, loader)
        names = list(inventory.hosts)
        everything = Inventory(names, {name: hostvars[name] for name in names})
        self.asked.clear()
        found = Inventory(names, hostvars)
        assert (found.ids, found.faulty) == (everything.ids, everything.faulty)
        assert [found.find(host_id, {}) for host_id in found.ids] == [everything.find(host_id, {}) for host_id in found.ids]
        return found


@pytest.fixture
def controller(tmp_path, monkeypatch):
    return Controller(tmp_path, monkeypatch)


def test_what_the_inventory_says_itself_is_not_worked_out(controller):
    controller.groups = {'near': {'hosts': {'gamma': {}}, 'vars': {'other': 1}}}
    controller.write('inventory/host_vars/gamma.yml', other=2)
    inventory = controller.inventory()
    assert inventory.ids == {1: 'alpha', 2: 'beta'} and inventory.names == list(ALL)
    assert controller.asked == []


@pytest.mark.parametrize('path', ['inventory/host_vars/alpha.yml', 'play/host_vars/alpha.yml'])
def test_the_hosts_files_overrule_the_inventory(controller, path):
    controller.write('inventory/host_vars/alpha.yml', obproxy_host_id=10)
    controller.write(path, obproxy_host_id=11)
    controller.write('play/host_vars/gamma.yml', obproxy_host_id=12)
    assert controller.inventory().ids == {11: 'alpha', 2: 'beta', 12: 'gamma'}
    assert controller.asked == []


def test_groups_give_it_to_those_that_have_none(controller):
    controller.groups = {'outer': {'vars': {'obproxy_host_id': 7}, 'children': {'inner': {'hosts': {'alpha': {}, 'gamma': {}}}}}}
    assert controller.inventory().ids == {1: 'alpha', 2: 'beta', 7: 'gamma'}
    assert controller.asked == ['gamma']


@pytest.mark.parametrize('folder', ['inventory', 'play'])
def test_hosts_with_the_id_of_a_file_for_all_are_told_apart_no_more(controller, folder):
    controller.write(f'{folder}/group_vars/all.yml', obproxy_host_id=2)
    assert controller.inventory().find(2, {}) == ['beta', 'gamma', 'delta']


def test_templates_are_worked_out_and_what_is_no_id_is_kept(controller):
    controller.hosts.update(gamma={'obproxy_host_id': '{{ base + 3 }}', 'base': 40}, delta={'obproxy_host_id': 'first'},
                            alpha={'obproxy_host_id': '{{ not_there }}'})
    inventory = controller.inventory()
    assert inventory.ids == {2: 'beta', 43: 'gamma'} and sorted(inventory.faulty) == ['alpha', 'delta']
    assert inventory.faulty['delta'] == 'first' and sorted(controller.asked) == ['alpha', 'delta', 'gamma']


@pytest.mark.parametrize('fact', [
    ('set_nonpersistent_facts', 'alpha', [{'obproxy_host_id': 21}]), ('set_host_facts', 'alpha', [{'obproxy_host_id': 21}]),
    ('set_host_variable', 'alpha', ['obproxy_host_id', 21])])
def test_facts_and_included_variables_overrule_the_inventory(controller, fact):
    controller.facts = [fact, ('set_host_facts', 'delta', [{'other': 1}])]
    assert controller.inventory().ids == {21: 'alpha', 2: 'beta'}
    assert controller.asked == ['alpha']


def test_the_command_line_overrules_everything(controller):
    controller.extra = {'obproxy_host_id': 30}
    assert controller.inventory().find(30, {}) == list(ALL)
