# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import stat

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import home_of
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import (
    idle, running, wait_until, write)
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.instance_support import ME, NAME, Host

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root gives files away')


@pytest.fixture(name='host')
def host_fixture(tmp_path):
    return Host(tmp_path)


def test_everything_is_there_after_one_call_and_nothing_changes_in_the_second(host):
    first = host.present()
    tree = host.tree()
    modes = dict((path, stat.S_IMODE(entry[0])) for path, entry in tree.items())
    home = 'opt/obproxy/foo-2883'
    assert [modes[home + part] for part in ('', '/etc', '/log', '/run', '/obproxyd.sh')] == [0o750] * 5
    assert modes['etc/obproxy'] == 0o755 and modes['etc/obproxy/foo-2883.json'] == 0o600
    assert tree['etc/systemd/system/obproxy-foo-2883.service'][1] == '[Unit]\n'
    assert tree[home + '/obproxyd.sh'][1] == '#!/bin/bash\n'
    assert 'nofile' in tree['etc/security/limits.d/obproxy-%s.conf' % ME][1]
    second = host.present()
    assert (first.changed, second.changed, second.diff) == (True, False, [])
    assert host.tree() == tree


def test_check_mode_tells_the_same_and_writes_nothing(host):
    before = host.tree()
    checked = host.present(check_mode=True)
    assert host.tree() == before
    assert not os.path.exists(host.layout.lock)
    assert host.present().diff == checked.diff
    assert not host.present(check_mode=True).changed


def test_record_keeps_what_is_known_and_no_secret(host):
    host.present(record={'cluster_id': 1, 'sql_port': 2883, 'password': 'secret1', 'sys_password': 'secret2',
                         'ob_links': [{'cluster_name': 'ob1', 'username': 'proxyro', 'password': 'secret3'}]})
    record = host.record()
    assert 'secret' not in json.dumps(record)
    assert record['ob_links'] == [{'cluster_name': 'ob1', 'username': 'proxyro'}]
    assert (record['format'], record['name'], record['user'], record['home']) == (1, NAME, ME, host.home)
    assert record['state'] == 'creating' and record['user_created'] is False


def test_record_has_numbers_also_where_templates_gave_text(host):
    host.present(record={'cluster_id': '1', 'sql_port': '2883', 'rpc_port': None})
    assert (host.record()['cluster_id'], host.record()['sql_port']) == (1, 2883)
    with pytest.raises(HostError, match="'x' as cluster_id: a whole number is expected"):
        host.present(record={'cluster_id': 'x', 'sql_port': 2883})


def test_state_survives_the_next_preparation(host):
    host.present()
    assert _instance.set_state(NAME, 'running', host.layout.records) is True
    assert _instance.set_state(NAME, 'running', host.layout.records) is False
    assert _instance.read_record(NAME, host.layout.records)['state'] == 'running'
    assert not host.present().changed
    assert host.record()['state'] == 'running'


def test_state_of_an_instance_without_record(host):
    with pytest.raises(HostError, match='has no record'):
        _instance.set_state(NAME, 'running', host.layout.records)
    assert _instance.read_record(NAME, host.layout.records) is None


def test_wrong_modes_are_repaired(host):
    host.present()
    os.chmod(host.home + '/log', 0o777)
    os.chmod(host.layout.records + '/foo-2883.json', 0o644)
    changes = host.present()
    assert sorted(entry['after_header'] for entry in changes.diff) == [
        host.layout.records + '/foo-2883.json', host.home + '/log']
    assert stat.S_IMODE(os.stat(host.home + '/log').st_mode) == 0o750
    assert stat.S_IMODE(os.stat(host.layout.records + '/foo-2883.json').st_mode) == 0o600


@needs_root
def test_wrong_owners_are_repaired(host):
    host.present()
    os.chown(host.home, 65534, 65534)
    os.chown(host.home + '/obproxyd.sh', 65534, 65534)
    assert len(host.present().diff) == 2
    assert os.stat(host.home).st_uid == os.stat(host.home + '/obproxyd.sh').st_uid == 0


def test_changed_script_is_shown_and_replaced(host):
    host.present()
    entry, = host.present(obproxyd='#!/bin/bash\n# new\n').diff
    assert (entry['before'], entry['after']) == ('#!/bin/bash\n', '#!/bin/bash\n# new\n')
    assert open(host.home + '/obproxyd.sh').read() == '#!/bin/bash\n# new\n'


def test_name_of_another_cluster_is_refused_and_nothing_touched(host):
    host.present()
    before = host.tree()
    with pytest.raises(HostError, match='belongs to cluster id 1, not to 2'):
        host.present(record={'cluster_id': 2, 'sql_port': 2883}, obproxyd='other')
    assert host.tree() == before


def test_instance_cannot_be_moved(host):
    host.present()
    with pytest.raises(HostError, match='cannot be moved'):
        host.present(home=str(host.root / 'elsewhere' / NAME))


@pytest.mark.parametrize('text, words', [
    ('{', 'is no JSON'), ('[]', 'holds no object'), ('{"format": 2}', 'has format 2'), ('{"format": 1}', 'has no name')])
def test_record_that_is_not_understood(host, text, words):
    host.present()
    write(host.layout.records + '/foo-2883.json', text)
    write(host.layout.records + '/.hidden.json', 'x')
    with pytest.raises(HostError, match=words):
        host.present()
    records, problems = _instance.read_records(host.layout.records)
    assert records == [] and len(problems) == 1 and words in problems[0]


@pytest.mark.parametrize('name', ['', '../x-2883', 'a/b-2883', 'foo', 'foo-', '-2883', 'a..b-2883', 'foo-2883\n',
                                  'foo-2883;id', '.foo-2883', '1foo-2883', 'a' * 65 + '-2883'])
def test_name_that_would_be_unsafe_in_a_path(name):
    with pytest.raises(HostError, match='is no instance name'):
        home_of(name, '/opt/obproxy')


@pytest.mark.parametrize('home', ['relative', '/opt/../etc', '/opt/a b', '/', '/opt/$(id)', '/opt/.', '/opt/x\n'])
def test_home_that_would_be_unsafe(home):
    with pytest.raises(HostError, match='cannot be the home'):
        home_of(NAME, '/opt/obproxy', home)


def test_planted_link_instead_of_a_directory_is_not_followed(host):
    host.present()
    victim = host.root / 'victim'
    victim.mkdir(0o700)
    os.rmdir(host.home + '/log')
    os.symlink(str(victim), host.home + '/log')
    with pytest.raises(HostError, match='log is a symbolic link'):
        host.present()
    assert stat.S_IMODE(victim.stat().st_mode) == 0o700


@pytest.mark.parametrize('name', ['obproxyd.sh', '.obproxyd.sh.new'])
def test_planted_link_instead_of_a_file_is_not_written_through(host, name):
    host.present()
    write(host.root / 'victim', 'precious')
    if os.path.exists(os.path.join(host.home, name)):
        os.unlink(os.path.join(host.home, name))
    os.symlink(str(host.root / 'victim'), os.path.join(host.home, name))
    try:
        host.present(obproxyd='#!/bin/bash\n# new\n')
    except HostError as exc:
        assert 'symbolic link' in str(exc)
    assert (host.root / 'victim').read_text() == 'precious'
    assert not stat.S_IMODE((host.root / 'victim').stat().st_mode) & 0o111


def test_home_that_is_a_link_is_refused(host):
    os.makedirs(host.base)
    (host.root / 'victim').mkdir()
    os.symlink(str(host.root / 'victim'), host.home)
    with pytest.raises(HostError, match='symbolic link'):
        host.present()
    assert os.listdir(str(host.root / 'victim')) == []


def test_systemd_is_told_only_when_the_unit_changed(host):
    os.makedirs(host.layout.systemd)
    host.answers['systemctl'] = (0, 'LoadState=loaded\nNeedDaemonReload=no\n', '')
    asked = ['systemctl show -p NeedDaemonReload -p LoadState obproxy-foo-2883.service']
    host.present()
    assert host.commands == asked
    host.present()
    assert host.commands == asked * 2
    host.present(unit='[Unit]\n#\n')
    assert host.commands[2:] == ['systemctl daemon-reload']


@pytest.mark.parametrize('shown', ['LoadState=loaded\nNeedDaemonReload=yes\n', 'LoadState=not-found\nNeedDaemonReload=no\n'],
                         ids=['which it still knows', 'which it knows to be missing'])
def test_systemd_is_told_of_a_new_file_for_a_unit(host, shown):
    os.makedirs(host.layout.systemd)
    host.answers['systemctl'] = (0, shown, '')
    host.present()
    assert host.commands[-1] == 'systemctl daemon-reload'


def test_reload_that_a_killed_run_left_out_is_made_up_for(host):
    os.makedirs(host.layout.systemd)
    host.present()
    host.answers['systemctl'] = (0, 'NeedDaemonReload=yes\n', '')
    assert host.present().changed
    assert host.commands[-1] == 'systemctl daemon-reload'


def test_unit_gives_way_to_cron_and_what_is_not_mentioned_stays(host):
    host.present()
    host.present(unit='', cron='* * * * * root true\n', name='a.b-2883', home=host.base + '/a.b-2883')
    tree = host.tree()
    assert 'etc/cron.d/obproxy-a_b-2883' in tree and 'etc/systemd/system/obproxy-a.b-2883.service' not in tree
    assert 'etc/systemd/system/obproxy-foo-2883.service' in tree
    assert not host.present(unit=None, cron=None).changed
    host.present(unit='', cron='x\n')
    assert 'etc/systemd/system/obproxy-foo-2883.service' not in host.tree()


@pytest.mark.parametrize('systemd, there, absent', [
    (True, 'etc/systemd/system/obproxy-foo-2883.service', 'etc/cron.d/obproxy-foo-2883'),
    (False, 'etc/cron.d/obproxy-foo-2883', 'etc/systemd/system/obproxy-foo-2883.service'),
])
def test_of_unit_and_cron_file_a_host_gets_what_starts_things_there(host, systemd, there, absent):
    if systemd:
        os.makedirs(host.layout.systemd)
    host.present(unit='[Unit]\n', cron='@reboot root true\n')
    assert there in host.tree() and absent not in host.tree()
    assert not host.present(unit='[Unit]\n', cron='@reboot root true\n').changed


def test_absent_undoes_all_and_leaves_the_other_instance(host):
    host.present(name='bar-3883')
    before = host.tree()
    host.present()
    checked = host.absent(check_mode=True)
    assert NAME in os.listdir(host.base)
    assert host.absent().diff == checked.diff
    assert host.tree() == before
    assert not host.absent().changed
    host.absent(name='bar-3883')
    left = set(path for path in host.tree() if 'obproxy' in path)
    assert left == set()


def test_absent_can_keep_the_data(host):
    host.present()
    write(host.home + '/etc/proxyconfig_v1.db', 'data')
    host.absent(keep_data=True)
    assert sorted(os.listdir(host.home)) == ['etc', 'log']
    assert open(host.home + '/etc/proxyconfig_v1.db').read() == 'data'
    assert not host.absent(keep_data=True).changed


def test_absent_does_not_follow_links(host):
    host.present()
    (host.root / 'victim').mkdir()
    write(host.root / 'victim' / 'file', 'precious')
    os.symlink(str(host.root / 'victim'), host.home + '/log/link')
    os.symlink(str(host.root / 'victim'), host.home + '/bin')
    host.absent()
    assert not os.path.exists(host.home)
    assert (host.root / 'victim' / 'file').read_text() == 'precious'


def test_absent_refuses_what_still_runs(host):
    host.present()
    with idle(host.root, cwd=host.home) as child:
        wait_until(lambda: _instance.instance_pids(host.home))
        with pytest.raises(HostError, match='still runs.*process %d' % child.pid):
            host.absent()
    write(host.home + '/obproxyd.sh', 'read line\n')
    with running(['bash', host.home + '/obproxyd.sh']) as child:
        wait_until(lambda: _instance.watchdog_pids(host.home))
        with pytest.raises(HostError, match='process %d' % child.pid):
            host.absent()
    assert os.path.exists(host.home + '/etc')


def test_absent_leaves_the_directory_of_a_taken_over_instance(host):
    adopted = str(host.root / 'home' / 'admin' / 'obproxy-3.2.3')
    os.makedirs(adopted + '/bin')
    host.present(home=adopted)
    host.absent()
    assert os.path.isdir(adopted + '/bin')
    assert not os.path.exists(adopted + '/obproxyd.sh')
    assert not os.path.exists(host.layout.records + '/foo-2883.json')


def test_second_run_on_the_host_waits_and_says_for_whom(host, monkeypatch):
    monkeypatch.setattr(_instance, 'LOCK_TIMEOUT', 0.2)
    with locked(host.layout.lock, 1, 'test'):
        with pytest.raises(HostError, match='locked.*process %d' % os.getpid()):
            host.present()
    assert host.present().changed
