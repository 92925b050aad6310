"""The stand-in's admin SQL, seen by PyMySQL and over raw sockets."""
from __future__ import annotations

import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'obproxy'))

from obproxy_harness import StandIn, sha1, wait_for  # noqa: E402
from obproxy_packages import Package, stage  # noqa: E402

pytest_plugins = ('obproxy_harness',)

EMPTY = 'obproxy_sys_password='
OLD_COLUMNS = ['name', 'value', 'info', 'need_reboot', 'visible_level']


@pytest.fixture(scope='module')
def running(trees, tmp_path_factory):
    """One 4.3.1 that all tests share which leave nothing behind that others mind."""
    proxy = StandIn(trees['4.3.1.0'], tmp_path_factory.mktemp('shared'))
    proxy.start('-c', 'foo', '-r', '127.0.0.1:2881', options=EMPTY)
    yield proxy
    proxy.clean_up()


def own_address() -> str:
    """An address of this host that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(('192.0.2.77', 9))
        return sock.getsockname()[0]


def refused(connect) -> int:
    with pytest.raises(pymysql.MySQLError) as caught:
        connect()
    return caught.value.args[0]


def test_greets_as_mysql(running):
    with socket.create_connection(('127.0.0.1', running.sql)) as client:
        greeting = client.recv(4096)
    assert greeting[3] == 0 and greeting[4] == 10
    assert greeting[5:].startswith(b'5.6.25\0') and b'mysql_native_password\0' in greeting


def test_an_empty_password_accepts_any(running):
    for password in ('', 'whatever'):
        running.connect(password).close()


def test_who_is_refused(launch):
    proxy = launch()
    proxy.start(options=f"obproxy_sys_password={sha1('right')}")
    proxy.connect('right').close()
    assert refused(lambda: proxy.connect('wrong')) == 1045
    assert refused(lambda: proxy.connect('')) == 1045
    assert refused(lambda: proxy.connect(sha1('right'))) == 1045
    assert refused(lambda: proxy.connect('right', user='admin@proxysys')) == 1045


def test_unset_passwords(launch):
    proxy, old = launch(), launch('4.2.3.0')
    proxy.start()
    old.start()
    assert refused(lambda: proxy.connect('')) == 1045
    assert old.value('obproxy_sys_password') == ''
    other = launch()
    other.start(options=EMPTY)
    assert len(other.value('observer_sys_password')) == 40


def test_a_tenant_login_is_cut_after_a_while(running):
    begun = time.monotonic()
    assert refused(lambda: running.connect('x', user='root@sys#foo')) == 2013
    assert 0.35 < time.monotonic() - begun < 1.5


def test_from_where_root_may_come(launch):
    address = own_address()
    private = address.startswith(('10.', '192.168.', '172.'))
    new, open_, old = launch(), launch(), launch('3.2.3')
    new.start(options=EMPTY)
    open_.start(options=f'{EMPTY},skip_proxy_sys_private_check=true')
    old.start()
    assert refused(lambda: new.connect(host=address)) == 1045
    for proxy in (open_, old):
        if private:
            proxy.connect(host=address).close()
        else:
            assert refused(lambda proxy=proxy: proxy.connect(host=address)) == 1045


def test_ping_and_other_commands(running):
    connection = running.connect()
    connection.ping(reconnect=False)
    connection.select_db('anything')
    connection.close()
    assert running.query('/* a comment */ ping proxy;') == []


def test_packets_longer_than_16_mb_go_both_ways(launch):
    proxy = launch()
    proxy.start(options=EMPTY)
    connection = proxy.connect()
    value = 'x' * ((1 << 24) + 5000)
    with connection.cursor() as cursor:
        cursor.execute(f"alter proxyconfig set proxy_idc_name='{value}'")
        cursor.execute("show proxyconfig like 'proxy_idc_name'")
        assert cursor.fetchone()[1] == value
        cursor.execute('ping proxy')
    connection.close()


def test_bytes_that_come_one_by_one(running):
    """A statement in as many pieces as it has bytes, before the login is even answered."""
    user = b'root@proxysys\0'
    login = (0x8200 | 1).to_bytes(4, 'little') + bytes(4) + b'\x21' + bytes(23) + user + b'\0'
    query = b'\x03ping proxy'
    with socket.create_connection(('127.0.0.1', running.sql)) as client:
        client.settimeout(5)
        client.recv(4096)
        for number, payload in ((1, login), (0, query)):
            for byte in len(payload).to_bytes(3, 'little') + bytes([number]) + payload:
                client.sendall(bytes([byte]))
            assert client.recv(4096)[4] == 0


def test_nonsense_does_not_hurt(running):
    for nonsense in (b'GET / HTTP/1.0\r\n\r\n', b'\x01\0\0\x01\0', b'\xff' * 70):
        with socket.create_connection(('127.0.0.1', running.sql)) as client:
            client.sendall(nonsense)
    assert running.query('select proxy_version()')


@pytest.mark.parametrize(('version', 'columns'), [
    ('4.3.1.0', [*OLD_COLUMNS, 'range', 'config_level']), ('4.2.3.0', OLD_COLUMNS)])
def test_columns_and_items_by_version(launch, version, columns):
    proxy = launch(version)
    proxy.start(options=EMPTY)
    rows = proxy.query('show proxyconfig')
    assert list(rows[0]) == columns
    names = {row['name'] for row in rows}
    assert ('rpc_listen_port' in names) == ('enable_full_link_trace' in names) == (version == '4.3.1.0')
    assert 'bt_instance_id' not in names


def test_show_reads_the_running_ports(running):
    assert running.value('listen_port') == str(running.sql)
    assert running.value('prometheus_listen_port') == str(running.exporter)
    row = running.query("show proxyconfig like 'work_thread_num'")[0]
    assert (row['need_reboot'], row['visible_level'], row['range'], row['config_level']) == (
        'true', 'USER', '[1,128]', 'LEVEL_GLOBAL')


def test_like_patterns(running):
    def names(pattern):
        return [row['name'] for row in running.query(f"show proxyconfig like '{pattern}'")]
    assert names('proxy_mem_limited') == ['proxy_mem_limited']
    assert names('PROXY_ID') == ['proxy_id']
    assert names('nothing') == []
    assert 'name' not in running.query("show proxyconfig like 'syslog_level'")[0]
    assert names('%syslog_level') == ['syslog_level']


def test_diff_shows_what_is_not_default(launch):
    proxy = launch()
    proxy.start(options=EMPTY)
    before = {row['name'] for row in proxy.query('show proxyconfig diff')}
    assert 'proxy_mem_limited' not in before and 'listen_port' in before
    proxy.query("alter proxyconfig set proxy_mem_limited='4G'")
    proxy.query('alter proxyconfig set grpc_timeout = 10m')
    after = {row['name']: row['value'] for row in proxy.query('show proxyconfig diff')}
    assert set(after) - before == {'proxy_mem_limited', 'grpc_timeout'}
    assert after['proxy_mem_limited'] == '4G'


def test_errors_by_number(running):
    assert running.error('alter proxyconfig set no_such_item=1') == 5099
    assert running.error("alter proxyconfig set app_name='x'") == 1235
    assert running.error('alter proxyconfig set') == 1064
    assert running.error('alter proxyconfig set work_thread_num') == 1064
    assert running.error('select 1') == 1235
    assert running.error('drop table x') == 1235


def test_one_shot_items_do_not_stay(running):
    running.query('alter proxyconfig set refresh_config=true')
    for number in (0, 3, 4):
        running.query(f'alter proxyconfig set proxy_local_cmd={number}')
    assert (running.value('refresh_config'), running.value('proxy_local_cmd')) == ('false', '0')
    assert running.error('alter proxyconfig set proxy_local_cmd=5') == 4147
    running.query('ping proxy')
    running.connect().close()


def test_passwords_are_hashed_on_their_way_in(launch):
    proxy = launch()
    proxy.start(options=f"obproxy_sys_password={sha1('once')}")
    proxy.query("alter proxyconfig set observer_sys_password='ob'", 'once')
    proxy.query("alter proxyconfig set observer_sys_password1='ob1'", 'once')
    proxy.query("alter proxyconfig set obproxy_sys_password='real'", 'once')
    assert refused(lambda: proxy.connect('once')) == 1045
    for name, text in (('obproxy_sys_password', 'real'), ('observer_sys_password', 'ob'),
                       ('observer_sys_password1', 'ob1')):
        assert proxy.value(name, 'real') == sha1(text)
    proxy.query("alter proxyconfig set observer_sys_password1=''", 'real')
    assert proxy.value('observer_sys_password1', 'real') == ''
    for path in proxy.home.rglob('*'):
        assert not path.is_file() or b"'real'" not in path.read_bytes()


def test_a_password_for_one_cluster(launch):
    proxy = launch()
    proxy.start(options=f"{EMPTY},observer_sys_password={sha1('all')}")
    replace = ("replace into proxy_config(cluster_name,name,value,config_level) "
               "values('foo','observer_sys_password','%s','LEVEL_CLUSTER')")
    proxy.query(replace % 'abc')
    proxy.query(replace % 'abcd')
    rows = proxy.query("select * from proxy_config where name='observer_sys_password'")
    assert {(row['cluster_name'], row['value'], row['config_level']) for row in rows} == {
        ('', sha1('all'), 'LEVEL_GLOBAL'), ('foo', sha1('abcd'), 'LEVEL_CLUSTER')}
    assert proxy.value('observer_sys_password') == sha1('all')
    with sqlite3.connect(proxy.home / 'etc' / 'proxyconfig_v1.db') as database:
        assert database.execute("select value from proxy_config where cluster_name='foo'").fetchall() == [
            (sha1('abcd'),)]


def test_what_proxy_config_refuses(running):
    start = 'replace into proxy_config(cluster_name,name,value,config_level) values'
    assert running.error(f"{start}('foo','no_such_item','1','LEVEL_CLUSTER')") == 5099
    assert running.error(f"{start}('foo','observer_query_timeout_delta','2h','LEVEL_CLUSTER')") == 4147
    assert running.error(f"{start}('foo','proxy_mem_limited','4G','LEVEL_CLUSTER')") == 4147
    assert running.error(f"{start}('foo','observer_sys_password','LEVEL_CLUSTER')") == 1064
    assert running.error('select * from proxy_config, sqlite_master') == 1064
    assert running.error('select nothing from proxy_config') == 1064


@pytest.mark.parametrize(('version', 'table', 'passwords'), [
    ('3.2.3', False, False), ('4.0.0', True, False), ('4.1.0.0', True, True), ('4.2.3.0', True, True)])
def test_proxy_config_by_version(trees, tmp_path, version, table, passwords):
    tree = trees.get(version) or stage(Package('obproxy', version, '1.el7'), tmp_path / 'tree',
                                       trees['4.2.3.0'] / 'bin' / 'obproxy')
    proxy = StandIn(tree, tmp_path / 'home')
    start = 'replace into proxy_config(cluster_name,name,value,config_level) '
    password = start + "values('foo','observer_sys_password','abc','LEVEL_CLUSTER')"
    other = start + "values('foo','proxy_idc_name','it''s \\','LEVEL_CLUSTER')"
    found = "select value from proxy_config where cluster_name='foo' and name='%s'"
    try:
        proxy.start()
        if passwords:
            proxy.query(password)
            assert proxy.query(found % 'observer_sys_password') == [{'value': sha1('abc')}]
        else:
            assert proxy.error(password) == 1235
        if table:
            proxy.query(other)
            # SQLite reads it, by its own rules
            assert proxy.query(found % 'proxy_idc_name') == [{'value': "it's \\"}]
        else:
            assert proxy.error(other) == proxy.error(found % 'proxy_idc_name') == 1235
    finally:
        proxy.clean_up()


def test_what_it_tells_of_itself(running):
    info = running.query('show proxyinfo binary')[0]
    assert info['name'] == 'binary info' and 'ObProxy-OceanBase CE 4.3.1.0-4.el' in info['info']
    assert running.query('select proxy_version()')[0]['proxy_version()'] == 'OceanBase CE 4.3.1.0 4'
    assert running.query('show proxycluster')[0]['cluster_name'] == 'foo'


def test_sessions(launch):
    proxy = launch()
    pid = proxy.start(options=EMPTY)
    kept = proxy.connect()
    rows = proxy.query('show proxysession')
    assert [(row['User'], row['Tenant'], row['pid']) for row in rows] == [
        ('root', 'proxysys', str(pid))] * 2
    assert [row['Info'] for row in proxy.query('show processlist')] == [None, 'show processlist']
    kept.close()
    wait_for(lambda: len(proxy.query('show proxysession')) == 1)


def test_metrics(launch):
    proxy = launch()
    proxy.start('-c', 'foo', options=f'{EMPTY},prometheus_sync_interval=1s')
    kept = proxy.connect()
    with urllib.request.urlopen(f'http://127.0.0.1:{proxy.exporter}/metrics', timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    names = {line.partition('{')[0] for line in lines if not line.startswith('#')}
    assert names == {'odp_transaction_total', 'odp_sql_request_total', 'odp_sql_cost_total',
                     'odp_current_session', 'odp_new_client_connections', 'odp_request_byte',
                     'odp_entry_total'}
    assert 'odp_current_session{cluster="foo",sessionType="client",tenant="proxysys"} 1' in lines
    assert [line for line in lines if line.startswith('odp_sql_cost_total{')] == [
        'odp_sql_cost_total{cluster="foo",sqlType="OTHERS",tenant="proxysys",timeType="%s"} 0' % kind
        for kind in ('prepare', 'server', 'total')]
    # The real one has it as a gauge, its name notwithstanding.
    assert {line.split()[2]: line.split()[3] for line in lines if line.startswith('# TYPE ')}['odp_sql_cost_total'] == 'gauge'
    kept.close()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f'http://127.0.0.1:{proxy.exporter}/other', timeout=5)
    assert caught.value.code == 404


def test_many_clients_at_once(running):
    clients = [running.connect() for dummy in range(60)]
    for client in clients:
        client.ping(reconnect=False)
        client.close()


def test_files_in_log_that_it_does_not_know_go(launch):
    proxy = launch()
    (proxy.home / 'log').mkdir()
    for name in ('obproxyd.log', 'obproxy_mine', 'obproxy_slow.log', 'watchdog.log'):
        (proxy.home / 'log' / name).write_text('x')
    proxy.start()
    wait_for(lambda: not (proxy.home / 'log' / 'obproxyd.log').exists())
    wait_for(lambda: {path.name for path in (proxy.home / 'log').iterdir()} == {
        'obproxy.log', 'obproxy_diagnosis.log', 'obproxy_slow.log', 'watchdog.log'})
