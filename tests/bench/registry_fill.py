"""Fills a registry with a large fleet and its history, by the registry's own tables."""
from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _engine, _schema, _states, _task_store

RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
AT_ONCE = 5000
TASKS_OF_A_RUN = 5
PARAMETERS = 20
# Of how many tasks one has failed at its fifth subtask.
FAILED_ONE_IN = 50


@dataclass(frozen=True)
class Size:
    """How large a registry is; each task has the twelve subtasks of batchAdd."""

    clusters: int = 1000
    servers: int = 20000
    tasks: int = 100000

    @property
    def servers_of_a_cluster(self) -> int:
        """Return how many servers each cluster has."""
        return self.servers // self.clusters


def host_name(number: int) -> str:
    """Name a host by its id."""
    return f'proxy-{number:05}.example.com'


def address(number: int) -> str:
    """Return a host's address by its id."""
    return f'10.{number >> 16}.{number >> 8 & 255}.{number & 255}'


def fill(path: Path, size: Size) -> None:
    """Write the registry, in one transaction."""
    engine = _engine.make_engine(_engine.parse_url(f'sqlite:///{path}'))
    with engine.connect() as connection, connection.begin():
        _schema.METADATA.create_all(connection)
        _insert(connection, 'schema', iter([{'version': _schema.VERSION}]))
        for table, rows in (
                ('clusters', _clusters(size)), ('parameter_versions', _versions(size)), ('parameters', _parameters(size)),
                ('hosts', _hosts(size)), ('servers', _servers(size)), ('exporters', _exporters(size)), ('runs', _runs(size)),
                ('tasks', _tasks(size)), ('subtasks', _subtasks(size))):
            _insert(connection, table, rows)


def _insert(connection: sa.Connection, table: str, rows: Iterator[dict]) -> None:
    while batch := list(itertools.islice(rows, AT_ONCE)):
        connection.execute(sa.insert(_schema.table(table)), batch)


def _clusters(size: Size) -> Iterator[dict]:
    for number in range(1, size.clusters + 1):
        yield {
            'id': number, 'name': f'cluster{number:04}', 'address': address(number), 'port': 2883, 'work_mode': 'CONFIG_URL',
            'config_url': 'http://ocp.example.com:8080/services?Action=GetObProxyConfig', 'parameter_version': 1,
            'ob_links': [{'cluster_name': f'ob{number % 100}', 'ob_cluster_id': number % 100 + 1, 'username': 'proxyro'}],
            'request': {'name': f'cluster{number:04}'}, 'creator': 'admin', 'create_time': BEGIN, 'update_time': BEGIN}


def _versions(size: Size) -> Iterator[dict]:
    for number in range(1, size.clusters + 1):
        yield {'cluster_id': number, 'version': 1, 'creator': 'admin', 'create_time': BEGIN}


def _parameters(size: Size) -> Iterator[dict]:
    for number, position in itertools.product(range(1, size.clusters + 1), range(PARAMETERS)):
        yield {'cluster_id': number, 'version': 1, 'kind': 'ordinary', 'position': position,
               'name': f'parameter_{position}', 'value': str(position)}


def _hosts(size: Size) -> Iterator[dict]:
    for number in range(1, size.servers + 1):
        yield {'id': number, 'name': host_name(number), 'ip': address(number)}


def _servers(size: Size) -> Iterator[dict]:
    for number in range(1, size.servers + 1):
        yield {
            'id': number, 'cluster_id': (number - 1) // size.servers_of_a_cluster + 1, 'host_id': number, 'ip': address(number),
            'idc_name': f'hz{number % 3}', 'last_active_time': BEGIN, 'parameter_version': 1, 'sql_port': 2883,
            'exporter_port': 2884, 'rpc_port': 2885, 'version': RPM, 'status': 'RUNNING', 'operate_status': 'NORMAL',
            'architecture': 'x86_64', 'create_time': BEGIN}


def _exporters(size: Size) -> Iterator[dict]:
    for number in range(1, size.servers + 1):
        yield {'server_id': number, 'address': address(number), 'port': 2884, 'register_time': BEGIN}


def _when(task: int) -> datetime.datetime:
    return BEGIN + datetime.timedelta(minutes=task // TASKS_OF_A_RUN)


def _runs(size: Size) -> Iterator[dict]:
    for number in range(1, size.tasks // TASKS_OF_A_RUN + 1):
        when = _when((number - 1) * TASKS_OF_A_RUN)
        yield {
            'id': number, 'operation': 'batch_add', 'cluster_id': (number - 1) % size.clusters + 1, 'creator': 'admin',
            'executor': '192.0.2.9', 'recorded': True, 'status': _states.SUCCESSFUL, 'trace_id': f'{number:016x}',
            'start_time': when, 'finish_time': when, 'lease_seconds': 30, 'lease_until': when}


def _server_of(size: Size, task: int) -> int:
    """Return the id of the server that a task has added."""
    run, place = divmod(task - 1, TASKS_OF_A_RUN)
    cluster, turn = run % size.clusters, run // size.clusters
    return cluster * size.servers_of_a_cluster + (turn * TASKS_OF_A_RUN + place) % size.servers_of_a_cluster + 1


def _has_failed(task: int) -> bool:
    return task % FAILED_ONE_IN == 0


def _tasks(size: Size) -> Iterator[dict]:
    for number in range(1, size.tasks + 1):
        server = _server_of(size, number)
        cluster = (server - 1) // size.servers_of_a_cluster + 1
        strings = {
            'obproxy_need_delete_cluster': False, 'package_version': '4.3.1.0-4', 'prohibit_rollback': False,
            'service_name': f'cluster{cluster:04}', 'package_name': 'obproxy-ce', 'obproxy_parameter_version': 1,
            'obproxy_cluster_name': f'cluster{cluster:04}', 'obproxy_cluster_id': cluster, 'obproxy_server_id': server, 'host_id': server}
        yield {
            'id': number, 'run_id': (number - 1) // TASKS_OF_A_RUN + 1, 'name': 'Install obproxy', 'host_id': server, 'type': 'MANUAL',
            'status': _states.FAILED if _has_failed(number) else _states.SUCCESSFUL, 'operation': _states.EXECUTE, 'creator': 'admin',
            'executor': '192.0.2.9', 'context': _dag.context(strings), 'task_definition_id': -1, 'prohibit_rollback': False,
            'start_time': _when(number), 'finish_time': _when(number)}


def _subtasks(size: Size) -> Iterator[dict]:
    for task in range(1, size.tasks + 1):
        host, when = host_name(_server_of(size, task)), _when(task)
        first = (task - 1) * len(_dag.INSTALL) + 1
        last = first + len(_dag.INSTALL) - 1
        for number, step in enumerate(_dag.INSTALL, start=first):
            place = number - first
            status = _states.SUCCESSFUL if place < 4 or not _has_failed(task) else _states.FAILED if place == 4 else _states.PENDING
            is_begun = status != _states.PENDING
            row = {'status': _states.RUNNING, 'operation': _states.EXECUTE}
            yield {
                'id': number, 'task_id': task, 'role': step.role, 'host': host, 'name': step.name, 'class_name': step.class_name,
                'series_id': step.series_id, 'operation': _states.EXECUTE, 'status': status, 'timeout': step.timeout, 'run_time': 1,
                'parallel_idx': -1, 'prohibit_rollback': False, 'executor': None,
                'upstreams': [number - 1] if number > first else [], 'downstreams': [number + 1] if number < last else [],
                'start_time': when if is_begun else None, 'finish_time': when if is_begun else None,
                'error': 'no room on the disk' if status == _states.FAILED else None,
                'log': _task_store.logged(row, _states.RUNNING, when, None) + _task_store.logged(row, status, when, None) if is_begun else None}
