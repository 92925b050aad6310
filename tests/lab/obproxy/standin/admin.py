"""The admin SQL of root@proxysys."""
import os
import re

from . import catalog, persistence, protocol, sql_text, values
from .config import ConfigError, bad_value, sha1

LIKE = r"(?:\s+(?:like\s+)?(%s))?$" % sql_text.QUOTED
LOG_MODULES = ('ALL', 'CLIENT', 'COMMON', 'LIB', 'PROXY', 'RPC', 'SHARE', 'SQL')
LEVELS = ('LEVEL_GLOBAL', 'LEVEL_CLUSTER', 'LEVEL_TENANT', 'LEVEL_VIP')


def table(columns, rows):
    return list(protocol.result(columns, rows))


class Admin(object):
    def __init__(self, proxy):
        self.proxy = proxy
        self.release = proxy.release
        self.config = proxy.config
        statements = (
            (r'show\s+proxyconfig\s+diff' + LIKE, self.show_diff),
            (r'show\s+proxyconfig' + LIKE, self.show_config),
            (r'alter\s+proxyconfig\s+set\b\s*(.*)$', self.alter),
            (r'show\s+proxyinfo\s+binary$', self.show_binary),
            (r'show\s+proxysession$', self.show_sessions),
            (r'show\s+(?:full\s+)?processlist$', self.show_processes),
            (r'show\s+proxycluster' + LIKE, self.show_clusters),
            (r'ping\s+proxy$', self.ping),
            (r'select\s+proxy_version\s*\(\s*\)$', self.version),
            (r'set\s+.*$', self.accept),
            (r'use\s+\S+$', self.accept),
            (r'(replace\s+into\s+proxy_config\b.*)$', self.replace),
            (r'(select\s+.*\sfrom\s+proxy_config\b.*)$', self.select),
        )
        self.statements = [(re.compile(pattern, re.I | re.S), work)
                           for pattern, work in statements]

    def answer(self, session, statement):
        """The payloads that answer a statement."""
        bare = sql_text.bare(statement)
        try:
            for pattern, work in self.statements:
                match = pattern.match(bare)
                if match is not None:
                    return work(session, *match.groups())
        except ConfigError as error:
            return [protocol.error(error.errno, str(error))]
        except (sql_text.SyntaxFault, persistence.SelectError) as error:
            return [protocol.error(1064, 'You have an error in your SQL syntax: %s' % error)]
        except (persistence.Corrupt, OSError) as error:
            return [protocol.error(4016, 'Internal error: %s' % error)]
        return [protocol.error(1235, 'Not supported feature or function')]

    def accept(self, _session):
        return [protocol.ok()]

    def rows(self, names, pattern):
        matches = sql_text.like(sql_text.unquote(pattern) if pattern else '%')
        for name in names:
            item = self.config.items[name]
            if matches.match(name):
                row = [name, self.config.shown[name], name.replace('_', ' '),
                       'true' if item.need_reboot else 'false', item.level]
                if self.release.at_least(4, 3, 0):
                    row += [item.range, item.config_level]
                yield row

    def config_table(self, names, pattern):
        columns = ['name', 'value', 'info', 'need_reboot', 'visible_level']
        if self.release.at_least(4, 3, 0):
            columns += ['range', 'config_level']
        return table(columns, self.rows(names, pattern))

    def show_config(self, _session, pattern):
        if pattern and sql_text.unquote(pattern).lower() == 'syslog_level':
            level = self.config.shown['syslog_level']
            return table(['module', 'level'], [[module, level] for module in LOG_MODULES])
        return self.config_table(sorted(self.config.items), pattern)

    def show_diff(self, _session, pattern):
        return self.config_table(self.config.differing(), pattern)

    def alter(self, _session, body):
        name, value = sql_text.assignment(body)
        self.config.alter(name, value)
        if name == 'proxy_local_cmd':
            self.proxy.local_command(values.whole(value))
        self.proxy.logs.write('INFO', 'altered by SQL: %s' % name)
        return [protocol.ok()]

    def show_binary(self, _session):
        return table(['name', 'info'], [['binary info', self.release.binary_info()]])

    def version(self, _session):
        return table(['proxy_version()'], [[self.release.text()]])

    def show_sessions(self, _session):
        columns = ['proxy_sessid', 'Id', 'Cluster', 'Tenant', 'User', 'Host', 'db', 'trans_count',
                   'svr_session_count', 'state', 'tid', 'pid']
        if self.release.at_least(4, 0, 0):
            columns.append('using_ssl')
        pid = str(os.getpid())
        rows = []
        for one in self.proxy.logged_in():
            rows.append(['0', str(one.number), 'proxysys', 'proxysys', 'root', '%s:%d' % one.peer[:2],
                         one.database or None, '0', '0', 'MCS_ACTIVE_READER', pid, pid, '0'])
        return table(columns, [row[:len(columns)] for row in rows])

    def show_processes(self, session):
        columns = ['Id', 'User', 'Host', 'db', 'Command', 'Time', 'State', 'Info']
        rows = []
        for one in self.proxy.logged_in():
            info = 'show processlist' if one is session else None
            rows.append([str(one.number), one.user, '%s:%d' % one.peer[:2], one.database or None,
                         'Query' if info else 'Sleep', '0', 'MCS_ACTIVE_READER', info])
        return table(columns, rows)

    def show_clusters(self, _session, pattern):
        name = self.config.running['rootservice_cluster_name']
        addresses = self.config.running['rootservice_list']
        matches = sql_text.like(sql_text.unquote(pattern) if pattern else '%')
        rows = [[name, addresses]] if addresses and matches.match(name) else []
        return table(['cluster_name', 'rs_list'], rows)

    def ping(self, _session):
        if self.proxy.leaving:
            return [protocol.error(1053, 'Server shutdown in progress')]
        return [protocol.ok()]

    def proxy_config_table(self):
        if self.config.persistence.database is None:
            raise ConfigError(1235, 'Not supported feature or function: proxy_config')
        return self.config.persistence.database

    def replace(self, _session, statement):
        database = self.proxy_config_table()
        row = sql_text.replace_row(statement)
        strange = sorted(set(row) - set(persistence.COLUMNS))
        if strange or 'name' not in row or 'value' not in row:
            raise sql_text.SyntaxFault('columns %s' % ', '.join(strange or ['name, value']))
        name = row['name'] = row['name'].lower()
        level = row['config_level'] = row.get('config_level', 'LEVEL_GLOBAL').upper()
        if level not in LEVELS:
            raise bad_value('config_level')
        if level == 'LEVEL_GLOBAL':
            self.config.alter(name, row['value'])
            return [protocol.ok()]
        self.config.check(name, row['value'])
        if self.config.items[name].scope != 'VIP':
            raise bad_value(name)
        if name in catalog.PASSWORDS:
            if not self.release.at_least(4, 1, 0):
                raise ConfigError(1235, 'Not supported feature or function: %s of one cluster' % name)
            row['value'] = sha1(row['value'])
        database.replace(row)
        return [protocol.ok()]

    def select(self, _session, statement):
        return table(*self.proxy_config_table().select(statement))
