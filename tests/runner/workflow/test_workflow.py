"""The ways through AWX's workflow, job by job, each with the artifact of create as AWX passes it on."""
from __future__ import annotations

HOSTS = 1
JOBS = ('create', 'verify', 'task_rollback', 'delete')
CREATE = {
    'obproxy_ask_name': 'xi', 'obproxy_ask_work_mode': 'RS_LIST', 'obproxy_ask_host_ids': '1', 'obproxy_ask_sql_port': 2883,
    'obproxy_ask_ob_links': '- {clusterName: hooray, obClusterId: 1, username: proxyro}', 'obproxy_ask_exporter_port': 2884,
    'obproxy_ask_version': 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm', 'obproxy_ask_startup_parameters': 'work_thread_num=4'}
LEFT = 'ls /opt/obproxy 2>/dev/null; rpm -qa "obproxy*"; pgrep -x obproxy; true'


def ended(job, status):
    assert job.status == status, job.said
    assert job.leaks == []
    return job


def test_a_creation_that_fails_is_rolled_back(awx, lab):
    wanted = lab.exec(1, 'readlink -f "$(command -v nc)"').strip()
    lab.exec(1, f'mv {wanted} /root/nc')
    created = ended(awx.launch('create', CREATE), 'failed')
    lab.exec(1, f'mv /root/nc {wanted}')
    assert created.artifact['status'] == 'FAILED'
    ended(awx.launch('roll back what was created', obproxy_run=created.artifact), 'successful')
    assert lab.exec(1, LEFT).strip() == ''


def test_a_cluster_that_does_not_serve_is_found_and_deleted(awx, lab):
    created = ended(awx.launch('create', CREATE), 'successful')
    assert created.has_line('host1', 'Finish node', 'SUCCESSFUL')
    verified = ended(awx.launch('verify what was created', obproxy_run=created.artifact), 'successful')
    assert 'All 1 servers serve' in verified.said
    lab.exec(1, "systemctl stop 'obproxy-*'")
    silent = ended(awx.launch('verify what was created', obproxy_run=created.artifact), 'failed')
    assert "1 of 1 servers don't serve" in ' '.join(silent.said.split())
    ended(awx.launch('delete what was created', obproxy_run=created.artifact), 'successful')
    assert lab.exec(1, LEFT).strip() == ''
