# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: clusters, servers, tasks and their states, in a database."""

from __future__ import annotations

import contextlib
import time

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _engine, _migrations, _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._store import Store

if _schema.sa:
    import sqlalchemy as sa
    from sqlalchemy import exc as sa_errors

CREATION_SECONDS = 10
PAUSE_SECONDS = 0.1


class Registry:
    """A registry at an address; every method is one short transaction."""

    def __init__(self, url=None, rehearses=False):
        self.url = _engine.parse_url(url)
        self._rehearses = rehearses
        self._engine = None

    def rehearsal(self):
        """Return a registry in which everything can be tried; nothing of it is kept."""
        return Registry(self.url, rehearses=True)

    @property
    def exists(self):
        """Tell whether the registry's file is there; a database server always is."""
        path = _engine.sqlite_file(self.url)
        return path is None or path.exists()

    @contextlib.contextmanager
    def transaction(self, writes=True):
        """Yield a Store; what is done through it is kept altogether or not at all."""
        with _engine.explained(self.url):
            if self._engine is None:
                engine = self._rehearsal_engine() if self._rehearses else _engine.make_engine(self.url)
                _ensure_schema(engine, self.url)
                self._engine = engine
            with self._engine.connect().execution_options(**{_engine.WRITES: writes}) as connection:
                with connection.begin() as transaction:
                    yield Store(connection)
                    if self._rehearses or not writes:
                        transaction.rollback()

    @contextlib.contextmanager
    def reading(self):
        """Yield a connection; a registry is neither made nor brought up to date to be read."""
        with _engine.explained(self.url):
            version = None
            if self.exists:
                connection = _engine.reading_engine(self.url).connect()
                with connection, connection.begin():
                    version = _version(connection)
                    if version is not None:
                        _refuse_newer(version, self.url)
                        yield connection
            if version is None:
                raise RegistryError(
                    f'There is no registry at {_engine.said(self.url)}: the first run of a playbook such as '
                    'oceanbase.obproxy.create makes it; see that obproxy_registry_url or OBPROXY_REGISTRY_URL leads to it')

    def _rehearsal_engine(self):
        path = _engine.sqlite_file(self.url)
        if path:
            return _engine.memory_engine(path if path.exists() else None)
        engine = _engine.make_engine(self.url)
        with engine.connect() as connection:
            version = _version(connection)
        if version is None:
            return _engine.memory_engine()
        if version < _schema.VERSION:
            raise RegistryError(
                f'The registry at {_engine.said(self.url)} was written by an older version of this collection, and check mode '
                "changes nothing: run 'ansible-playbook oceanbase.obproxy.tasks', which brings it up to date, then the same "
                'command again')
        return engine

    def set_subtask(self, subtask_id, status, when=None, error=None):
        """Move one subtask to a state."""
        self.set_subtasks([(subtask_id, status, when, error)])

    def set_subtasks(self, moves, run_id=None, trace_id=None):
        """Move subtasks, in the order given; an illegal move undoes all of them. A run that is not its own any more moves none."""
        with self.transaction() as store:
            if run_id is None or not store.tasks.is_superseded(run_id, trace_id):
                store.tasks.move(moves)

    def mark_recorded(self, run_id, trace_id=None):
        """Note that somebody follows this run and records its subtasks; return the seconds of its lease."""
        with self.transaction() as store:
            return store.tasks.mark_recorded(run_id, trace_id)

    def renew(self, run_id, trace_id=None):
        """Prolong a run's lease; return {task_id: why} of its tasks that have to stop."""
        with self.transaction() as store:
            return store.tasks.renew(run_id, trace_id)

    def finish_run(self, run_id, trace_id=None):
        """Close a run's tasks and return what each host came to."""
        with self.transaction() as store:
            return store.tasks.finish_run(run_id, trace_id=trace_id)

    def tasks(self, run_id):
        """Return a run's tasks as OCP describes them."""
        with self.transaction(writes=False) as store:
            return store.tasks.of_run(run_id)


def _version(connection):
    if not sa.inspect(connection).has_table('obproxy_schema'):
        return None
    return connection.execute(sa.select(sa.func.max(_schema.table('schema').c.version))).scalar()


def _ensure_schema(engine, url):
    with engine.connect() as connection:
        version = _version(connection)
    if version is None:
        version = _insistently(_try_to_create, engine)
    if version < _schema.VERSION:
        version = _insistently(_migrations.migrate, engine)
    _refuse_newer(version, url)


def _refuse_newer(version, url):
    if version > _schema.VERSION:
        raise RegistryError(
            f'The registry at {_engine.said(url)} was written by a newer version of this collection '
            f'(its schema is {version}, this collection knows {_schema.VERSION}): upgrade the collection')


def _insistently(change, engine):
    """Change the tables, although somebody else may be at it: not every database does it in one transaction."""
    deadline = time.monotonic() + CREATION_SECONDS
    while True:
        try:
            return change(engine)
        except sa_errors.DBAPIError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _try_to_create(engine):
    with engine.connect().execution_options(**{_engine.WRITES: True}) as connection, connection.begin():
        version = _version(connection)
        if version is None:
            _schema.METADATA.create_all(connection)
            connection.execute(sa.insert(_schema.table('schema')).values(version=_schema.VERSION))
            version = _schema.VERSION
        return version
