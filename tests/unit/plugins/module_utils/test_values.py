# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _values


@pytest.mark.parametrize('kind, live, wanted', [
    ('BOOL', u'true', u'True'), ('BOOL', u'1', u'ON'), ('BOOL', u'f', u'no'),
    ('INT', u'30000000', u'30000000'), ('CAP', u'2G', u'2048'), ('CAP', u'2GB', u'2147483648b'), ('CAP', u'8KB', u'8k'),
    ('CAP', u'0', u'0b'), ('TIME', u'60s', u'1m'), ('TIME', u'60', u'1M'), ('TIME', u'10ms', u'10000us'), ('TIME', u'24h', u'1d'),
    ('CAP', u'2G', u'2147483648'), ('CAP', u'2048', u'2147483648'), ('CAP', u'1T', u'1048576'), ('CAP', u'1048577b', u'1048577'),
    ('STR', u'a;b', u'a;b'), ('LOG_LEVEL', u'INFO', u'info'), ('IP', u'0.0.0.0', u'0.0.0.0'), ('STR_LIST', u'a;b', u'a;b'),
    (None, u'2G', u'2048'), (None, u'64MB', u'65536k'), (None, u'60s', u'60'), (None, u'2G', u'2147483648'), (None, u'0d', u'0'), (None, u'true', u'True'),
    (None, u'False', u'off'), (None, u'', u''), (None, u'010', u'010'), (None, u'1m', u'1M'), (None, u'1m', u'60s'),
])
def test_the_same(kind, live, wanted):
    assert _values.same(kind, live, wanted)


@pytest.mark.parametrize('kind, live, wanted', [
    ('BOOL', u'true', u'2'), ('BOOL', u'true', u'false'), ('INT', u'1', u'true'), ('INT', u'30000000', u'30s'), ('INT', u'1', u'1m'),
    ('CAP', u'2G', u'2147483647'), ('CAP', u'64KB', u'65536'), ('CAP', u'2G', u'2000M'), ('TIME', u'60s', u'2m'), ('TIME', u'1s', u'1us'),
    ('STR', u'true', u'True'), ('STR', u'60s', u'1m'), ('STR', u'a;b', u'b;a'), ('STR', u'', u'0'),
    ('STR_LIST', u'a;b', u'A;b'), ('LOG_LEVEL', u'INFO', u'WARN'),
    (None, u'1', u'true'), (None, u'true', u'1'), (None, u'0', u'false'), (None, u'1m', u'1'), (None, u'30000000', u'30s'),
    (None, u'2', u'2M'), (None, u'', u'false'), (None, u'undefined', u''), (None, u'10.0.0.1:2881', u'10.0.0.1:2882'),
    (None, u'INFO', u'WARN'), (None, u'8', u'010'), (None, u'8s', u'010s'), (None, u'5.6.25', u'5.6'),
])
def test_not_the_same(kind, live, wanted):
    assert not _values.same(kind, live, wanted)


@pytest.mark.parametrize('given, told', [
    (True, u'true'), (False, u'false'), (0, u'0'), (4096, u'4096'), (u'2G', u'2G'), ('60s', u'60s'), (u'', u''),
    (None, None), ([], None), ({'a': 1}, None),
])
def test_the_text_of_a_value(given, told):
    assert _values.text(given) == told


@pytest.mark.parametrize('kind, given, told', [
    ('CAP', u'2147483648', u'2G'), ('CAP', u'1610612736', u'1536M'), ('CAP', u'2097152', u'2M'), ('CAP', u'1049600', u'1025K'),
    ('CAP', u'1048577', u'1048577B'), ('CAP', u'1048576', u'1048576'), ('CAP', u'2048', u'2048'), ('CAP', u'2G', u'2G'),
    ('CAP', u'lots', u'lots'), ('INT', u'2147483648', u'2147483648'), ('TIME', u'2147483648', u'2147483648'),
    (None, u'2147483648', u'2147483648'),
])
def test_a_size_in_bytes_is_told_in_a_form_that_obproxy_takes(kind, given, told):
    assert _values.told(kind, given) == told
