# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _credentials
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ServerError


class Words:
    """Answers a statement with one cell, or refuses it."""

    def __init__(self, **answers):
        self.answers = answers

    def query(self, statement):
        answer = self.answers.get(statement.split()[0])
        if answer is None:
            raise ServerError('error 1235: Not supported', 1235)
        return [u'x'], [[answer]]


@pytest.mark.parametrize('answers, version', [
    (dict(select=u'OceanBase 4.3.1.0 4'), (4, 3, 1, 0)),
    (dict(select=u'5.6.25'), (5, 6, 25)),
    (dict(show=u'ObProxy-OceanBase CE 3.2.3.5-2.el8\nversion:RELEASE'), (3, 2, 3, 5)),
    (dict(select=u'', show=u'ObProxy-OceanBase 1.9.1.1-1919579.el7'), (1, 9, 1, 1)),
])
def test_the_version_in_whatever_words(answers, version):
    assert _credentials.version(Words(**answers)) == version


def test_no_version_at_all():
    with pytest.raises(_credentials.CredentialError, match='is it an OBProxy'):
        _credentials.version(Words())


def link(cluster, password):
    return dict(cluster_name=cluster, password=password)


@pytest.mark.parametrize('sys_password, links, fault', [
    (u'', [], 'root@proxysys is empty'),
    (u'ok', [link('c1', '')], 'proxyro of cluster c1 is empty'),
    (u'S3\\cret', [], 'root@proxysys: OBProxy takes no text'),
    (u'ok', [link('c1', u'\'"')], 'proxyro of cluster c1: OBProxy takes no text'),
    (u'ok', [link('c1', u'aaa'), link('c1', u'bbb')], 'proxyro of cluster c1 is given twice'),
])
def test_wrong_passwords_are_named_without_their_value(sys_password, links, fault):
    faults = _credentials.faults(sys_password, links)
    assert len(faults) == 1 and fault in faults[0]
    assert 'S3' not in faults[0] and 'aaa' not in faults[0] and 'bbb' not in faults[0]


def test_good_passwords():
    assert _credentials.faults(u'ok', [link('c1', u'a'), link('c2', u'a'), link('c1', u'a')]) == []
