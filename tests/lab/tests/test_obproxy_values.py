"""What the stand-in takes for a value, and how its SQL reads one."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'obproxy'))

from obproxy_harness import StandIn  # noqa: E402
from standin import values  # noqa: E402

pytest_plugins = ('obproxy_harness',)

EMPTY = 'obproxy_sys_password='


@pytest.fixture(scope='module')
def running(trees, tmp_path_factory):
    proxy = StandIn(trees['4.3.1.0'], tmp_path_factory.mktemp('shared'))
    proxy.start(options=EMPTY)
    yield proxy
    proxy.clean_up()


def name_of(assignment: str) -> str:
    return assignment.partition('=')[0].strip('` ')


@pytest.mark.parametrize('assignment', [
    'work_thread_num=129', "work_thread_num='many'", "hot_upgrade_exit_timeout='10s'",
    "proxy_mem_limited='1MB'", "proxy_mem_limited='2X'", "delay_exit_time='1s'", 'listen_port=1024',
    'max_connections=128', "enable_prometheus='maybe'", "local_bound_ip='1.2.3'", "syslog_level='LOUD'",
    "grpc_timeout=''", 'grpc_timeout=', 'proxy_mem_limited=2147483648', 'proxy_mem_limited=99',
    "proxy_mem_limited='-1'", 'delay_exit_time=1', 'grpc_timeout=1800000000', "grpc_timeout='-5'",
    'enable_prometheus=y', 'enable_prometheus=n', 'enable_prometheus=2', "work_thread_num='08'",
    'proxy_id=256', 'client_session_id_version=3'])
def test_bad_values(running, assignment):
    pattern = f"show proxyconfig like '%{name_of(assignment)}'"
    before = running.query(pattern)
    assert running.error(f'alter proxyconfig set {assignment}') == 4147
    assert running.query(pattern) == before


@pytest.mark.parametrize('assignment', [
    'work_thread_num=128', "proxy_mem_limited='100MB'", 'proxy_mem_limited=100', 'proxy_mem_limited=2048',
    "delay_exit_time='500ms'", 'grpc_timeout=86400', 'hot_upgrade_exit_timeout=60000000', 'listen_port=1025',
    'enable_prometheus=False', "enable_prometheus = '1'", 'enable_prometheus=OFF', 'enable_prometheus=yes',
    'enable_prometheus=0', 'log_dir_size_threshold=10G', 'flow_low_water_mark=0', "username_separator=':;-;.'",
    "syslog_level='INFO'", 'ob_max_read_stale_time=-1', 'rpc_request_max_retries=1000000', 'proxy_id=255',
    '`proxy_idc_name`="a,b\'c"', 'proxy_idc_name ='])
def test_good_values(running, assignment):
    name = name_of(assignment)
    pattern = f"show proxyconfig like '%{name}'"
    before = running.query(pattern)[0]['value']
    running.query(f'alter proxyconfig set {assignment}')
    assert running.query(pattern)[0]['value'] == assignment.partition('=')[2].strip(' \'"').replace('"', '')
    running.query(f"alter proxyconfig set {name}='{before}'")


@pytest.mark.parametrize(('parse', 'text', 'meant'), [
    (values.size, '2048', 2 << 30), (values.size, '2G', 2 << 30), (values.size, '2gb', 2 << 30),
    (values.size, '64byte', 64), (values.size, '010', 8 << 20), (values.size, '0x10k', 16 << 10),
    (values.microseconds, '30', 30000000), (values.microseconds, '30MS', 30000),
    (values.whole, '30000000', 30000000), (values.whole, '-1', -1), (values.boolean, 'On', True)])
def test_units(parse, text, meant):
    assert parse(text) == meant


def test_a_number_without_quotes_is_decimal(running):
    running.query('alter proxyconfig set work_thread_num=+010')
    assert running.value('work_thread_num') == '10'
    running.query("alter proxyconfig set work_thread_num='010'")
    assert running.value('work_thread_num') == '010'


@pytest.mark.parametrize('assignment', [
    'work_thread_num=7, task_thread_num=3', "proxy_idc_name='a',work_thread_num=7", "proxy_idc_name='a",
    "proxy_idc_name='it's'", "proxy_idc_name='a\\'", 'proxy_idc_name=a:b', 'proxy_idc_name=1.5',
    'work_thread_num=7 8', "work_thread_num='7' x", '=7'])
def test_one_assignment_and_no_more(running, assignment):
    before = running.query('show proxyconfig diff')
    assert running.error(f'alter proxyconfig set {assignment}') == 1064
    assert running.query('show proxyconfig diff') == before


@pytest.mark.parametrize(('literal', 'kept'), [
    ("'it''s'", "it'"), ('"a""bc"', 'a""'), ("'a\\nb'", 'a\\'), ("'a\\\\b'", 'a\\'), ("'é\\'é'", 'é\\\''),
    ("'a \"b\" = , ; é'", 'a "b" = , ; é'), ('"it\'s"', "it's"), ("'a' 'b'", "a'"), ("''", '')])
def test_a_literal_that_needs_an_escape_loses_its_end(running, literal, kept):
    running.query(f'alter proxyconfig set proxy_idc_name={literal}')
    assert running.value('proxy_idc_name') == kept
    running.query("alter proxyconfig set proxy_idc_name=''")


def test_proxy_ids_by_version_of_session_ids(launch):
    new, old = launch(), launch('3.2.3')
    new.start(options=EMPTY)
    old.start()
    assert old.error('alter proxyconfig set proxy_id=256') == 4147
    new.query('alter proxyconfig set client_session_id_version=2')
    new.query('alter proxyconfig set proxy_id=8191')
    assert new.error('alter proxyconfig set client_session_id_version=1') == 4147
    assert new.error('alter proxyconfig set proxy_id=8192') == 4147


def test_units_on_the_command_line(launch):
    proxy, too_much = launch(), launch()
    proxy.start(options=f'{EMPTY},proxy_mem_limited=2048,grpc_timeout=60')
    assert (proxy.value('proxy_mem_limited'), proxy.value('grpc_timeout')) == ('2048', '60')
    too_much.start_in_vain(options='proxy_mem_limited=2147483648')
