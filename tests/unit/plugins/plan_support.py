# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small fleet, for the tests of what runs on the controller."""

from __future__ import annotations

import copy
import json
import pathlib
import sqlite3

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _plan
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._envelope import Actor
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings

SAMPLES = pathlib.Path(__file__).parents[1] / 'fixtures' / 'ocp'
RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
OLD_RPM = 'obproxy-1.9.1.1-1919579.el7.x86_64.rpm'
CREATE = {
    'name': 'foo', 'address': 'foo.bar', 'port': 2883, 'workMode': 'CONFIG_URL',
    'obproxyInstallParam': {'hostIds': [1, 2], 'sqlPort': 2883, 'exportPort': 2884, 'version': RPM},
    'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}],
    'startupParameters': [{'name': 'work_thread_num', 'value': '4'}],
    'parameters': [{'name': 'syslog_level', 'value': 'INFO'}],
}
ADD = {'hostIds': [3], 'sqlPort': 2883, 'exporterPort': 2884, 'version': RPM}


class World:
    """An inventory, variables and a registry; requests are planned against them."""

    def __init__(self, folder):
        self.folder = folder
        packages = folder / 'packages'
        packages.mkdir()
        for name in (RPM, OLD_RPM):
            (packages / name).touch()
        self.hosts = {
            'alpha': {'obproxy_host_id': 1, 'ansible_host': '10.0.0.11'},
            'beta': {'obproxy_host_id': '2'},
            'gamma': {'obproxy_host_id': 3},
            'delta': {},
        }
        self.variables = {
            'obproxy_sys_password': 'sys-s3cret', 'obproxy_package_dir': str(packages),
            'obproxy_config_server_url': 'http://ocp:8080/services?Action=GetObProxyConfig',
            'obproxy_ob_clusters': {'hooray': {'root_servers': ['10.0.0.1:2881', '10.0.0.2:2881'], 'proxyro_password': 'ro-s3cret'}},
        }
        self.path = folder / 'registry.db'
        self.url = f'sqlite:///{self.path}'

    @property
    def registry(self):
        """Return the registry, as a new process would open it."""
        return Registry(self.url)

    def plan(self, operation, body, cluster=None, check_mode=False):
        """Plan a request as the actions do."""
        inventory = Inventory(self.hosts, self.hosts)
        return _plan.plan(
            operation, body, cluster, inventory, Settings(self.variables.get, inventory), self.registry,
            Actor('admin', '192.0.2.9', 'controller'), '0123456789abcdef', check_mode)

    def refused(self, operation, body, cluster=None):
        """Return {field: fault} of a request that is refused, and the status."""
        with pytest.raises(RequestError) as caught:
            self.plan(operation, body, cluster)
        return {fault.field: fault for fault in caught.value.faults}, caught.value.status

    def rows(self, table):
        """Return what is in one of the registry's tables, past the code under test."""
        with sqlite3.connect(self.path) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f'SELECT * FROM obproxy_{table} ORDER BY id')]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def create_body():
    return copy.deepcopy(CREATE)


@pytest.fixture
def add_body():
    return copy.deepcopy(ADD)


@pytest.fixture
def sample():
    def read(name):
        return json.loads((SAMPLES / f'{name}.json').read_text(encoding='utf-8'))
    return read
