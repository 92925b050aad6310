# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring an older registry up to date, with what is in it."""

from __future__ import annotations

import warnings

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _engine, _schema

if _schema.sa:
    import sqlalchemy as sa

# What each version of the schema has added: columns, as (table, column), and whole tables.
ADDED = {
    2: (('runs', 'lease_seconds'), ('runs', 'lease_until'), ('subtasks', 'log')),
    3: (('parameter_versions', None), ('own_parameters', None)),
}
# And indexes, as (table, index).
INDEXED = {
    4: (('runs', 'ix_obproxy_runs_cluster_id'), ('tasks', 'ix_obproxy_tasks_status'), ('subtasks', 'ix_obproxy_subtasks_host')),
}


def migrate(engine):
    """Add what is missing; return the version that the registry has then."""
    with engine.connect().execution_options(**{_engine.WRITES: True}) as connection, connection.begin():
        versions = _schema.table('schema')
        version = max(connection.execute(sa.select(versions.c.version).with_for_update()).scalars())
        for target in range(version + 1, _schema.VERSION + 1):
            for table, column in ADDED.get(target, ()):
                _add(connection, _schema.table(table), column)
            for table, index in INDEXED.get(target, ()):
                _add_index(connection, _schema.table(table), index)
            if target in FILLED:
                FILLED[target](connection)
            connection.execute(sa.insert(versions).values(version=target))
        return max(version, _schema.VERSION)


def _add(connection, table, column):
    if column:
        _add_column(connection, table, column)
    else:
        table.create(connection, checkfirst=True)


def _number_parameters(connection):
    """Let the history begin with what each cluster has now: earlier registries knew one version."""
    clusters, versions = _schema.table('clusters'), _schema.table('parameter_versions')
    known = sa.exists().where(versions.c.cluster_id == clusters.c.id)
    present = sa.select(clusters.c.id, clusters.c.parameter_version, clusters.c.creator, clusters.c.create_time).where(~known)
    connection.execute(sa.insert(versions).from_select(['cluster_id', 'version', 'creator', 'create_time'], present))


FILLED = {3: _number_parameters}


def _has(connection, table, name, kind):
    """Tell whether it is there already: a database without transactions for this may have been left half way."""
    with warnings.catch_warnings():
        # OceanBase describes its tables in words of its own, of which SQLAlchemy warns.
        warnings.simplefilter('ignore', sa.exc.SAWarning)
        return name in {one['name'] for one in getattr(sa.inspect(connection), f'get_{kind}')(table.name)}


def _add_index(connection, table, name):
    if not _has(connection, table, name, 'indexes'):
        next(index for index in table.indexes if index.name == name).create(connection)


def _add_column(connection, table, name):
    if _has(connection, table, name, 'columns'):
        return
    column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f'ALTER TABLE {table.name} ADD COLUMN {column}')
