# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first start is given, and what a failed one is explained by."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import os
import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _service, _start, _start_checks, _start_failure
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError

EL = '3.10.0-1160.el7.x86_64'
OTHER = '6.1.0-13-amd64'
HASH = 'a' * 40


def params(**changed):
    given = dict(work_mode='RS_LIST', rs_list='10.0.0.1:2881;10.0.0.2:2881', ob_cluster_name='ob', config_url='',
                 startup_parameters=None)
    return dict(given, **changed)


def options(arguments):
    """{name: value} of -o, read as OBProxy does."""
    text = arguments[arguments.index('-o') + 1]
    return dict(part.split('=', 1) for part in text.split(','))


def test_rs_list():
    arguments, later = _start.arguments(params(), _start.settings(params(), EL), HASH)
    assert arguments[:4] == ['-r', '10.0.0.1:2881;10.0.0.2:2881', '-c', 'ob']
    assert options(arguments) == {'obproxy_sys_password': HASH, 'enable_metadb_used': 'false'}
    assert later == {}


def test_config_url():
    given = params(work_mode='CONFIG_URL', config_url='http://c:8080/services?Action=GetObProxyConfig')
    arguments = _start.arguments(given, _start.settings(given, EL), HASH)[0]
    assert '-r' not in arguments and '-c' not in arguments
    assert options(arguments)['obproxy_config_server_url'] == given['config_url']


def test_a_foreign_kernel_is_allowed():
    assert options(_start.arguments(params(), _start.settings(params(), OTHER), HASH)[0])['enable_strict_kernel_release'] == 'false'


def test_startup_parameters_win_over_defaults():
    given = params(startup_parameters=[{'name': 'enable_metadb_used', 'value': 'true'},
                                       {'name': 'enable_strict_kernel_release', 'value': 'true'}])
    found = options(_start.arguments(given, _start.settings(given, OTHER), HASH)[0])
    assert found['enable_metadb_used'] == 'true' and found['enable_strict_kernel_release'] == 'true'


@pytest.mark.parametrize('value', ['a,b', ' a', 'a ', ''])
def test_what_o_cannot_carry_is_left_to_sql(value):
    given = params(startup_parameters=[{'name': 'some_item', 'value': value}])
    arguments, later = _start.arguments(given, _start.settings(given, EL), HASH)
    assert later == {'some_item': value}
    assert 'some_item' not in options(arguments)


@pytest.mark.parametrize('name, value', [
    ('obproxy_sys_password', 'x'), ('observer_sys_password', 'x'), ('listen_port', '1'), ('rootservice_list', 'x'),
    ('a b', 'x'), ('', 'x'), ('a=b', 'x'), ('some_item', 'x\n-o\ny=z')])
def test_what_is_no_startup_parameter_is_refused(name, value):
    with pytest.raises(HostError):
        _start.settings(params(startup_parameters=[{'name': name, 'value': value}]))


def test_contradictions_are_refused():
    with pytest.raises(HostError, match='twice'):
        _start.startup_parameters([{'name': 'a', 'value': '1'}, {'name': 'a', 'value': '2'}])


@pytest.mark.parametrize('changed', [{'rs_list': ''}, {'ob_cluster_name': ''}, {'work_mode': 'CONFIG_URL'},
                                     {'rs_list': '10.0.0.1:1\n-o'}])
def test_an_incomplete_work_mode_is_refused(changed):
    with pytest.raises(HostError, match='needs'):
        _start.arguments(params(**changed), {}, HASH)


def test_one_time_passwords():
    one, digest = _start.one_time_password()
    assert hashlib.sha1(one.encode('ascii')).hexdigest() == digest
    assert one != _start.one_time_password()[0] and len(one) >= 32


def test_wipe_follows_no_link(tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'kept').write_text(u'')
    etc = tmp_path / 'home' / 'etc'
    etc.mkdir(parents=True)
    (etc / 'link').symlink_to(outside)
    (etc / 'proxyconfig_v1.db').write_text(u'x')
    assert _start.is_persisted(str(tmp_path / 'home'))
    _start.wipe(str(tmp_path / 'home'))
    assert not list(etc.iterdir()) and (outside / 'kept').exists()
    assert not _start.is_persisted(str(tmp_path / 'home'))


class Client(object):
    """Answers show proxyconfig."""

    def __init__(self, **values):
        self.values = values

    def query(self, sql):
        assert sql == 'show proxyconfig'
        return (['name', 'value', 'info', 'need_reboot', 'visible_level'],
                [[name, value, '', 'false', 'USER'] for name, value in self.values.items()])


@pytest.mark.parametrize('wanted, shown', [('true', 'True'), ('1', 'True'), ('2G', '2GB'), ('2048M', '2GB'), ('90s', '90000ms'),
                                           ('8', '8')])
def test_the_same_value_in_other_words_is_in_force(wanted, shown):
    assert _start_checks.parameter_faults(Client(item=shown), {'item': wanted}) == []


@pytest.mark.parametrize('wanted, shown', [('true', 'False'), ('2G', '1GB'), ('8', '9'), ('a', 'b')])
def test_another_value_is_not(wanted, shown):
    faults = _start_checks.parameter_faults(Client(item=shown), {'item': wanted, 'unknown': 'x'})
    assert len(faults) == 2 and 'item' in faults[0] and 'unknown' in faults[1]


@pytest.fixture(name='instance')
def instance_fixture(tmp_path):
    for name in ('etc', 'log', 'run'):
        (tmp_path / name).mkdir()
    return _service.Instance({'name': 'foo-2883', 'home': str(tmp_path), 'user': 'x', 'sql_port': 1})


def explain(instance, log, wanted=None, secrets=(), sizes=None, name='log/obproxy.log'):
    with open(os.path.join(instance.home, name), 'a') as target:
        target.write(log)
    return _start_failure.explain(instance, 'It failed', sizes or {}, wanted or {}, secrets)


@pytest.mark.parametrize('name, log, words', [
    ('run/launch.log', 'obproxy: error while loading shared libraries: libaio.so.1: cannot open', 'library is missing: libaio.so.1'),
    ('run/launch.log', '/h/bin/obproxy: Exec format error', 'fits this machine'),
    ('log/obproxy.log', 'ERROR persisted config is corrupt: x', 'restore it'),
    ('log/obproxy.log', 'ERROR kernel 6.1 is not supported: enable_strict_kernel_release is true', 'refuses this kernel')])
def test_known_reasons(instance, name, log, words):
    assert words in explain(instance, log + '\n', name=name)


def test_a_corrupt_database_is_seen_without_the_logs(instance):
    with open(os.path.join(instance.home, 'etc', 'proxyconfig_v1.db'), 'w') as target:
        target.write('garbage')
    assert 'etc is corrupt' in explain(instance, '')


def test_a_taken_port_is_named(instance):
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        server.listen(1)
        instance.rpc_port = server.getsockname()[1]
        assert 'port %d is held by' % instance.rpc_port in explain(instance, '')


def test_only_this_starts_lines_are_told(instance):
    explain(instance, 'ERROR of yesterday\n')
    sizes = _start_failure.log_sizes(instance.home)
    told = explain(instance, ''.join('ERROR %d\n' % number for number in range(40)), sizes=sizes)
    assert 'yesterday' not in told and 'ERROR 29' not in told
    assert all('ERROR %d' % number in told for number in range(30, 40))


def test_rotated_logs_are_read_from_their_beginning(instance):
    assert 'ERROR new' in explain(instance, 'ERROR new\n', sizes={'obproxy.log': 10000})


def test_secrets_are_masked(instance):
    told = explain(instance, 'ERROR %s and %s and pass-word\n' % (HASH, HASH.upper()), secrets=['pass-word', ''])
    assert 'ERROR' in told and HASH not in told.lower() and 'pass-word' not in told


def test_links_in_place_of_logs_are_not_followed(instance, tmp_path):
    (tmp_path / 'secret').write_text(u'ERROR secret\n')
    (tmp_path / 'log' / 'obproxy.log').symlink_to(tmp_path / 'secret')
    assert 'secret' not in _start_failure.explain(instance, 'It failed', {}, {}, ())


@pytest.mark.parametrize('package, has', [('obproxy-4.3.1.0', True), ('obproxy-4.2.3.0', False), ('obproxy-10.0.0', True),
                                          ('obproxy-1.9.1.1', False), ('elsewhere', True)])
def test_the_rpc_port_belongs_to_43_and_later(instance, tmp_path, package, has):
    (tmp_path / package / 'bin').mkdir(parents=True)
    (tmp_path / 'bin').symlink_to(tmp_path / package / 'bin')
    assert instance.has_rpc() is has
