# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of clusters, version by version, within one transaction of the registry."""

from __future__ import annotations

import dataclasses

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema

if _schema.sa:
    import sqlalchemy as sa

STARTUP, ORDINARY = 'startup', 'ordinary'


@dataclasses.dataclass(frozen=True)
class ParameterSet:
    """One version of a cluster's parameters: [{name, value}] by kind, and those of single servers by their ids."""

    startup: list
    ordinary: list
    own: dict = dataclasses.field(default_factory=dict)

    def values(self):
        """Return {name: value} of the cluster's."""
        return {item['name']: item['value'] for item in (*self.startup, *self.ordinary)}

    def values_of(self, server_id):
        """Return {name: value} of what a server is to have."""
        return {**self.values(), **{item['name']: item['value'] for item in self.own.get(server_id, ())}}


class ParameterStore:
    """What the registry knows of parameters; a version that was written is never changed."""

    def __init__(self, connection):
        self._connection = connection

    def _select(self, name, cluster_id, version, order):
        table = _schema.table(name)
        statement = sa.select(table).where(table.c.cluster_id == cluster_id, table.c.version == version)
        return self._connection.execute(statement.order_by(*(table.c[column] for column in order))).mappings()

    def read(self, cluster_id, version):
        """Return one version of a cluster's parameters."""
        kinds, own = {STARTUP: [], ORDINARY: []}, {}
        for row in self._select('parameters', cluster_id, version, ('position',)):
            kinds[row['kind']].append({'name': row['name'], 'value': row['value']})
        for row in self._select('own_parameters', cluster_id, version, ('server_id', 'position')):
            own.setdefault(row['server_id'], []).append({'name': row['name'], 'value': row['value']})
        return ParameterSet(kinds[STARTUP], kinds[ORDINARY], own)

    def write(self, cluster_id, version, parameters, creator):
        """Write a new version, with who wrote it."""
        self._insert('parameter_versions', [
            {'cluster_id': cluster_id, 'version': version, 'creator': creator, 'create_time': _schema.utc_now()}])
        self._insert('parameters', [
            {'cluster_id': cluster_id, 'version': version, 'kind': kind, 'position': position,
             'name': item['name'], 'value': item['value']}
            for kind, items in ((STARTUP, parameters.startup), (ORDINARY, parameters.ordinary))
            for position, item in enumerate(items)])
        for server_id, items in parameters.own.items():
            self.give(cluster_id, version, server_id, items)

    def give(self, cluster_id, version, server_id, items):
        """Write what a new server has of its own."""
        self._insert('own_parameters', [
            {'cluster_id': cluster_id, 'version': version, 'server_id': server_id, 'position': position,
             'name': item['name'], 'value': item['value']}
            for position, item in enumerate(items)])

    def _insert(self, name, rows):
        for row in rows:
            self._connection.execute(sa.insert(_schema.table(name)).values(**row))

    def versions(self, cluster_id):
        """Return the versions of a cluster's parameters with who wrote them and when, the latest first."""
        table = _schema.table('parameter_versions')
        statement = sa.select(table).where(table.c.cluster_id == cluster_id).order_by(table.c.version.desc())
        return [dict(row) for row in self._connection.execute(statement).mappings()]

    def forget(self, cluster_id):
        """Take all of a cluster's parameters out of the registry."""
        for name in ('parameters', 'own_parameters', 'parameter_versions'):
            table = _schema.table(name)
            self._connection.execute(sa.delete(table).where(table.c.cluster_id == cluster_id))
