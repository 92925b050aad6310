# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.plugins.filter.parameters import unknown_parameters, wanted_parameters


def server(own=(), others=False):
    return {'parameters': [{'name': 'a', 'value': '1'}, {'name': 'b', 'value': '2'}], 'others_may_know': others,
            'own_parameters': [{'name': name, 'value': '9'} for name in own]}


def variables(synced, **servers):
    return {'localhost': {'obproxy_plan': {'hosts': servers or {'one': server(), 'two': server()}}},
            **{host: {} if unknown is None else {'obproxy_synced': unknown} for host, unknown in synced.items()}}


def test_what_a_server_has_of_its_own_goes_before_what_the_cluster_says():
    assert wanted_parameters(server(['a', 'c'])) == [
        {'name': 'b', 'value': '2'}, {'name': 'a', 'value': '9'}, {'name': 'c', 'value': '9'}]
    assert wanted_parameters({'parameters': []}) == []


@pytest.mark.parametrize('one, two, faults', [
    ({'unknown': {}}, {'unknown': {'b': ''}}, 0),
    # another server has it
    ({'unknown': {'b': ''}}, {'unknown': {}}, 0),
    ({'unknown': {'b': ''}}, {'unknown': {'b': ''}}, 1),
    # the other server was not reached, or failed before it was asked: it may have it
    ({'unknown': {'b': ''}}, {'unreachable': True}, 0),
    ({'unknown': {'b': ''}}, None, 0),
])
def test_a_parameter_that_no_server_has_is_a_fault(one, two, faults):
    found = unknown_parameters('one', variables({'one': one, 'two': two}))
    assert len(found) == faults


def test_the_fault_suggests_the_nearest_and_the_way_out():
    found = unknown_parameters('one', variables({'one': {'unknown': {'work_nun': 'work_num'}}}, one=server()))
    assert found == ['work_nun: no server of the cluster has such a parameter, is it work_num? Take it out of the cluster again by '
                     'giving it the value null.']


def test_servers_that_are_not_asked_may_have_it():
    hostvars = variables({'one': {'unknown': {'b': ''}}}, one=server(others=True))
    assert unknown_parameters('one', hostvars) == []


def test_what_a_host_demands_for_itself_it_must_have():
    hostvars = variables({'one': {'unknown': {'c': ''}}, 'two': {'unknown': {}}}, one=server(['c'], True), two=server())
    assert unknown_parameters('one', hostvars) == [
        'c, in obproxy_parameters of this host: its OBProxy has no such parameter.']
