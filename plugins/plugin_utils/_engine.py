# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the registry is, and how to get at it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import sqlite3

from ansible import constants as C

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import RegistryError

if _schema.sa:
    import sqlalchemy as sa
    from sqlalchemy import exc as sa_errors
    from sqlalchemy import pool

BUSY_SECONDS = 30
WRITES = 'obproxy_writes'


def default_url():
    """Return the registry's address when nothing names one."""
    path = pathlib.Path(C.config.get_config_value('ANSIBLE_HOME')).expanduser() / 'obproxy' / 'registry.db'
    return f'sqlite:///{path.absolute()}'


def parse_url(text):
    """Turn an address into SQLAlchemy's URL; a faulty one is never repeated, it may hold a password."""
    if _schema.sa is None:
        raise RegistryError(
            'The registry needs SQLAlchemy 2.0 or later, which this Python does not have: run '
            f"'pip install \"sqlalchemy>=2.0\"' in the environment of ansible-playbook ({_schema.IMPORT_ERROR})")
    if int(sa.__version__.split('.')[0]) < 2:
        raise RegistryError(f'The registry needs SQLAlchemy 2.0 or later, found {sa.__version__}: run '
                            "'pip install --upgrade \"sqlalchemy>=2.0\"'")
    try:
        url = sa.make_url(text or os.environ.get('OBPROXY_REGISTRY_URL') or default_url())
    except (sa_errors.ArgumentError, ValueError):
        raise RegistryError(
            'obproxy_registry_url is not a database URL; expected for example sqlite:////var/lib/obproxy/registry.db '
            'or postgresql+psycopg://user:password@host/database') from None
    if url.get_backend_name() != 'sqlite':
        return url
    if not url.database or url.database == ':memory:' or url.database.startswith('file:'):
        raise RegistryError(
            f'obproxy_registry_url is {said(url)}, which names no file: a registry in memory would be gone before the hosts '
            'are worked on; expected for example sqlite:////var/lib/obproxy/registry.db')
    return url.set(database=os.path.expanduser(url.database))


def sqlite_file(url):
    """Return the path of a SQLite registry, or None when it is something else."""
    return pathlib.Path(url.database) if url.get_backend_name() == 'sqlite' else None


def make_engine(url):
    """Create the engine; connections are not kept, so that several processes can fork and go on."""
    path = sqlite_file(url)
    if not path:
        return _server_engine(url)
    try:
        _make_private(path)
    except OSError as exc:
        raise RegistryError(f'The registry {path} cannot be created: {exc.strerror}; '
                            'set obproxy_registry_url or make the directory writable') from None
    engine = sa.create_engine(url, poolclass=pool.NullPool, connect_args={'timeout': BUSY_SECONDS})
    _prepare_sqlite(engine, ['journal_mode = WAL'])
    return engine


def reading_engine(url):
    """Create an engine that only reads: a SQLite file that is not there is not made."""
    path = sqlite_file(url)
    if not path:
        return _server_engine(url)
    engine = sa.create_engine('sqlite://', creator=lambda: _open_to_read(path), poolclass=pool.NullPool)
    _prepare_sqlite(engine)
    return engine


def memory_engine(path=None):
    """Create an engine for a registry in memory, with what is in a file."""
    engine = sa.create_engine('sqlite://', poolclass=pool.StaticPool)
    if path:
        @sa.event.listens_for(engine, 'connect')
        def copied(connection, record):
            with contextlib.closing(_open_to_read(path)) as source:
                source.backup(connection)
    _prepare_sqlite(engine)
    return engine


def _server_engine(url):
    try:
        return sa.create_engine(url, poolclass=pool.NullPool, isolation_level='READ COMMITTED')
    except (sa_errors.NoSuchModuleError, ImportError) as exc:
        raise RegistryError(
            f'The registry at {said(url)} needs a database driver that is not there: {exc}; '
            'install it with pip beside ansible-core') from None


def _open_to_read(path):
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f'{uri}?mode=ro', uri=True, timeout=BUSY_SECONDS)
    try:
        connection.execute('SELECT count(*) FROM sqlite_master').fetchone()
    except sqlite3.OperationalError:
        # SQLite wants to make two files beside it, even to read; without them nobody writes just now.
        connection.close()
        if pathlib.Path(f'{path}-wal').exists():
            raise
        connection = sqlite3.connect(f'{uri}?mode=ro&immutable=1', uri=True)
    return connection


def _make_private(path):
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(engine, pragmas=()):
    @sa.event.listens_for(engine, 'connect')
    def connected(connection, record):
        # The driver's own transactions begin too late to keep two planners apart.
        connection.isolation_level = None
        for pragma in (f'busy_timeout = {BUSY_SECONDS * 1000}', 'foreign_keys = ON', *pragmas):
            connection.execute(f'PRAGMA {pragma}')

    @sa.event.listens_for(engine, 'begin')
    def begun(connection):
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql('BEGIN IMMEDIATE' if writes else 'BEGIN')


def said(url):
    """Render an address without its password, nor the driver's options, among which there may be another."""
    return url.set(query={}).render_as_string(hide_password=True)


def _secrets(url):
    options = [text for value in url.query.values() for text in ([value] if isinstance(value, str) else value)]
    return sorted({text for text in [str(url.password or ''), *options] if text}, key=len, reverse=True)


@contextlib.contextmanager
def explained(url):
    """Turn the database's errors into ones that say what to do."""
    try:
        yield
    except sa_errors.SQLAlchemyError as exc:
        text = str(getattr(exc, 'orig', None) or exc)
        for secret in _secrets(url):
            text = text.replace(secret, '***')
        text = re.sub(r'://[^/\s@]*@', '://***@', text).splitlines()[0] if text else type(exc).__name__
        raise RegistryError(f'The registry at {said(url)} failed: {text}; {_remedy(text, url)}') from None


def _remedy(text, url):
    if 'locked' in text:
        return 'another process holds it: wait for it to end, then run the same command again'
    if sqlite_file(url):
        return f'see that {sqlite_file(url)} is a registry that you may write to, or set obproxy_registry_url'
    return 'see that the database runs and that obproxy_registry_url leads to it, then run the same command again'
