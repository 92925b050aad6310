# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameters import Live
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError

LIVE = {
    u'app_name': Live(u'foo', True, u'SYS'),
    u'enable_sharding': Live(u'false', False, u'USER'),
    u'proxy_local_cmd': Live(u'0', False, u'MEMORY'),
    u'proxy_mem_limited': Live(u'2G', False, u'USER'),
    u'work_thread_num': Live(u'128', True, u'USER'),
}


@pytest.mark.parametrize('parameters, fault', [
    ([('observer_sys_password', 'x')], 'observer_sys_password: a password is set by obproxy_credentials'),
    ([('proxy_mem_limited', ['2G'])], 'proxy_mem_limited: expected one value'),
    ([('proxy_mem_limited', None)], 'proxy_mem_limited: expected one value'),
    ([('work_thread_num', 8), ('work_thread_num', 9)], 'work_thread_num: wanted twice, as "8" and as "9"'),
    ([('init_sql', 'a\\b')], 'init_sql: OBProxy takes no text'),
])
def test_what_can_be_refused_without_a_proxy(parameters, fault):
    faults = _parameters.normalise([dict(name=name, value=value) for name, value in parameters])[1]
    assert len(faults) == 1 and faults[0].startswith(fault)


def test_a_parameter_given_twice_alike_is_set_once():
    parameter = dict(name='work_thread_num', value=8)
    assert _parameters.normalise([parameter, dict(parameter)]) == ([('work_thread_num', u'8')], [])


def test_only_what_differs_is_altered():
    wanted = [('proxy_mem_limited', u'2048'), ('work_thread_num', u'8'), ('enable_sharding', u'False'), ('app_name', u'foo')]
    assert _parameters.compare(LIVE, wanted) == ([('work_thread_num', u'8')], [])


def test_all_faults_are_found_at_once():
    wanted = [('work_thread_nun', u'8'), ('proxy_local_cmd', u'2'), ('app_name', u'bar'), ('zzz', u'1')]
    changes, faults = _parameters.compare(LIVE, wanted)
    assert changes == []
    assert [fault.split(':')[0] for fault in faults] == ['work_thread_nun', 'proxy_local_cmd', 'app_name', 'zzz']
    assert 'is it work_thread_num?' in faults[0] and 'is it' not in faults[3]
    assert 'has foo, wanted bar' in faults[2]


def test_the_outcome_tells_before_and_after():
    outcome = _parameters.outcome(LIVE, [('work_thread_num', u'8'), ('proxy_mem_limited', u'4G')])
    assert outcome == dict(changed=True, before={'work_thread_num': u'128', 'proxy_mem_limited': u'2G'},
                           after={'work_thread_num': u'8', 'proxy_mem_limited': u'4G'})


@pytest.mark.parametrize('known, changes, pending', [
    ({}, [('work_thread_num', u'8'), ('proxy_mem_limited', u'4G')], {'work_thread_num': u'128'}),
    # altered before: what is in force is older than what is shown
    ({'work_thread_num': u'64'}, [('work_thread_num', u'8')], {'work_thread_num': u'64'}),
    ({'work_thread_num': u'64'}, [], {'work_thread_num': u'64'}),
    ({'work_thread_num': u'64'}, [('work_thread_num', u'64')], {}),
    ({'gone_in_this_version': u'1'}, [], {}),
    ({}, [], {}),
])
def test_what_awaits_a_restart(known, changes, pending):
    assert _parameters.pending(known, LIVE, changes) == pending


def test_the_kind_of_a_parameter_tells_which_spellings_are_the_same():
    wanted = [('proxy_mem_limited', u'2147483648'), ('enable_sharding', u'0')]
    assert _parameters.compare(LIVE, wanted) == ([], [])


class Deaf:
    """Accepts everything and keeps nothing."""

    def query(self, statement):
        if statement != 'show proxyconfig':
            return [], []
        return [u'Name', u'Value', u'Need_reboot', u'Visible_level'], [[u'work_thread_num', u'128', u'true', u'USER']]


def test_a_value_that_was_not_kept_is_noticed():
    with pytest.raises(_parameters.ParameterError, match='work_thread_num .wanted 8, has 128'):
        _parameters.alter(Deaf(), [('work_thread_num', u'8')])


def test_a_server_that_is_no_obproxy():
    class Other:
        def query(self, dummy):
            return [u'a'], [[u'1']]
    with pytest.raises(ProxysysError, match='is this an OBProxy'):
        _parameters.read(Other())
