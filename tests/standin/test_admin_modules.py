# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the admin SQL against a running stand-in; what they did is looked at with PyMySQL."""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lab' / 'obproxy'))

pytest_plugins = ('obproxy_harness',)

ONE_TIME, PASSWORD, RO, OTHER_RO = '0ne-time', "Sys'Passw0rd", 'R0-passw0rd', 'Other-r0'
RUN = '''
import json, sys
from ansible.module_utils import basic
from ansible_collections.oceanbase.obproxy.plugins.modules import {0} as module
args = json.load(sys.stdin)
try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    basic._ANSIBLE_ARGS = json.dumps(dict(ANSIBLE_MODULE_ARGS=args)).encode()
    module.main()
else:
    with patch_module_args(args):
        module.main()
'''


def sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


def run(module, proxy, check=False, password=PASSWORD, **options):
    options.update(sql_port=proxy.sql, sys_password=password, _ansible_check_mode=check, _ansible_diff=True)
    done = subprocess.run([sys.executable, '-c', RUN.format(module)], input=json.dumps(options), text=True,
                          capture_output=True, timeout=60, check=False)
    for secret in (ONE_TIME, PASSWORD, RO, OTHER_RO):
        assert sha1(secret) not in done.stdout + done.stderr
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=['1.9.1.1', '4.2.3.0', '4.3.1.0'])
def proxy(request, launch):
    made = launch(request.param)
    made.start('-c', 'foo', '-r', '127.0.0.1:2881', options='obproxy_sys_password=' + sha1(ONE_TIME))
    return made


@pytest.fixture
def modern(launch):
    made = launch('4.3.1.0')
    made.start('-c', 'foo', '-r', '127.0.0.1:2881', options='obproxy_sys_password=' + sha1(PASSWORD))
    return made


def test_credentials(proxy):
    links = [dict(cluster_name='foo', password=RO)]
    options = dict(old_sys_passwords=['wrong', ONE_TIME], ob_passwords=links)
    checked = run('obproxy_credentials', proxy, True, **options)
    proxy.query('ping proxy', ONE_TIME)
    real = run('obproxy_credentials', proxy, **options)
    assert checked == real and real['changed']
    with pytest.raises(pymysql.MySQLError):
        proxy.query('ping proxy', ONE_TIME)
    assert proxy.value('obproxy_sys_password', PASSWORD) == sha1(PASSWORD)
    assert proxy.value('observer_sys_password', PASSWORD) == sha1(RO)
    assert not run('obproxy_credentials', proxy, **options)['changed']


def test_credentials_of_each_cluster(modern):
    links = [dict(cluster_name='foo', password=RO), dict(cluster_name='bar', password=OTHER_RO)]
    before = modern.value('observer_sys_password', PASSWORD)
    assert run('obproxy_credentials', modern, ob_passwords=links)['changed']
    rows = modern.query("select * from proxy_config where name='observer_sys_password'", PASSWORD)
    stored = {row['cluster_name']: row['value'] for row in rows if row['config_level'] == 'LEVEL_CLUSTER'}
    assert stored == {'foo': sha1(RO), 'bar': sha1(OTHER_RO)}
    assert modern.value('observer_sys_password', PASSWORD) == before
    assert not run('obproxy_credentials', modern, ob_passwords=links)['changed']


def test_parameters(proxy):
    wanted = [dict(name='proxy_mem_limited', value='4G'), dict(name='work_thread_num', value=8), dict(name='enable_sharding', value=False),
              dict(name='log_cleanup_interval', value='60s')]
    checked = run('obproxy_parameters', proxy, True, ONE_TIME, parameters=wanted)
    assert proxy.value('proxy_mem_limited', ONE_TIME) != '4G'
    real = run('obproxy_parameters', proxy, False, ONE_TIME, parameters=wanted)
    assert checked == real and real['pending_restart'] == ['work_thread_num']
    assert sorted(real['after']) == ['proxy_mem_limited', 'work_thread_num']
    assert proxy.value('proxy_mem_limited', ONE_TIME) == '4G' and proxy.value('work_thread_num', ONE_TIME) == '8'
    assert not run('obproxy_parameters', proxy, False, ONE_TIME, parameters=wanted)['changed']


@pytest.mark.parametrize('name, value, words', [
    ('hot_upgrade_exit_timeout', '10s', '4147'), ('proxy_mem_limited', '1K', '4147'), ('proxy_mem_limitd', '4G', 'is it proxy_mem_limited'),
    ('app_name', 'other', 'first start'), ('proxy_local_cmd', 2, 'command'), ('syslog_level', 'LOUD', '4147'),
])
def test_parameters_refused(modern, name, value, words):
    wanted = [dict(name='work_thread_num', value=8), dict(name=name, value=value)]
    result = run('obproxy_parameters', modern, parameters=wanted)
    assert result['failed'] and name in result['msg'] and words in result['msg']
    assert modern.value('work_thread_num', PASSWORD) == ('8' if words == '4147' else '128')


def test_server_info(proxy):
    server = run('obproxy_server_info', proxy, False, ONE_TIME, exporter_port=proxy.exporter, wait=10)['server']
    assert server['pid'] in proxy.pids() and server['ping'] and server['exporter'] and server['sessions'] == 0
    assert proxy.tree.name == 'obproxy-' + server['version'] and server['version'] in server['binary']


def test_server_info_of_a_hung_proxy(modern):
    pid = modern.pids()[0]
    os.kill(pid, 19)
    try:
        result = run('obproxy_server_info', modern, exporter_port=modern.exporter, timeout=1)
    finally:
        os.kill(pid, 18)
    assert result['failed'] and 'within 1 s' in result['msg'] and f'{modern.home}/log/obproxy.log' in result['msg']
