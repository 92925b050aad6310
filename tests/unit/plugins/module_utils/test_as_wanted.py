# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _as_wanted

Survey = collections.namedtuple('Survey', 'pids record options listeners')


@pytest.mark.parametrize('listening', [(), (2883,), (2884,)])
def test_what_does_not_listen_yet_is_left_to_those_who_wait_for_it(monkeypatch, listening):
    monkeypatch.setattr(_as_wanted, 'is_persisted', lambda home: True)
    monkeypatch.setattr(_as_wanted, '_differs', lambda *_args: pytest.fail('it was compared'))
    survey = Survey(pids=[7], record={'home': '/opt/obproxy/foo-2883', 'state': 'running'},
                    options={'sql_port': 2883, 'exporter_port': 2884}, listeners=dict((port, {}) for port in listening))
    assert _as_wanted.look(survey, {}, None, None) == {}
