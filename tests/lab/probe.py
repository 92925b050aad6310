"""What a user sees of an obproxy on a lab host: over a second SSH stack and by an independent MySQL client."""
from __future__ import annotations

import contextlib
import os
import re
import time

import paramiko
import pymysql

WAIT = 30


def hosts(*numbers: int) -> list[str]:
    """Name lab hosts for testinfra, reached through paramiko as root."""
    return [f"paramiko://host{number}?ssh_config={os.environ['LAB_SSH_CONFIG']}&sudo=true" for number in numbers]


def until(condition, seconds: float = WAIT):
    """Return what the condition came to as soon as it is true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f'not true within {seconds} s: {condition}'
        time.sleep(0.1)


class Proxy:
    """One instance on a host of testinfra's."""

    def __init__(self, host, port: int, user: str = 'admin'):
        self.host, self.port, self.user = host, port, user

    def pids(self) -> list[int]:
        """Return who listens on the SQL port, as the kernel tells ss.

        Asked as the proxy's own user: in a container root may not look into other users' processes.
        """
        found = self.host.run(f"runuser -u {self.user} -- ss -H -ltnp 'sport = :{self.port}'").stdout
        return sorted(int(pid) for pid in set(re.findall(r'pid=(\d+)', found)))

    def pid(self) -> int:
        """Return the one process that listens on the SQL port; wait until there is one."""
        return until(lambda: len(self.pids()) == 1 and self.pids())[0]

    def exe(self) -> str:
        return self.link('exe')

    def link(self, name: str) -> str:
        return self.host.check_output(f'runuser -u {self.user} -- readlink /proc/{self.pid()}/{name}')

    def arguments(self) -> str:
        return self.host.check_output(f"tr '\\0' ' ' < /proc/{self.pid()}/cmdline").strip()

    def started(self) -> tuple[int, str]:
        """Return what changes with every start: the pid and the kernel's start time."""
        pid = self.pid()
        return pid, self.host.check_output(f'cut -d" " -f22 /proc/{pid}/stat')

    def metrics(self, exporter_port: int) -> str:
        return self.host.check_output(f'curl -sf http://127.0.0.1:{exporter_port}/metrics')

    @contextlib.contextmanager
    def login(self, password: str, user: str = 'root@proxysys'):
        """Log in over an SSH tunnel: the admin port takes loopback only."""
        with _ssh(self.host) as client:
            channel = client.get_transport().open_channel('direct-tcpip', ('127.0.0.1', self.port), ('127.0.0.1', 0))
            channel.settimeout(10)
            connection = pymysql.connect(user=user, password=password, defer_connect=True, read_timeout=10)
            connection.connect(_Socket(channel))
            try:
                yield connection
            finally:
                connection.close()

    def query(self, password: str, sql: str) -> list[tuple]:
        with self.login(password) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def answers(self, password: str) -> bool:
        """Tell whether a login works just now."""
        try:
            return bool(self.query(password, 'show proxyinfo binary'))
        except (pymysql.Error, paramiko.SSHException, OSError):
            return False

    def parameter(self, password: str, name: str) -> str:
        with self.login(password) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(f"show proxyconfig like '{name}'")
            return next(row['value'] for row in cursor.fetchall() if row['name'] == name)


class _Socket:
    """A channel as the socket that PyMySQL expects."""

    def __init__(self, channel):
        self._channel = channel

    def __getattr__(self, name):
        return getattr(self._channel, name)

    def setsockopt(self, *_args):
        """Leave the channel as it is: it has no TCP options."""


@contextlib.contextmanager
def _ssh(host):
    config = paramiko.SSHConfig.from_path(os.environ['LAB_SSH_CONFIG'])
    entry = config.lookup(host.backend.host.name)
    with paramiko.SSHClient() as client:
        client.load_host_keys(entry['userknownhostsfile'].strip('"'))
        client.connect(entry['hostname'], int(entry.get('port', 22)), entry['user'], allow_agent=False,
                       key_filename=[name.strip('"') for name in entry['identityfile']], look_for_keys=False)
        yield client
