"""A registry that was lost is rebuilt from the hosts: created, added and taken-over servers alike."""
import os
import sqlite3

from probe import hosts

testinfra_hosts = hosts(2)

REGISTRY = f"{os.environ['LAB_STATE']}/ansible/obproxy/registry.db"
CONTENT = (
    'select id, name, address, port, work_mode, config_url, ob_links, parameter_version, creator from obproxy_clusters '
    "where id in (select cluster_id from obproxy_servers where status = 'RUNNING') order by id",
    'select id, cluster_id, host_id, parameter_version, ip, sql_port, exporter_port, rpc_port, version, status, operate_status, '
    "architecture from obproxy_servers where status = 'RUNNING' order by id",
    'select id, name, ip from obproxy_hosts order by id',
    'select cluster_id, version, kind, position, name, value from obproxy_parameters order by 1, 2, 3, 4',
    'select server_id, address, port from obproxy_exporters order by 1',
)


def content():
    with sqlite3.connect(REGISTRY) as registry:
        return [registry.execute(statement).fetchall() for statement in CONTENT]


def test_a_deleted_registry_is_rebuilt(play, survey):
    version = survey('host2', 2883, 'none')['package']['file']
    added = play('batch_add', 'twin', {'hostIds': [6], 'sqlPort': 5883, 'exporterPort': 5884, 'version': version})
    assert added.returncode == 0, added.stdout + added.stderr
    before = content()
    assert len(before[1]) == 8
    os.rename(REGISTRY, REGISTRY + '.lost')
    done = play('discover')
    assert done.returncode == 0, done.stdout + done.stderr
    assert content() == before
    again = play('discover')
    assert 'changed=0' in again.stdout.split('localhost ')[-1]


def test_the_rebuilt_registry_serves(play):
    done = play('take_over', 'delta', {'hosts': [{'hostId': number, 'sqlPort': 2883} for number in (1, 2, 3, 4, 6)]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'changed: [' not in done.stdout
