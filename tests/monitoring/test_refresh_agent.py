"""What the role refresh_agent says where there is no monitoring agent."""
import os
import pathlib
import subprocess
import sys

import pytest
import yaml


@pytest.mark.skipif(os.geteuid() != 0, reason='the module demands root')
def test_hosts_without_an_agent_are_named_whoever_has_found_that_out(tmp_path):
    """The survey on one host; on another it was not asked, and the module finds none."""
    hosts = {
        'surveyed': {'obproxy_survey': {'host': {'agents': {'textfile_dir': None, 'ocp_agent_dir': None}}}},
        'asked': {'obproxy_ocp_agent': str(tmp_path / 'none')},
        'told': {'obproxy_ocp_agent': str(tmp_path / 'ocp')}}
    (tmp_path / 'ocp' / 'conf' / 'config_properties').mkdir(parents=True)
    for name, variables in hosts.items():
        variables['obproxy_server'] = {'name': f'{name}-2883', 'timeouts': {'refresh_agent': 60}}
    (tmp_path / 'hosts.yml').write_text(yaml.safe_dump({'all': {'hosts': hosts, 'vars': {
        'ansible_connection': 'local', 'ansible_python_interpreter': sys.executable, 'obproxy_sys_password': '',
        'obproxy_current_sys_password': '', 'obproxy_old_sys_passwords': []}}}))
    (tmp_path / 'play.yml').write_text(yaml.safe_dump([
        {'hosts': 'all', 'gather_facts': False, 'roles': ['oceanbase.obproxy.refresh_agent']}]))
    command = [pathlib.Path(sys.executable).parent / 'ansible-playbook', '--check', '-i', tmp_path / 'hosts.yml', tmp_path / 'play.yml']
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
    [said] = [line for line in done.stdout.splitlines() if 'Nothing to refresh' in line]
    assert 'surveyed, asked: neither a node_exporter' in said
