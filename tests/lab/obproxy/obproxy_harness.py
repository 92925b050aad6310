"""Runs the stand-in from a staged tree, in temporary homes, for tests that need an OBProxy.

With this folder on sys.path, a test file has the fixtures by
`pytest_plugins = ('obproxy_harness',)`.
"""
from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pymysql
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'labkit'))

from obproxy_packages import PACKAGES, compile_launcher, stage  # noqa: E402
from ports import free_ports  # noqa: E402

# an older version takes only EL kernels, unless told so
ANY_KERNEL = 'enable_strict_kernel_release=false'


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def wait_for(condition, seconds: float = 5.0):
    """The first true value of condition(); fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f'not within {seconds} s: {condition}'
        time.sleep(0.01)


def listens(port: int, host: str = '127.0.0.1') -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((host, port)) == 0


def greets(port: int) -> bool:
    """Whether somebody serves it: a port is open before its owner is done with its start."""
    try:
        with socket.create_connection(('127.0.0.1', port), 1) as client:
            return bool(client.recv(1))
    except OSError:
        return False


def state(pid: int) -> str:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


class StandIn:
    """One home, and whatever runs in it."""

    def __init__(self, tree: Path, home: Path):
        self.tree = tree
        self.home = home
        self.program = tree / 'bin' / 'obproxy'
        self.sql, self.exporter, self.rpc = free_ports(3)
        home.mkdir(parents=True, exist_ok=True)

    @property
    def modern(self) -> bool:
        return '-4.3' in self.tree.name

    def arguments(self) -> list[str]:
        found = ['-p', str(self.sql), '-l', str(self.exporter), '-n', 'app']
        return found + (['-s', str(self.rpc)] if self.modern else [])

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.program), *arguments], cwd=self.home, text=True,
                              env={'PATH': os.environ['PATH'], **environment},
                              capture_output=True, timeout=10, check=False)

    def start(self, *more: str, options: str = '', **environment: str) -> int:
        """Starts it with its ports and waits until it serves. -> pid"""
        if not self.modern:
            options = f'{ANY_KERNEL},{options}'
        done = self.run(*self.arguments(), *more, *(['-o', options] if options else []), **environment)
        assert done.returncode == 0
        wait_for(lambda: greets(self.sql))
        return self.pids()[0]

    def start_in_vain(self, *more: str, options: str = '', **environment: str) -> None:
        """Starts it with its ports and waits until nothing is left of it."""
        if not self.modern:
            options = f'{ANY_KERNEL},{options}'
        done = self.run(*self.arguments(), *more, *(['-o', options] if options else []), **environment)
        assert done.returncode == 0
        wait_for(lambda: not self.pids())

    def pids(self) -> list[int]:
        """The living obproxy processes of this home."""
        found = []
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                named = (folder / 'comm').read_text() == 'obproxy\n'
                if named and (folder / 'cwd').resolve() == self.home and state(int(folder.name)) != 'Z':
                    found.append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return sorted(found)

    def connect(self, password: str = '', user: str = 'root@proxysys', host: str = '127.0.0.1'):
        return pymysql.connect(host=host, port=self.sql, user=user, password=password,
                               connect_timeout=5, read_timeout=10)

    def query(self, statement: str, password: str = '') -> list[dict]:
        connection = self.connect(password)
        try:
            with connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def error(self, statement: str, password: str = '') -> int:
        with pytest.raises(pymysql.MySQLError) as caught:
            self.query(statement, password)
        return caught.value.args[0]

    def value(self, name: str, password: str = '') -> str:
        return self.query(f"show proxyconfig like '{name}'", password)[0]['value']

    def log(self, name: str = 'obproxy.log') -> str:
        path = self.home / 'log' / name
        return path.read_text() if path.exists() else ''

    def clean_up(self) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture(scope='session')
def trees(tmp_path_factory):
    """version -> the directory a package of that version installs."""
    root = tmp_path_factory.mktemp('trees')
    launcher = compile_launcher(root / 'launcher')
    return {package.version: stage(package, root / package.version, launcher)
            for package in PACKAGES
            if (package.arch, package.release) not in (('aarch64', '4.el8'), ('x86_64', '4.el7'))}


@pytest.fixture
def launch(trees, tmp_path):
    """launch(version) -> a StandIn in a home of its own, not yet started."""
    made = []

    def make(version: str = '4.3.1.0', home: str | None = None) -> StandIn:
        made.append(StandIn(trees[version], tmp_path / (home or f'home{len(made)}')))
        return made[-1]
    yield make
    for one in made:
        one.clean_up()
