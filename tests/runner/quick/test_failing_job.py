"""A job that fails and its retry, by ansible-runner, with the registry on PostgreSQL."""
from __future__ import annotations

HOSTS = 1
JOBS = ('create', 'task_retry')
RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
CREATE = {
    'obproxy_ask_name': 'xi', 'obproxy_ask_work_mode': 'RS_LIST', 'obproxy_ask_host_ids': '1', 'obproxy_ask_sql_port': 2883,
    'obproxy_ask_ob_links': '- {clusterName: hooray, obClusterId: 1, username: proxyro}', 'obproxy_ask_exporter_port': 2884,
    'obproxy_ask_version': RPM}


def test_a_job_that_fails_says_where_and_its_retry_ends_well(awx, lab):
    wanted = lab.exec(1, 'readlink -f "$(command -v nc)"').strip()
    lab.exec(1, f'mv {wanted} /root/nc')
    failed = awx.launch('create', CREATE)
    lab.exec(1, f'mv /root/nc {wanted}')
    assert failed.status == 'failed', failed.said
    assert failed.leaks == []
    assert failed.has_line('host1', 'Check if command exists', 'FAILED')
    # What to do next is in AWX's words: there is no command line.
    assert 'launch the job again' in failed.said and 'ansible-playbook oceanbase' not in failed.said
    task, = failed.artifact['tasks']
    assert (failed.artifact['status'], failed.artifact['operation'], task['host'], task['status']) == ('FAILED', 'create', 'host1', 'FAILED')
    assert task['subtask'] == 'Check if command exists' and 'nc' in task['error']

    retried = awx.launch('task_retry', {'obproxy_task_id': task['task_id']})
    assert retried.status == 'successful', retried.said
    assert retried.leaks == []
    assert retried.has_line('host1', 'Start obproxy process', 'SUCCESSFUL')
    assert retried.artifact['status'] == 'SUCCESSFUL'
    assert ':2883' in lab.exec(1, "ss -H -ltn 'sport = :2883'")
