# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's exporters: the document for http_sd, and the data centers that it names."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils._exporter import LOCK_TIMEOUT
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _exporters
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag import INSTALL
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RequestError

COMMAND = 'ansible_collections.oceanbase.obproxy.plugins.plugin_utils.http_sd'
ROOT = pathlib.Path(__file__).parents[7]


def http_sd(url):
    """Ask for the document as a web server's script would."""
    environment = {**os.environ, 'OBPROXY_REGISTRY_URL': url, 'PYTHONPATH': os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])}
    return subprocess.run([sys.executable, '-m', COMMAND], capture_output=True, text=True, check=False, env=environment)


def register(world, target, present=True):
    with world.registry.transaction() as store:
        return _exporters.register(store, [target], present)


def target(server_id, address='10.0.0.11:2884'):
    return {'address': address, 'labels': {'obproxy_server_id': str(server_id)}}


def test_the_document_has_every_registered_exporter_with_its_labels(world, create_body):
    world.hosts['alpha']['obproxy_idc'] = 'north-1'
    world.plan('create', create_body)
    assert register(world, target(1))
    assert not register(world, target(1))
    register(world, target(2, '[fe80::1]:2884'))
    done = http_sd(world.url)
    assert (done.returncode, done.stderr) == (0, '')
    first, second = json.loads(done.stdout)
    assert first == {'targets': ['10.0.0.11:2884'], 'labels': {
        'obproxy_cluster': 'foo', 'obproxy_cluster_id': '1', 'obproxy_server_id': '1', 'version': '4.3.1.0', 'idc': 'north-1',
        'work_mode': 'CONFIG_URL'}}
    assert second['targets'] == ['[fe80::1]:2884'] and 'idc' not in second['labels']


def test_what_is_deregistered_is_gone(world, create_body):
    world.plan('create', create_body)
    register(world, target(1))
    assert register(world, target(1), present=False)
    assert not register(world, target(1), present=False)
    assert http_sd(world.url).stdout == '[]\n'


def test_asking_makes_no_registry_and_a_failure_no_document(tmp_path):
    assert http_sd(f'sqlite:///{tmp_path}/none.db').stdout == '[]\n'
    assert not os.listdir(tmp_path)
    (tmp_path / 'broken.db').write_text('no database')
    done = http_sd(f'sqlite:///{tmp_path}/broken.db')
    assert (done.returncode, done.stdout) == (1, '') and 'broken.db failed' in done.stderr


def test_asking_changes_nothing_of_the_registry(world, create_body):
    world.plan('create', create_body)
    register(world, target(1))
    path = pathlib.Path(world.url.partition('///')[2])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute('pragma journal_mode=delete')
    path.chmod(0o444)
    before = path.read_bytes(), sorted(os.listdir(path.parent))
    assert len(json.loads(http_sd(world.url).stdout)) == 1
    assert (path.read_bytes(), sorted(os.listdir(path.parent))) == before


def test_who_waits_for_a_lock_can_say_so_before_the_subtask_ends():
    [step] = [step for step in INSTALL if step.role == 'register_exporter']
    assert LOCK_TIMEOUT < step.timeout


def test_an_exporter_of_nobody_is_refused(world, create_body):
    world.plan('create', create_body)
    with pytest.raises(RequestError, match='a server in the registry'):
        register(world, target(99))


def test_a_data_center_comes_from_the_inventory_and_is_kept(world, create_body):
    world.hosts['alpha']['obproxy_idc'] = 'north-1'
    plan = world.plan('create', create_body)
    assert [row['idc_name'] for row in world.rows('servers')] == ['north-1', None]
    assert plan['hosts']['alpha']['idc'] == 'north-1'
    world.hosts['alpha'].pop('obproxy_idc')
    world.hosts['beta']['obproxy_idc'] = 2
    assert world.plan('create', create_body)['changed']
    assert [row['idc_name'] for row in world.rows('servers')] == ['north-1', '2']
    assert not world.plan('create', create_body)['changed']


@pytest.mark.parametrize('idc', ['a b', 'x' * 65, 'a"b', '{{ nothing }}', ['north']])
def test_what_is_no_data_center_s_name_is_refused(world, create_body, idc):
    world.hosts['beta']['obproxy_idc'] = idc
    faults, status = world.refused('create', create_body)
    assert list(faults) == ['obproxy_idc'] and status == 400 and 'of beta' in faults['obproxy_idc'].message


def test_an_unknown_way_to_register_is_refused(world, create_body):
    world.variables['obproxy_monitoring_backend'] = 'nagios'
    assert 'file_sd, http_sd, consul' in world.refused('create', create_body)[0]['obproxy_monitoring_backend'].message


@pytest.mark.parametrize('name, values', [
    ('obproxy_monitoring_hosts', (['one'], ['other'])), ('obproxy_file_sd_dir', ('/etc/prometheus/file_sd', '/srv')),
    ('obproxy_monitoring_backend', ('file_sd', 'consul')), ('obproxy_consul_token', ('t0ken-a', 't0ken-b'))])
def test_hosts_that_are_registered_in_different_places_are_no_request(world, create_body, name, values):
    world.hosts['alpha'][name] = values[0]
    world.hosts['beta'][name] = values[1]
    faults = world.refused('create', create_body)[0]
    assert list(faults) == [name] and 'one value for all hosts of a request' in faults[name].message
    assert 'alpha' in faults[name].message and 'beta' in faults[name].message and 't0ken' not in faults[name].message
    world.hosts['beta'][name] = values[0]
    world.plan('create', create_body)


def test_a_host_that_cannot_be_reached_is_watched_on_and_one_that_is_skipped_is_not(playbooks):
    world, folder = playbooks.world, playbooks.folder / 'file_sd'
    folder.mkdir()
    world.hosts['beta'].update(ansible_connection='ssh', ansible_host='127.0.0.1', ansible_port=1)
    world.variables.update(obproxy_monitoring_hosts=['delta'], obproxy_file_sd_dir=str(folder), ansible_python_interpreter=sys.executable)
    playbooks.write('inventory.json', {'all': {'hosts': world.hosts, 'vars': {'ansible_connection': 'local', **world.variables}}})
    common = {'cluster_name': 'foo', 'cluster_id': 1, 'exporter_port': 2884, 'package': None, 'work_mode': 'RS_LIST',
              'timeouts': {'prepare_offline': 100}}
    targets = [{'address': f'{name}:2884', 'labels': {'obproxy_server_id': str(number)}}
               for number, name in enumerate(('10.0.0.11', '127.0.0.1', 'gone', 'stays'), start=1)]
    plan = {'run': {'cluster_name': 'foo'}, 'skipped_targets': targets[2:3],
            'hosts': {name: {**common, 'server_id': number} for number, name in enumerate(('alpha', 'beta'), start=1)}}
    first = [{'ansible.builtin.set_fact': {'obproxy_plan': plan}},
             {'oceanbase.obproxy.obproxy_exporter_target': {'backend': 'file_sd', 'cluster': 'foo', 'directory': str(folder), 'targets': targets}}]
    offline = {
        'hosts': 'alpha,beta', 'gather_facts': False,
        'vars': {'obproxy_plan': plan, 'obproxy_server': '{{ obproxy_plan.hosts[inventory_hostname] }}'},
        'tasks': [{'ansible.builtin.import_role': {'name': 'oceanbase.obproxy.prepare_offline', 'rolespec_validate': False}}]}
    output = playbooks.run(first, plays=[offline])[1]
    left = [entry['targets'] for entry in json.loads((folder / 'obproxy-foo.json').read_text(encoding='utf-8'))]
    assert left == [['127.0.0.1:2884'], ['stays:2884']], output


def test_a_monitoring_host_that_fails_does_not_stop_a_roll(playbooks):
    world, folder = playbooks.world, playbooks.world.folder
    (folder / 'full').write_text('no directory', encoding='utf-8')
    world.variables['ansible_python_interpreter'] = sys.executable
    playbooks.write('inventory.json', {'all': {'hosts': world.hosts, 'vars': {'ansible_connection': 'local', **world.variables}}})
    server = {'cluster_name': 'foo', 'cluster_id': 1, 'server_id': 7, 'sql_port': 2883, 'exporter_port': 2884, 'package': None,
              'work_mode': 'RS_LIST', 'timeouts': {'relabel_exporter': 30}}
    plan = {'run': {'cluster_name': 'foo'}, 'hosts': {'alpha': server}}
    roll = {
        'hosts': 'alpha', 'gather_facts': False,
        'vars': {'obproxy_plan': plan, 'obproxy_server': server, 'obproxy_monitoring_hosts': ['beta'], 'obproxy_file_sd_dir': f'{folder}/full/sd'},
        'tasks': [{'ansible.builtin.import_role': {'name': 'oceanbase.obproxy.relabel_exporter', 'rolespec_validate': False}},
                  {'ansible.builtin.debug': {'msg': 'the roll goes on'}}]}
    done, output = playbooks.run([{'ansible.builtin.set_fact': {'obproxy_plan': plan}}], plays=[roll])
    assert 'Monitoring host beta: ' in output and f'{folder}/full' in output and 'the roll goes on' in output, (done, output)
    assert 'take_over for the cluster 1' in output and 'failed=0' in output.split('alpha ')[-1]
