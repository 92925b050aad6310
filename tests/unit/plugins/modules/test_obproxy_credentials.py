# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_credentials
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.proxysys_support import FakeProxy, error, play, sha1

OLD, NEW, RO, OTHER = u'Old-Sys-Pw1', u"New-Sys-Pw'2", u'Pr0xyro-Pw', u'0ther-Ro-Pw'
SECRETS = [OLD, NEW, RO, OTHER]


@pytest.fixture(name='start')
def start_fixture():
    made = []

    def start(*args, **kwargs):
        made.append(FakeProxy(*args, **kwargs))
        return made[-1]
    yield start
    for one in made:
        one.close()


@pytest.fixture(name='run')
def run_fixture(capsys):
    def run(port, check=False, new=NEW, old=(OLD,), state='present', **links):
        result, printed = play(
            capsys, obproxy_credentials, check, sql_port=port, sys_password=new, old_sys_passwords=list(old), state=state,
            ob_passwords=[dict(cluster_name=name, password=password) for name, password in sorted(links.items())])
        for secret in SECRETS:
            assert secret not in printed and sha1(secret) not in printed
        return result
    return run


def per_cluster(proxy, name=u'observer_sys_password'):
    return dict((row[u'cluster_name'], row[u'value']) for row in proxy.rows if row[u'name'] == name)


@pytest.mark.parametrize('version', [u'3.2.3', u'4.0.0', u'4.3.1.0'])
def test_one_link_check_real_and_again(start, run, version):
    proxy = start(version, OLD, tabled=version > u'4')
    checked = run(proxy.port, True, hooray=RO)
    assert proxy.items[u'obproxy_sys_password'][0] == sha1(OLD) and proxy.items[u'observer_sys_password'][0] == u''
    real = run(proxy.port, hooray=RO)
    assert checked == real and real['changed']
    assert proxy.items[u'obproxy_sys_password'][0] == sha1(NEW)
    assert proxy.items[u'observer_sys_password'][0] == sha1(RO)
    own = {u'hooray': sha1(RO)} if version > u'4.1' else {}
    assert per_cluster(proxy) == own if proxy.rows is not None else not own
    assert real['diff']['before']['obproxy_sys_password'] == 'differs' and real['diff']['after']['observer_sys_password'] == 'set'
    again = run(proxy.port, hooray=RO)
    assert not again['changed'] and again['changes'] == []


def test_links_with_passwords_of_their_own(start, run):
    proxy = start(u'4.2.3.0', NEW)
    result = run(proxy.port, hooray=RO, second=OTHER)
    assert result['changes'] == ['observer_sys_password of cluster hooray: missing -> set', 'observer_sys_password of cluster second: missing -> set']
    assert per_cluster(proxy) == {u'hooray': sha1(RO), u'second': sha1(OTHER)}
    assert proxy.items[u'observer_sys_password'][0] == u''
    assert run(proxy.port, hooray=RO, second=NEW)['changes'] == ['observer_sys_password of cluster second: differs -> set']
    assert per_cluster(proxy) == {u'hooray': sha1(RO), u'second': sha1(NEW)}


@pytest.mark.parametrize('check', [False, True])
@pytest.mark.parametrize('version, tabled', [(u'3.2.3', False), (u'4.0.0', True), (u'4.2.3', False)])
def test_different_passwords_where_only_one_is_kept(start, run, version, tabled, check):
    proxy = start(version, OLD, tabled=tabled)
    result = run(proxy.port, check, hooray=RO, second=OTHER)
    assert result['failed'] and 'hooray, second' in result['msg'] and version in result['msg']
    assert proxy.items[u'obproxy_sys_password'][0] == sha1(OLD)


def test_an_empty_stored_password_lets_everybody_in_and_is_replaced(start, run):
    proxy = start(password=u'')
    assert run(proxy.port)['changes'] == ['obproxy_sys_password: missing -> set']
    assert proxy.items[u'obproxy_sys_password'][0] == sha1(NEW)


def test_no_password_lets_us_in(start, run):
    proxy = start(password=u'another')
    result = run(proxy.port)
    assert result['failed']
    for words in (str(proxy.port), 'root@proxysys', 'old_sys_passwords', '1045'):
        assert words in result['msg']


def test_a_password_that_obproxy_would_garble_is_refused_before_the_login(start, run):
    proxy = start(password=OLD)
    result = run(proxy.port, new=u'a\\b')
    assert result['failed'] and 'root@proxysys' in result['msg'] and 'backslash' in result['msg']
    assert proxy.statements == []


class Quoting(FakeProxy):
    """Refuses a password and quotes it in its words, as servers do."""

    def alter(self, name, value):
        return [error(1064, u'You have an error near %s' % value)]


def test_a_refused_password_is_not_quoted(run):
    proxy = Quoting(password=OLD)
    try:
        result = run(proxy.port, hooray=RO)
    finally:
        proxy.close()
    assert result['failed'] and '1064' in result['msg']
    assert 'observer_sys_password' in result['msg'] and 'of cluster hooray' in result['msg']


def test_where_nothing_listens(run):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        port = closed.getsockname()[1]
    checked = run(port, True, hooray=RO)
    assert checked['changes'] == ['observer_sys_password of cluster hooray: missing -> set', 'obproxy_sys_password: missing -> set']
    assert 'nothing listens' in run(port, hooray=RO)['msg']


class Watched(FakeProxy):
    """Notes after each statement which passwords of proxyro it would log in to a cluster with."""

    def __init__(self, *args, **kwargs):
        self.seen = []
        FakeProxy.__init__(self, *args, **kwargs)

    def answer(self, statement):
        packets = FakeProxy.answer(self, statement)
        tried = set()
        for name in (u'observer_sys_password', u'observer_sys_password1'):
            own = per_cluster(self, name) if self.rows is not None else {}
            tried.add(own.get(u'hooray', self.items[name][0]))
        self.seen.append(tried)
        return packets


@pytest.mark.parametrize('links', [dict(hooray=OTHER), dict(hooray=OTHER, second=NEW)])
@pytest.mark.parametrize('version', [u'3.2.3', u'4.0.0', u'4.3.1.0'])
def test_a_rotation_of_proxyro_has_the_right_password_at_every_moment(run, version, links):
    if version < u'4.1' and len(links) > 1:
        return
    proxy = Watched(version, NEW, tabled=version > u'4')
    try:
        run(proxy.port, hooray=RO, **dict((name, RO) for name in links if name != 'hooray'))
        del proxy.seen[:]
        checked = run(proxy.port, True, state='staged', **links)
        staged = run(proxy.port, state='staged', **links)
        assert checked == staged and staged['changed'] and all('observer_sys_password1' in one for one in staged['changes'])
        assert not run(proxy.port, state='staged', **links)['changed']
        assert all(sha1(RO) in tried for tried in proxy.seen) and sha1(OTHER) in proxy.seen[-1]
        del proxy.seen[:]
        settled = run(proxy.port, **links)
        assert any('left over -> cleared' in one for one in settled['changes'])
        assert all(sha1(OTHER) in tried for tried in proxy.seen)
        assert proxy.seen[-1] - set([u'']) == set([sha1(OTHER)])
        assert not run(proxy.port, **links)['changed']
        assert not run(proxy.port, state='staged', **links)['changed']
    finally:
        proxy.close()


def test_staging_changes_the_password_of_the_administrator_too(start, run):
    proxy = start(password=OLD)
    assert run(proxy.port, state='staged', hooray=RO)['changes'][-1] == 'obproxy_sys_password: differs -> set'
    assert proxy.items[u'obproxy_sys_password'][0] == sha1(NEW) and per_cluster(proxy) == {}
    assert per_cluster(proxy, u'observer_sys_password1') == {u'hooray': sha1(RO)}


@pytest.mark.parametrize('version', [u'4.0.0', u'4.3.1.0'])
def test_a_rotation_that_was_not_finished_is_finished_or_taken_back_first(start, run, version):
    proxy = start(version, NEW)
    run(proxy.port, hooray=RO)
    run(proxy.port, state='staged', hooray=OTHER)
    before = (dict((name, list(item)) for name, item in proxy.items.items()), list(proxy.rows))
    result = run(proxy.port, state='staged', hooray=u'a third one')
    assert result['failed'] and 'observer_sys_password1' in result['msg'] and 'proxyro_password' in result['msg']
    assert before == (proxy.items, proxy.rows)
    run(proxy.port, state='staged', hooray=RO)
    run(proxy.port, hooray=RO)
    assert run(proxy.port, state='staged', hooray=u'a third one')['changed']


def test_the_password_that_a_release_brings_is_nobodys(start, run):
    brought = u'e' * 40
    proxy = start(password=NEW)
    proxy.items[u'observer_sys_password1'][0] = brought
    proxy.defaults[u'observer_sys_password1'] = brought
    assert run(proxy.port, state='staged', hooray=RO)['changed']
    assert run(proxy.port, hooray=RO)['changed'] and proxy.items[u'observer_sys_password1'][0] == u''


def test_where_there_is_no_second_password(start, run):
    proxy = start(u'1.9.1.1', NEW, tabled=False)
    del proxy.items[u'observer_sys_password1']
    result = run(proxy.port, state='staged', hooray=RO)
    assert result['failed'] and 'observer_sys_password1' in result['msg'] and 'upgrade' in result['msg']
    assert run(proxy.port, hooray=RO)['changed']


@pytest.mark.parametrize('version', [u'4.0.0', u'4.3.1.0'])
def test_the_password_for_another_cluster_is_set_beside_the_present_one_s(start, run, version):
    proxy = start(version, NEW, tabled=version > u'4.1')
    run(proxy.port, former=OTHER)
    run(proxy.port, state='staged', hooray=RO)
    assert [proxy.items[name][0] for name in (u'observer_sys_password', u'observer_sys_password1')] == [sha1(OTHER), sha1(RO)]
    run(proxy.port, hooray=RO)
    assert [proxy.items[name][0] for name in (u'observer_sys_password', u'observer_sys_password1')] == [sha1(RO), u'']
