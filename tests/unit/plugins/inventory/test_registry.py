# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry as an inventory, as ansible-inventory shows it."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag

COLLECTIONS = str(pathlib.Path(_dag.__file__).parents[5])
PLUGIN = 'oceanbase.obproxy.registry'


class Source:
    """An inventory file beside a registry."""

    def __init__(self, world):
        self.world = world
        self.path = world.folder / 'fleet.obproxy.yml'

    def run(self, *arguments, **options):
        """Run ansible-inventory with these options of the plugin; return its exit code and what it says."""
        self.path.write_text(json.dumps({'plugin': PLUGIN, **options}), encoding='utf-8')
        environment = {
            **os.environ, 'ANSIBLE_COLLECTIONS_PATH': COLLECTIONS, 'ANSIBLE_HOME': str(self.world.folder / 'home'),
            'OBPROXY_REGISTRY_URL': self.world.url, 'ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED': 'true',
            'PYTHONPATH': os.pathsep.join(filter(None, sys.path)), 'ANSIBLE_NOCOLOR': 'true', 'COLUMNS': '4000'}
        done = subprocess.run(
            [sys.executable, '-m', 'ansible', 'inventory', '-i', str(self.path), *(arguments or ['--list'])],
            capture_output=True, text=True, timeout=120, cwd=self.world.folder, check=False, env=environment)
        return done.returncode, done.stdout, done.stderr

    def show(self, **options):
        """Return the hosts' variables and the groups' hosts."""
        code, said, error = self.run(**options)
        assert (code, error) == (0, '')
        # What the newest ansible-core takes for no template comes in a wrap.
        shown = json.loads(said, object_hook=lambda value: value.get('__ansible_unsafe', value))
        variables = shown.pop('_meta')['hostvars']
        return variables, {name: group['hosts'] for name, group in shown.items() if 'hosts' in group}

    def refusal(self, **options):
        """Return why there is no inventory, without the blanks and breaks that a terminal's width brings."""
        code, said, error = self.run(**options)
        assert code and not said
        return ''.join(error.split())


@pytest.fixture
def source(world):
    return Source(world)


@pytest.fixture
def fleet(world, create_body):
    """Two clusters whose names make the same group, on alpha both."""
    world.plan('create', {**create_body, 'name': 'foo.a'})
    create_body['obproxyInstallParam'].update(hostIds=[1], sqlPort=3883, exportPort=3884)
    world.plan('create', {**create_body, 'name': 'foo-a'})
    world.sql("UPDATE obproxy_servers SET idc_name = 'hz-1', status = 'RUNNING' WHERE id = 1",
              "UPDATE obproxy_clusters SET config_url = 'http://me:s3cret@ocp:8080/x' WHERE id = 1")
    return world


def test_hosts_groups_and_variables(source, fleet):
    variables, groups = source.show()
    assert groups == {
        'obproxy_registry': ['alpha', 'beta'], 'obproxy_cluster_foo_a_1': ['alpha', 'beta'], 'obproxy_cluster_foo_a_2': ['alpha'],
        'obproxy_status_running': ['alpha'], 'obproxy_status_creating': ['beta', 'alpha'], 'obproxy_idc_hz_1': ['alpha'],
        'obproxy_version_4_3_1_0': ['alpha', 'beta']}
    assert (variables['alpha']['ansible_host'], variables['alpha']['obproxy_host_id']) == ('10.0.0.11', 1)
    first, second = variables['alpha']['obproxy_servers']
    assert first == {
        'server_id': 1, 'cluster_id': 1, 'cluster_name': 'foo.a', 'cluster_address': 'foo.bar', 'cluster_port': 2883,
        'work_mode': 'CONFIG_URL', 'config_url': 'http://***@ocp:8080/x', 'ob_clusters': ['hooray'], 'sql_port': 2883,
        'exporter_port': 2884, 'rpc_port': 2885, 'version': first['version'], 'architecture': 'x86_64', 'idc_name': 'hz-1',
        'status': 'RUNNING', 'operate_status': 'OPERATING', 'parameter_version': 0}
    assert (second['cluster_name'], second['sql_port'], second['idc_name']) == ('foo-a', 3883, None)
    assert 's3cret' not in json.dumps(variables)


def test_groups_and_variables_of_ones_own(source, fleet):
    variables, groups = source.show(
        strict=True, compose={'sql_port': 'obproxy_servers[0].sql_port'}, groups={'shared': 'obproxy_servers | length > 1'},
        keyed_groups=[{'key': "obproxy_servers | map(attribute='sql_port') | map('string')", 'prefix': 'port'}])
    assert {name: int(host['sql_port']) for name, host in variables.items()} == {'alpha': 2883, 'beta': 2883}
    assert (groups['shared'], groups['port_2883'], groups['port_3883']) == (['alpha'], ['alpha', 'beta'], ['alpha'])
    assert 'no_such' in source.refusal(strict=True, compose={'x': 'no_such'})
    assert 'x' not in source.show(strict=False, compose={'x': 'no_such'})[0]['alpha']


def test_the_cache_is_of_one_registry(source, fleet):
    cached = {'cache': True, 'cache_plugin': 'ansible.builtin.jsonfile', 'cache_connection': str(fleet.folder / 'cache')}
    before = source.show(**cached)
    fleet.sql("UPDATE obproxy_servers SET status = 'RUNNING'")
    assert source.show(**cached) == before
    assert source.show()[1]['obproxy_status_running'] == ['alpha', 'beta']
    fleet.url = f"sqlite:///{fleet.folder / 'other.db'}"
    assert 'Thereisnoregistry' in source.refusal(**cached)


def test_it_only_reads(source, fleet):
    fleet.become_first_version()
    before = fleet.path.read_bytes()
    assert set(source.show()[0]) == {'alpha', 'beta'}
    assert fleet.path.read_bytes() == before
    fleet.sql('INSERT INTO obproxy_schema VALUES (99)')
    assert 'upgradethecollection' in source.refusal()


def test_what_is_no_registry(source, world):
    text = source.refusal()
    assert f'Thereisnoregistryat{world.url}' in text and 'oceanbase.obproxy.createmakesit' in text
    assert not world.path.exists()
    world.path.touch()
    assert 'Thereisnoregistry' in source.refusal()
    assert stat.S_ISREG(world.path.stat().st_mode) and not world.path.stat().st_size
    assert 's3cret' not in source.refusal(registry_url='postgresql+nosuch://me:s3cret@127.0.0.1/x')
