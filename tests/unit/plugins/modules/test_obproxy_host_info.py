# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_host_info
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import call, listening


@pytest.fixture(name='survey')
def survey_fixture(monkeypatch, capsys):
    def survey(**arguments):
        return call(obproxy_host_info, arguments, monkeypatch, capsys)
    return survey


def test_survey_without_any_option(survey):
    result = survey()
    assert result['changed'] is False and result['conflicts'] == [] and result['missing_commands'] == []
    assert result['host']['architecture'] == os.uname()[4]
    assert result['host']['instance'] == {'running': False, 'pid': None, 'pids': []}
    assert sorted(result['host']['free_mb']) == ['/opt/obproxy', '/tmp']


def test_survey_for_an_instance(survey, tmp_path):
    other = {'x86_64': 'aarch64'}.get(os.uname()[4], 'x86_64')
    package = {'name': 'obproxy', 'version': '3.2.3', 'release': '1.el7', 'arch': other,
               'file': 'obproxy-3.2.3-1.el7.%s.rpm' % other}
    with listening(tmp_path) as (child, port, _forked):
        result = survey(name='foo-%d' % port, sql_port=port, exporter_port=1, rpc_port=2, package=package,
                        base=str(tmp_path), user='nobody', commands=['sh', 'no-such-command'], cluster_id=1)
    assert [text for text in result['problems'] if 'for %s, but this host is' % other in text]
    assert len(result['conflicts']) == 1 and 'process %d' % child.pid in result['conflicts'][0]
    assert result['missing_commands'] == ['no-such-command']
    assert sorted(result['host']['free_mb']) == sorted(['/opt/taobao/install', '/tmp', str(tmp_path)])
    assert result['host']['listeners'][str(port)]['pids'] == [child.pid]


def test_name_that_is_none(survey):
    result = survey(name='../../etc/passwd')
    assert result['failed'] and 'is no instance name' in result['msg']
