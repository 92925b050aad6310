# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line that a user is told to run again, and what else is said in words of our own."""

from __future__ import annotations

import re
import shlex

import pytest

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_follow_tasks import cause_of
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag_view_secrets import Masker, command_line, secrets_in


@pytest.mark.parametrize('content', [
    {'msg': "The module interpreter '/usr/bin/python3' was not found."},
    {'msg': 'ansible-core requires a minimum of Python2 version 2.7 or Python3 version 3.6. Current version: 3.4'},
    {'msg': 'MODULE FAILURE', 'module_stderr': '/bin/sh: 1: /usr/bin/python3: not found\n'},
    {'msg': 'MODULE FAILURE', 'module_stdout': 'SyntaxError: future feature annotations is not defined'}])
def test_a_host_without_a_python_is_told_which_one_is_needed(content):
    assert re.search(r'needs Python 3\.\d+ or newer.* ansible-core 2\.16, which also serves', cause_of(content))
    assert 'needs Python' not in cause_of({'msg': 'MODULE FAILURE', 'module_stderr': 'python3 went wrong'})


@pytest.mark.parametrize('text', [
    'The x action failed to execute in the expected time frame (15) and was terminated', 'Task failed: Timed out after 15 second(s).'])
def test_a_timeout_is_told_in_the_same_words_by_every_core(text):
    assert cause_of({'failed': True, 'msg': text}) == 'timed out after 15 s'


def repeated(*words):
    return command_line(['/usr/bin/ansible-playbook', *words], Masker())


@pytest.mark.parametrize('words', [
    ['oceanbase.obproxy.batch_add', '-i', 'my inventory', '-e', 'obproxy_cluster_id=1', '-e', '@batch_add.json'],
    ['site.yml', '--ask-vault-pass', '--vault-id', 'prod@prompt', '-K', '-vv', '--limit', 'a,localhost'],
    ['site.yml', '--vault-password-file', '/etc/vault key', '--ssh-common-args', '-o ProxyJump=gate'],
])
def test_a_harmless_command_is_repeated_to_the_letter(words):
    assert shlex.split(repeated(*words)) == ['ansible-playbook', *words]


@pytest.mark.parametrize('words', [
    ['-e', 'obproxy_sys_password=S3cret'], ['-eobproxy_sys_password=S3cret'], ['-be', 'x=S3cret'], ['-vvve', 'x=S3cret'],
    ['--extra-vars=x=S3cret'], ['--extra-vars', '{"obproxy_cluster_id": "S3cret"}'], ['--extra', 'x=S3cret'],
    ['-e', 'obproxy_cluster_id=1 obproxy_token=S3cret'], ['-e', "obproxy_x='a S3cret'"], ['-e', "obproxy_x='S3cret"],
    ['-e', 'obproxy_registry_url=postgresql://u:S3cret@h/d'], ['--ssh-extra-args=-o ProxyCommand="sshpass -p S3cret ssh"'],
])
def test_what_may_be_secret_is_left_out(words):
    command = repeated('site.yml', *words, '-f', '7')
    assert 'S3cret' not in command
    assert command.startswith('ansible-playbook site.yml -') and command.endswith(' -f 7')


def test_known_secrets_are_masked_wherever_they_turn_up():
    mask = Masker()
    mask.learn(secrets_in('obproxy_ob_clusters', {'ob1': {'root_servers': ['10.0.0.1:2881'], 'proxyro_password': 'pr0xyro'}}))
    mask.learn(secrets_in('obproxy_old_sys_passwords', ['0ld-one', 'abc']))
    assert mask('10.0.0.1:2881 pr0xyro 0ld-one abc') == '10.0.0.1:2881 ******** ******** abc'
    assert mask('mysql://me:S3cret@db/x') == 'mysql://me:********@db/x'
