# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters, hosts and servers within one transaction of the registry."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._parameter_store import ParameterSet, ParameterStore
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_store import TaskStore

if _schema.sa:
    import sqlalchemy as sa

LARGEST_ID = 2 ** 63 - 1
LONGEST_ID = 19


class Store:
    """What the registry knows, by question."""

    def __init__(self, connection):
        self._connection = connection
        self.tasks = TaskStore(connection)
        self.history = ParameterStore(connection)

    def _rows(self, statement):
        return [dict(row) for row in self._connection.execute(statement).mappings()]

    def _row(self, statement):
        return next(iter(self._rows(statement)), None)

    def _insert(self, into, /, **values):
        return self._connection.execute(sa.insert(_schema.table(into)).values(**values)).inserted_primary_key[0]

    def _update(self, into, row_id, /, **values):
        table = _schema.table(into)
        self._connection.execute(sa.update(table).where(table.c.id == row_id).values(**values))

    def lock(self):
        """Keep other planners out until this transaction ends (SQLite has done so already)."""
        self._connection.execute(sa.select(_schema.table('schema')).with_for_update()).all()

    def cluster(self, key):
        """Find a cluster by id (an int or its digits) or by name."""
        table = _schema.table('clusters')
        text = str(key)
        if not text.isascii():
            return None
        if text.isdecimal():
            if len(text) > LONGEST_ID or int(text) > LARGEST_ID:
                return None
            return self._row(sa.select(table).where(table.c.id == int(text)))
        return self._row(sa.select(table).where(table.c.name == text))

    def cluster_names(self):
        """Return all clusters as (id, name)."""
        table = _schema.table('clusters')
        return [(row['id'], row['name']) for row in self._rows(sa.select(table.c.id, table.c.name).order_by(table.c.id))]

    def add_cluster(self, startup_parameters, parameters, parameter_version=1, **values):
        """Write a new cluster with one version of its parameters."""
        now = _schema.utc_now()
        cluster_id = self._insert('clusters', parameter_version=parameter_version, create_time=now, update_time=now, **values)
        self.history.write(cluster_id, parameter_version, ParameterSet(startup_parameters, parameters), values.get('creator'))
        return self.cluster(cluster_id)

    def update_cluster(self, cluster_id, **values):
        """Change a cluster's columns."""
        self._update('clusters', cluster_id, update_time=_schema.utc_now(), **values)

    def hosts(self):
        """Return all hosts, id by name."""
        table = _schema.table('hosts')
        return dict(self._connection.execute(sa.select(table.c.name, table.c.id)).tuples().all())

    def put_host(self, host_id, name, ip):
        """Write a host, or what is new about it."""
        table = _schema.table('hosts')
        known = self._row(sa.select(table).where(table.c.id == host_id))
        if known is None:
            self._insert('hosts', id=host_id, name=name, ip=ip)
        elif (known['name'], known['ip']) != (name, ip):
            self._update('hosts', host_id, name=name, ip=ip)

    def servers(self, host_id=None, cluster_id=None, ids=None, host_ids=None):
        """Return servers, with their clusters' names."""
        table, clusters = _schema.table('servers'), _schema.table('clusters')
        statement = sa.select(table, clusters.c.name.label('cluster_name')).join(clusters).order_by(table.c.id)
        if host_id is not None:
            statement = statement.where(table.c.host_id == host_id)
        if cluster_id is not None:
            statement = statement.where(table.c.cluster_id == cluster_id)
        if ids is not None:
            statement = statement.where(table.c.id.in_(list(ids)))
        if host_ids is not None:
            statement = statement.where(table.c.host_id.in_(list(host_ids)))
        return self._rows(statement)

    def add_server(self, **values):
        """Write a new server and return its id."""
        return self._insert('servers', **{'operate_status': 'OPERATING', 'create_time': _schema.utc_now(), **values})

    def update_server(self, server_id, **values):
        """Change a server's columns."""
        self._update('servers', server_id, **values)

    def catch_up_ids(self):
        """Let the next id come after those that were written as given; only PostgreSQL does not see to that itself."""
        if self._connection.dialect.name != 'postgresql':
            return
        for name in ('clusters', 'servers'):
            table = _schema.table(name)
            self._connection.execute(sa.select(sa.func.setval(
                sa.func.pg_get_serial_sequence(table.name, 'id'), sa.func.coalesce(sa.func.max(table.c.id), 1))))

    def remove_server(self, server_id):
        """Forget a server."""
        table = _schema.table('servers')
        self._connection.execute(sa.delete(table).where(table.c.id == server_id))

    def exporters(self):
        """Return where the registered exporters are, with their servers and clusters."""
        table, servers, clusters = (_schema.table(name) for name in ('exporters', 'servers', 'clusters'))
        return self._rows(sa.select(
            table.c.server_id, table.c.address, table.c.port, servers.c.version, servers.c.idc_name,
            clusters.c.id.label('cluster_id'), clusters.c.name.label('cluster_name'), clusters.c.work_mode,
        ).join(servers, servers.c.id == table.c.server_id).join(clusters, clusters.c.id == servers.c.cluster_id)
            .order_by(table.c.server_id))

    def forget_exporter(self, server_id):
        """Take a server's exporter out of the registry."""
        table = _schema.table('exporters')
        self._connection.execute(sa.delete(table).where(table.c.server_id == server_id))

    def forget_cluster(self, cluster_id):
        """Take a cluster without servers out of the registry; its runs stay."""
        runs, clusters = (_schema.table(name) for name in ('runs', 'clusters'))
        self.history.forget(cluster_id)
        self._connection.execute(sa.update(runs).where(runs.c.cluster_id == cluster_id).values(cluster_id=None))
        self._connection.execute(sa.delete(clusters).where(clusters.c.id == cluster_id))

    def put_exporter(self, server_id, address, port):
        """Write where a server's exporter is."""
        table = _schema.table('exporters')
        known = self._row(sa.select(table).where(table.c.server_id == server_id))
        if known is None:
            self._insert('exporters', server_id=server_id, address=address, port=port, register_time=_schema.utc_now())
        elif (known['address'], known['port']) != (address, port):
            self._update('exporters', known['id'], address=address, port=port)
