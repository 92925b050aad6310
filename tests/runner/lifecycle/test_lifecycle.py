"""Every operation as a job of ansible-runner's, on two hosts, with the registry on PostgreSQL."""
from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

HOSTS = 2
OLD, NEW = 'obproxy-ce-4.2.3.0-3.el8.x86_64.rpm', 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
LINKS = '- {clusterName: hooray, obClusterId: 1, username: proxyro}'
CLUSTER = {'obproxy_cluster_id': 'xi'}
CREATE = {
    'obproxy_ask_name': 'xi', 'obproxy_ask_work_mode': 'RS_LIST', 'obproxy_ask_host_ids': '1', 'obproxy_ask_sql_port': 2883,
    'obproxy_ask_ob_links': LINKS, 'obproxy_ask_exporter_port': 2884, 'obproxy_ask_version': OLD, 'obproxy_ask_startup_parameters': 'work_thread_num=4'}
ADD = {**CLUSTER, 'obproxy_ask_host_ids': '2', 'obproxy_ask_sql_port': 2883, 'obproxy_ask_exporter_port': 2884, 'obproxy_ask_version': OLD}
REPOSITORY = Path(__file__).resolve().parents[3]
OPERATIONS = {path.stem for path in (REPOSITORY / 'playbooks').glob('*.yml')} - {'awx_setup', 'awx_project'}
LAST = 'Finish node'
FOREIGN = 'old-awx-7d20c5be'


def started(lab, index: int, port: int = 2883) -> str:
    """Return who listens, since when, and the program; nothing where nobody does. In a container only its user may look."""
    return lab.exec(index, f"""
        for pid in $(runuser -u admin -- ss -H -ltnp 'sport = :{port}' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u); do
            cut -d' ' -f1,22 /proc/$pid/stat; runuser -u admin -- readlink /proc/$pid/exe
        done""", check=False)


@pytest.fixture(name='job')
def _job(awx):
    def run(name, answers=None, *, ends='successful', shows=(), **variables):
        job = awx.launch(name, answers, **variables)
        assert job.status == ends, job.said
        assert job.leaks == []
        for host, subtask, state in shows:
            assert job.has_line(host, subtask, state), job.lines
        return job
    return run


def failing(lab, index):
    """Let a host lack a command until what is returned is called."""
    wanted = lab.exec(index, 'readlink -f "$(command -v nc)"').strip()
    lab.exec(index, f'mv {wanted} /root/nc')
    return lambda: lab.exec(index, f'mv /root/nc {wanted}')


def test_a_task_that_has_failed_is_rolled_back(job, lab):
    mend = failing(lab, 1)
    created = job('create', CREATE, ends='failed', shows=[('host1', 'Check if command exists', 'FAILED')])
    mend()
    job('task_rollback', {'obproxy_task_id': created.artifact['tasks'][0]['task_id']})
    assert lab.exec(1, 'ls /opt/obproxy; rpm -qa "obproxy*"', check=False).strip() == ''


def test_a_cluster_is_created_and_verified(job, lab):
    created = job('create', CREATE, shows=[('host1', LAST, 'SUCCESSFUL')])
    assert [task['status'] for task in created.artifact['tasks']] == ['SUCCESSFUL']
    assert started(lab, 1)
    assert 'All 1 servers serve' in job('verify', CLUSTER).said


def test_a_server_is_added_after_a_retry(job, lab):
    mend = failing(lab, 2)
    task, = job('batch_add', ADD, ends='failed').artifact['tasks']
    mend()
    retried = job('task_retry', {'obproxy_task_id': task['task_id']})
    assert retried.artifact['status'] == 'SUCCESSFUL' and started(lab, 2)
    assert f"{task['task_id']}" in job('tasks', obproxy_task_id=task['task_id']).said
    # Neither skips nor cancels what has ended well; each says why.
    for operation, named in (('task_skip', 'obproxy_subtask_id'), ('task_cancel', 'obproxy_task_id')):
        assert named in job(operation, {named: task['task_id']}, ends='failed').said
    assert 'All 2 servers serve' in job('verify', CLUSTER).said


def test_parameters_links_and_passwords_change(job, awx, lab):
    before = started(lab, 1)
    job('parameters', {**CLUSTER, 'obproxy_ask_parameters': 'syslog_level=WARN\nclient_max_connections=9000'},
        shows=[('host1', LAST, 'SUCCESSFUL'), ('host2', LAST, 'SUCCESSFUL')])
    assert '9000' in job('parameter_info', CLUSTER).said
    job('links', {**CLUSTER, 'obproxy_ask_ob_links': LINKS})
    job('update', {**CLUSTER, 'obproxy_ask_address': 'xi.example.com', 'obproxy_ask_port': '3306'})
    assert 'xi.example.com' in job('cluster_info').said
    awx.inputs.update(old_sys_password=awx.inputs['sys_password'], sys_password='sys-awx-2-f07c3a81')
    # The lab has no OceanBase: molecule's scenario of that name has one.
    changed = job('credentials', CLUSTER, ends='failed', shows=[(host, 'Stage obproxy password', 'SUCCESSFUL') for host in ('host1', 'host2')])
    assert 'no root server answers' in changed.said
    assert 'All 2 servers serve' in job('verify', CLUSTER).said
    assert started(lab, 1) == before


def test_servers_stop_start_restart_and_move_to_another_version(job, lab):
    before = started(lab, 1), started(lab, 2)
    job('stop', CLUSTER)
    assert not started(lab, 1) and not started(lab, 2)
    silent = job('verify', CLUSTER, ends='failed')
    assert "2 of 2 servers don't serve" in ' '.join(silent.said.split())
    job('start', CLUSTER)
    again = started(lab, 1), started(lab, 2)
    assert all(again) and again != before
    job('restart', CLUSTER, shows=[('host2', LAST, 'SUCCESSFUL')])
    assert started(lab, 2) != again[1]
    job('upgrade', {**CLUSTER, 'obproxy_ask_version': NEW})
    assert '4.3.1.0' in started(lab, 1) and '4.3.1.0' in started(lab, 2)


def test_the_registry_is_the_inventory_s_source(awx):
    listed = awx.inventory_source()
    assert sorted(listed['obproxy_cluster_xi']['hosts']) == ['host1', 'host2']


def test_what_runs_is_found_again_and_monitored(job, lab):
    job('discover')
    job('monitoring', obproxy_prometheus_service='')
    assert 'obproxy' in lab.exec(1, 'cat /etc/prometheus/rules/*')
    wanted = [{'name': 'xi', 'workMode': 'RS_LIST', 'obLinks': [{'clusterName': 'hooray', 'obClusterId': 1, 'username': 'proxyro'}]}]
    assert 'xi' in job('apply', obproxy_clusters=wanted).said


def test_servers_are_removed_and_the_cluster_deleted(job, awx, lab):
    known = awx.inventory_source()
    second = next(host['obproxy_servers'][0]['server_id'] for name, host in known['_meta']['hostvars'].items() if name == 'host2')
    job('remove', {**CLUSTER, 'obproxy_ask_obproxy_server_ids': str(second)})
    assert not started(lab, 2) and started(lab, 1)
    job('delete', CLUSTER)
    assert not started(lab, 1)
    assert lab.exec(1, 'ls /opt/obproxy', check=False).strip() == ''


def test_a_foreign_proxy_is_taken_over(job, awx, lab):
    job('create', {**CREATE, 'obproxy_ask_name': 'pi', 'obproxy_ask_host_ids': ''})
    with open(REPOSITORY / '.build' / 'rpms' / NEW, 'rb') as package:
        subprocess.run(lab.ssh(2, 'cat > /tmp/obproxy.rpm'), stdin=package, check=True, timeout=60)
    given = f'obproxy_sys_password={hashlib.sha1(FOREIGN.encode()).hexdigest()},rootservice_list=127.0.0.1:2881,rootservice_cluster_name=hooray'
    lab.exec(2, f"""
        set -e
        rpm -q obproxy-ce || rpm -i /tmp/obproxy.rpm
        id admin || useradd -m admin
        mkdir -p /home/admin/shop; chown admin /home/admin/shop; chmod 755 /home/admin; cd /home/admin/shop
        runuser -u admin -- "$(rpm -ql obproxy-ce | grep '/bin/obproxy$')" -p 3883 -l 3884 -s 3892 -n shop -o {given},enable_metadb_used=false
        timeout 60 sh -c 'until ss -H -ltn "sport = :3883" | grep -q LISTEN; do sleep 0.2; done'""")
    before = started(lab, 2, 3883)
    awx.inputs['current_sys_password'] = FOREIGN
    job('take_over', {'obproxy_cluster_id': 'pi', 'obproxy_ask_hosts': '- {hostId: 2, sqlPort: 3883}'})
    assert before and started(lab, 2, 3883) == before


def test_every_operation_was_a_job(awx):
    assert set(awx.started) == OPERATIONS
