"""What outlives the process: etc/obproxy_config.bin up to 4.2, etc/proxyconfig_v1.db in 4.3.

From 4.0 to 4.2 the database holds only the values that differ per cluster, tenant or VIP.
The .bin has a form of the stand-in's own: a line with a checksum, then JSON.
"""
import json
import os
import zlib

TABLE = '''create table if not exists proxy_config(
    vid int default -1, vip text default '', vport int default 0, tenant_name text default '',
    cluster_name text default '', name text, value text, config_level text default 'LEVEL_GLOBAL',
    primary key(vid, vip, vport, tenant_name, cluster_name, name))'''
COLUMNS = ('vid', 'vip', 'vport', 'tenant_name', 'cluster_name', 'name', 'value', 'config_level')


class Corrupt(Exception):
    pass


class SelectError(Exception):
    pass


class Binary(object):
    def __init__(self, home):
        self.path = os.path.join(home, 'etc', 'obproxy_config.bin')

    def load(self):
        if not os.path.exists(self.path):
            return {}
        with open(self.path, 'rb') as handle:
            checksum, _newline, payload = handle.read().partition(b'\n')
        if checksum != b'%08x' % zlib.crc32(payload):
            raise Corrupt(self.path)
        return json.loads(payload.decode('utf-8'))

    def save(self, values):
        payload = json.dumps(values, sort_keys=True).encode('utf-8')
        new = self.path + '.new'
        with open(new, 'wb') as handle:
            handle.write(b'%08x\n' % zlib.crc32(payload) + payload)
        os.rename(new, self.path)


class Database(object):
    """Opened for each use: an idle proxy holds no descriptor on it."""

    def __init__(self, home):
        self.path = os.path.join(home, 'etc', 'proxyconfig_v1.db')

    def exists(self):
        return os.path.exists(self.path)

    def use(self, work):
        # a proxy that never needs it does not pay for the library
        import sqlite3
        try:
            connection = sqlite3.connect(self.path, timeout=10)
            try:
                with connection:
                    connection.execute('pragma synchronous=off')
                    connection.execute(TABLE)
                    return work(connection)
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            if isinstance(error, (sqlite3.OperationalError, sqlite3.IntegrityError)):
                raise
            raise Corrupt('%s: %s' % (self.path, error))

    def global_values(self):
        def work(connection):
            return dict(connection.execute(
                "select name, value from proxy_config where config_level='LEVEL_GLOBAL'"))
        return self.use(work)

    def save_global(self, values):
        def work(connection):
            connection.executemany(
                "replace into proxy_config(name, value, config_level) values(?, ?, 'LEVEL_GLOBAL')",
                sorted(values.items()))
        self.use(work)

    def replace(self, row):
        names = [name for name in COLUMNS if name in row]
        statement = 'replace into proxy_config(%s) values(%s)' % (
            ', '.join(names), ', '.join('?' * len(names)))

        def work(connection):
            connection.execute(statement, [row[name] for name in names])
        self.use(work)

    def select(self, statement):
        """A user's own SELECT, held to reading this one table. -> (columns, rows)"""
        import sqlite3

        def allowed(action, subject, *_rest):
            if action in (sqlite3.SQLITE_SELECT, 31):
                return sqlite3.SQLITE_OK
            if action == sqlite3.SQLITE_READ and subject == 'proxy_config':
                return sqlite3.SQLITE_OK
            return sqlite3.SQLITE_DENY

        def work(connection):
            connection.set_authorizer(allowed)
            try:
                cursor = connection.execute(statement)
                rows = [[None if cell is None else str(cell) for cell in row] for row in cursor]
                return [column[0] for column in cursor.description], rows
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise SelectError(str(error))
            finally:
                # or the end of the transaction would be refused as well
                connection.set_authorizer(lambda *_all: sqlite3.SQLITE_OK)
        return self.use(work)


class Persistence(object):
    def __init__(self, home, release):
        self.binary = Binary(home)
        self.database = Database(home) if release.at_least(4, 0, 0) else None
        self.in_database = release.at_least(4, 3, 0)

    def load(self):
        """The global values of earlier runs. A .bin that an older version left is taken over."""
        if self.database is not None and self.database.exists():
            values = self.database.global_values()
            if self.in_database and values:
                return values
        return self.binary.load()

    def save(self, values):
        if self.in_database:
            self.database.save_global(values)
        else:
            self.binary.save(values)
