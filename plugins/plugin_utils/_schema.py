# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry's tables. No column is for a password, on purpose."""

from __future__ import annotations

import datetime
import json

try:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql
    IMPORT_ERROR = None
except ImportError as exc:  # the registry says how to install it
    sa = None
    IMPORT_ERROR = exc

VERSION = 4


def utc_now():
    """Return the time in the precision that is stored."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _types():
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    text = sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb')

    class Json(sa.TypeDecorator):
        """A document, kept as text so that every database takes it."""

        impl = text
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return None if value is None else json.dumps(value)

        def process_result_value(self, value, dialect):
            return None if value is None else json.loads(value)

    class Time(sa.TypeDecorator):
        """A moment in UTC with milliseconds."""

        impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=3), 'mysql', 'mariadb')
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return None if value is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)

        def process_result_value(self, value, dialect):
            return None if value is None else value.replace(tzinfo=datetime.timezone.utc)

    return big, text, Json, Time


def _build():
    metadata = sa.MetaData()
    big, text, document, time = _types()

    def table(name, *parts):
        sa.Table(name, metadata, *parts, sqlite_autoincrement=True, mysql_charset='utf8mb4', mysql_engine='InnoDB')

    def identity():
        return sa.Column('id', big, primary_key=True, autoincrement=True)

    def reference(name, target, **more):
        return sa.Column(name, big, sa.ForeignKey(f'{target}.id'), **more)

    table('obproxy_schema', sa.Column('version', sa.Integer, primary_key=True, autoincrement=False))
    table(
        'obproxy_clusters', identity(),
        sa.Column('name', sa.String(64), nullable=False, unique=True),
        sa.Column('address', sa.String(255)), sa.Column('port', sa.Integer),
        sa.Column('work_mode', sa.String(16), nullable=False), sa.Column('config_url', text),
        sa.Column('ob_links', document, nullable=False), sa.Column('request', document, nullable=False),
        sa.Column('parameter_version', big, nullable=False), sa.Column('creator', sa.String(255)),
        sa.Column('create_time', time, nullable=False), sa.Column('update_time', time, nullable=False))
    table(
        'obproxy_hosts', identity(),
        sa.Column('name', sa.String(255), nullable=False, unique=True), sa.Column('ip', sa.String(255)))
    table(
        'obproxy_servers', identity(),
        reference('cluster_id', 'obproxy_clusters', nullable=False), reference('host_id', 'obproxy_hosts', nullable=False),
        sa.Column('idc_name', sa.String(64)), sa.Column('last_active_time', time),
        sa.Column('parameter_version', big, nullable=False), sa.Column('ip', sa.String(255)),
        sa.Column('sql_port', sa.Integer, nullable=False), sa.Column('exporter_port', sa.Integer),
        sa.Column('rpc_port', sa.Integer), sa.Column('version', sa.String(255)),
        sa.Column('status', sa.String(16), nullable=False), sa.Column('operate_status', sa.String(16), nullable=False),
        sa.Column('architecture', sa.String(16)), sa.Column('create_time', time, nullable=False),
        sa.UniqueConstraint('host_id', 'sql_port'), sa.UniqueConstraint('cluster_id', 'host_id'))
    table(
        'obproxy_parameters', identity(),
        reference('cluster_id', 'obproxy_clusters', nullable=False), sa.Column('version', big, nullable=False),
        sa.Column('kind', sa.String(16), nullable=False), sa.Column('position', sa.Integer, nullable=False),
        sa.Column('name', sa.String(128), nullable=False), sa.Column('value', text, nullable=False),
        sa.UniqueConstraint('cluster_id', 'version', 'kind', 'name'))
    _build_parameter_versions(table, identity, reference, time, big, text)
    table(
        'obproxy_exporters', identity(),
        reference('server_id', 'obproxy_servers', nullable=False, unique=True),
        sa.Column('address', sa.String(255), nullable=False), sa.Column('port', sa.Integer, nullable=False),
        sa.Column('register_time', time, nullable=False))
    _build_runs(table, identity, reference, document, time, big, text)
    return metadata


def _build_parameter_versions(table, identity, reference, time, big, text):
    table(
        'obproxy_parameter_versions', identity(),
        reference('cluster_id', 'obproxy_clusters', nullable=False), sa.Column('version', big, nullable=False),
        sa.Column('creator', sa.String(255)), sa.Column('create_time', time, nullable=False),
        sa.UniqueConstraint('cluster_id', 'version'))
    # A server may go: what it had of its own stays in the history.
    table(
        'obproxy_own_parameters', identity(),
        reference('cluster_id', 'obproxy_clusters', nullable=False), sa.Column('version', big, nullable=False),
        sa.Column('server_id', big, nullable=False), sa.Column('position', sa.Integer, nullable=False),
        sa.Column('name', sa.String(128), nullable=False), sa.Column('value', text, nullable=False),
        sa.UniqueConstraint('cluster_id', 'version', 'server_id', 'name'))


def _build_runs(table, identity, reference, document, time, big, text):
    table(
        'obproxy_runs', identity(),
        sa.Column('operation', sa.String(32), nullable=False), reference('cluster_id', 'obproxy_clusters', index=True),
        sa.Column('creator', sa.String(255)), sa.Column('executor', sa.String(255)),
        sa.Column('recorded', sa.Boolean, nullable=False), sa.Column('status', sa.String(16), nullable=False),
        sa.Column('trace_id', sa.String(32)), sa.Column('start_time', time, nullable=False), sa.Column('finish_time', time),
        sa.Column('lease_seconds', sa.Integer), sa.Column('lease_until', time))
    table(
        'obproxy_tasks', identity(), reference('run_id', 'obproxy_runs', nullable=False, index=True),
        sa.Column('name', sa.String(64), nullable=False), sa.Column('host_id', big),
        sa.Column('type', sa.String(16), nullable=False), sa.Column('status', sa.String(16), nullable=False),
        sa.Column('operation', sa.String(16), nullable=False), sa.Column('creator', sa.String(255)),
        sa.Column('executor', sa.String(255)), sa.Column('context', document, nullable=False),
        sa.Column('task_definition_id', big, nullable=False), sa.Column('prohibit_rollback', sa.Boolean, nullable=False),
        sa.Column('start_time', time, nullable=False), sa.Column('finish_time', time),
        sa.Index('ix_obproxy_tasks_status', 'status', 'finish_time'))
    table(
        'obproxy_subtasks', identity(), reference('task_id', 'obproxy_tasks', nullable=False, index=True),
        sa.Column('role', sa.String(64), nullable=False), sa.Column('host', sa.String(255), index=True),
        sa.Column('name', sa.String(64), nullable=False), sa.Column('class_name', sa.String(255), nullable=False),
        sa.Column('series_id', sa.Integer, nullable=False), sa.Column('operation', sa.String(16), nullable=False),
        sa.Column('status', sa.String(16), nullable=False), sa.Column('timeout', sa.Integer, nullable=False),
        sa.Column('run_time', sa.Integer, nullable=False), sa.Column('parallel_idx', sa.Integer, nullable=False),
        sa.Column('prohibit_rollback', sa.Boolean, nullable=False), sa.Column('upstreams', document, nullable=False),
        sa.Column('downstreams', document, nullable=False), sa.Column('executor', sa.String(255)),
        sa.Column('start_time', time), sa.Column('finish_time', time), sa.Column('error', text), sa.Column('log', text))


METADATA = _build() if sa else None


def table(name):
    """Return one of the registry's tables by its short name, such as V(clusters)."""
    return METADATA.tables[f'obproxy_{name}']
