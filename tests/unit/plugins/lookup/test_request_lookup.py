# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of a request among a run's extra vars, by real playbooks."""

from __future__ import annotations

import pytest


@pytest.fixture
def found(playbooks):
    """Return what the lookup finds for an operation with these -e."""
    def run(operation, *extra):
        arguments = [argument for source in extra for argument in ('-e', source)]
        task = {'ansible.builtin.set_fact': {'body': "{{ lookup('oceanbase.obproxy.request', '%s') }}" % operation}}
        code, output = playbooks.run(playbooks.saved(task, name='body'), *arguments)
        assert code == 0, output
        return playbooks.result
    return run


def test_a_file_is_the_body_and_other_sources_are_left_alone(found, playbooks, create_body):
    playbooks.write('create.json', create_body)
    assert found('create', 'env=prod', '@create.json', '{"obproxy_cluster_id": 1, "region": "x"}') == create_body


def test_a_misspelt_key_of_a_body_is_found(found, playbooks):
    assert found('batch_add', '{"hostIds": [1], "sqlProt": 2883}', 'sqlPort=1') == {
        'hostIds': [1], 'sqlProt': 2883, 'sqlPort': '1'}


def test_one_file_for_everything_as_ansible_runner_passes_it(found, playbooks, create_body):
    snake = {'obproxy_install_param': {'host_ids': []}, 'name': 'foo', 'ob_links': []}
    other = {'obproxy_user': 'admin', 'ansible_user': 'root', 'awx_job_id': 7, 'tower_job_id': 7, 'obproxy_cluster_id': 1}
    playbooks.write('extravars', {**snake, **other})
    assert found('create', '@extravars') == snake


def test_values_are_templated(found):
    assert found('take_over', '{"hosts": [{"hostId": "{{ one }}", "sqlPort": 2883}]}', 'one=alpha') == {
        'hosts': [{'hostId': 'alpha', 'sqlPort': 2883}]}


def test_nothing_is_found_where_nothing_is(found):
    assert found('create', 'env=prod') == {}


def test_reserved_names_do_no_harm(playbooks, create_body, add_body):
    playbooks.write('create.json', create_body)
    playbooks.write('take_over.json', {'hosts': [{'hostId': 3, 'sqlPort': 2883}]})
    code, output = playbooks.run([playbooks.PLAN], '-e', '@create.json')
    assert code == 0, output
    task = {'oceanbase.obproxy.obproxy_take_over': {
        'cluster_id': '{{ obproxy_cluster_id }}', 'request': "{{ lookup('oceanbase.obproxy.request', 'take_over') }}"},
        'register': 'obproxy_plan'}
    code, output = playbooks.run(playbooks.saved(task), '-e', '@take_over.json', '-e', 'obproxy_cluster_id=1')
    assert code == 0, output
    assert list(playbooks.result['hosts']) == ['gamma']
