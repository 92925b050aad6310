# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import stat

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _exporter
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import write


def target(address, **labels):
    return {'address': address, 'labels': labels}


def merge(path, targets, present=True, check_mode=False):
    changes = Changes(check_mode)
    count = _exporter.merge(changes, str(path.parent), 'foo', targets, present)
    return changes, count


def content(path):
    """{address: labels}, as Prometheus reads the file."""
    with open(str(path)) as source:
        entries = json.load(source)
    assert all(sorted(entry) == ['labels', 'targets'] for entry in entries)
    return dict((address, entry['labels']) for entry in entries for address in entry['targets'])


@pytest.fixture(name='path')
def path_fixture(tmp_path):
    return tmp_path / 'prometheus' / 'file_sd' / 'obproxy-foo.json'


def test_first_target_makes_directory_and_file(path):
    changes, count = merge(path, [target('10.0.0.1:2884', cluster='foo', id=7)])
    assert changes.changed and count == 1
    assert content(path) == {'10.0.0.1:2884': {'cluster': 'foo', 'id': '7'}}
    assert stat.S_IMODE(os.stat(str(path)).st_mode) == 0o644
    assert not merge(path, [target('10.0.0.1:2884', cluster='foo', id=7)])[0].changed


def test_targets_are_merged_by_address_and_sorted(path):
    merge(path, [target('10.0.0.2:2884', cluster='foo'), target('10.0.0.1:2884', cluster='foo')])
    merge(path, [target('10.0.0.2:2884', cluster='bar'), target('10.0.0.3:2884')])
    assert content(path) == {'10.0.0.1:2884': {'cluster': 'foo'}, '10.0.0.2:2884': {'cluster': 'bar'},
                             '10.0.0.3:2884': {}}
    with open(str(path)) as source:
        assert [entry['targets'] for entry in json.load(source)] == [
            ['10.0.0.1:2884'], ['10.0.0.2:2884'], ['10.0.0.3:2884']]


def test_absent_removes_only_what_is_named(path):
    merge(path, [target('10.0.0.1:2884'), target('10.0.0.2:2884')])
    changes, count = merge(path, [target('10.0.0.1:2884'), target('10.0.0.9:2884')], present=False)
    assert changes.changed and count == 1
    assert list(content(path)) == ['10.0.0.2:2884']
    assert not merge(path, [target('10.0.0.1:2884')], present=False)[0].changed


def test_a_file_in_which_nothing_is_left_goes(path):
    merge(path, [target('10.0.0.1:2884'), target('10.0.0.2:2884')])
    merge(path, [target('10.0.0.2:2884')], present=False)
    assert list(content(path)) == ['10.0.0.1:2884']
    assert merge(path, [target('10.0.0.1:2884')], present=False)[1] == 0
    assert os.listdir(str(path.parent)) == []


def test_absent_without_a_file_makes_none(path):
    assert not merge(path, [target('10.0.0.1:2884')], present=False)[0].changed
    assert not path.parent.exists()


def test_check_mode_agrees_and_writes_nothing(path):
    checked = merge(path, [target('10.0.0.1:2884')], check_mode=True)[0]
    assert not path.parent.exists()
    assert merge(path, [target('10.0.0.1:2884')])[0].diff == checked.diff
    before = path.read_text()
    checked = merge(path, [target('10.0.0.1:2884')], present=False, check_mode=True)[0]
    assert checked.changed and path.read_text() == before


def test_entries_of_others_with_several_targets_are_kept(path):
    os.makedirs(str(path.parent))
    write(path, '[{"targets": ["a:1", "b:1"], "labels": {"job": "x"}}, {"targets": ["c:1"]}]')
    assert not merge(path, [target('a:1', job='x')])[0].changed
    assert path.read_text().startswith('[{"targets": ["a:1", "b:1"]')
    merge(path, [target('d:1')])
    assert content(path) == {'a:1': {'job': 'x'}, 'b:1': {'job': 'x'}, 'c:1': {}, 'd:1': {}}


@pytest.mark.parametrize('text', ['[{"targets"', '', '{"a": 1}', '[1]', '[{"labels": {}}]', '"x"', 'null', '3'])
def test_broken_file_is_told_and_left(path, text):
    os.makedirs(str(path.parent))
    write(path, text)
    with pytest.raises(HostError, match='Mend the file'):
        merge(path, [target('10.0.0.1:2884')])
    assert path.read_text() == text


def test_link_is_not_followed(path, tmp_path):
    os.makedirs(str(path.parent))
    write(tmp_path / 'victim', '[]')
    os.symlink(str(tmp_path / 'victim'), str(path))
    with pytest.raises(HostError, match='symbolic link'):
        merge(path, [target('10.0.0.1:2884')])
    assert (tmp_path / 'victim').read_text() == '[]'


@pytest.mark.parametrize('cluster', ['', '../foo', 'a/b', 'a..b', '1a', 'a\n', 'a' * 65])
def test_what_is_no_cluster_s_name_becomes_no_path(path, cluster):
    with pytest.raises(HostError, match='no name of an OBProxy cluster'):
        _exporter.merge(Changes(), str(path.parent), cluster, [target('10.0.0.1:2884')], True)
    assert not path.parent.exists()


def test_a_new_version_replaces_the_label(path):
    merge(path, [target('10.0.0.1:2884', version='4.2.3.0'), target('10.0.0.2:2884', version='4.2.3.0')])
    assert merge(path, [target('10.0.0.1:2884', version='4.3.1.0')])[0].changed
    assert content(path) == {'10.0.0.1:2884': {'version': '4.3.1.0'}, '10.0.0.2:2884': {'version': '4.2.3.0'}}


def test_a_server_that_has_moved_is_registered_once(path):
    ids, others = dict(obproxy_cluster_id=1, obproxy_server_id=7), dict(obproxy_cluster_id=1, obproxy_server_id=8)
    merge(path, [target('10.0.0.1:2884', **ids), target('10.0.0.2:2884', **others), target('10.0.0.3:2884')])
    assert merge(path, [target('10.0.0.9:2884', **ids)])[0].changed
    assert sorted(content(path)) == ['10.0.0.2:2884', '10.0.0.3:2884', '10.0.0.9:2884']
    assert merge(path, [target('10.0.0.4:2884', **ids)], present=False)[1] == 2
    assert sorted(content(path)) == ['10.0.0.2:2884', '10.0.0.3:2884']


def test_the_last_one_out_disturbs_nobody_who_comes_in(path):
    os.makedirs(str(path.parent))
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for _turn in range(10):
                merge(path, [target('10.0.0.%d:2884' % number)])
                merge(path, [target('10.0.0.%d:2884' % number)], present=False)
            merge(path, [target('10.0.0.%d:2884' % number)])
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(content(path)) == 4


def test_a_directory_that_somebody_else_makes_just_now_is_taken(path, monkeypatch):
    mkdir = os.mkdir
    monkeypatch.setattr(os, 'mkdir', lambda name, mode: (mkdir(name, mode), mkdir(name, mode)))
    assert merge(path, [target('10.0.0.1:2884')])[1] == 1
    assert list(content(path)) == ['10.0.0.1:2884']


def test_no_temporary_file_that_prometheus_would_read(path, monkeypatch):
    seen = []
    rename = os.rename
    monkeypatch.setattr(os, 'rename', lambda old, new: (seen.append(old), rename(old, new)))
    merge(path, [target('10.0.0.1:2884')])
    assert len(seen) == 1 and not seen[0].endswith('.json')
    assert sorted(os.listdir(str(path.parent))) == ['.obproxy-foo.json.lock', 'obproxy-foo.json']
