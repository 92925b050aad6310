"""Instances of the stand-in OBProxy under the rendered obproxyd.sh, in temporary homes."""
from __future__ import annotations

import contextlib
import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / 'roles' / 'prepare_create' / 'templates'
VERSION = '4.3.1.0'
sys.path.insert(0, str(ROOT / 'tests' / 'lab' / 'obproxy'))
sys.path.insert(0, str(ROOT / 'tests' / 'lab' / 'labkit'))

from obproxy_packages import PACKAGES, compile_launcher, stage  # noqa: E402
from ports import free_ports  # noqa: E402
from service_support import Service  # noqa: E402


def render(template: str, server: dict, base: str, user: str) -> str:
    """As the role's template look-up does it."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    made = jinja2.Environment(loader=loader, trim_blocks=True, undefined=jinja2.StrictUndefined)
    made.filters['quote'] = lambda text: "'" + text.replace("'", "'\"'\"'") + "'" if re.search(r'[^\w@%+=:,./-]', text) else text
    return made.get_template(template).render(obproxy_server=server, obproxy_base=base, obproxy_user=user)


def wait_for(condition, seconds: float = 10.0):
    """The first true value of condition(); fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f'not within {seconds} s'
        time.sleep(0.02)


def state(pid: int) -> str:
    """The letter that /proc has for a process, '' when it is gone."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


def runs(pid: int) -> bool:
    return state(pid) not in ('', 'Z', 'X')


def greets(port: int) -> bool:
    """Whether something sends the first byte of a greeting."""
    try:
        with socket.create_connection(('127.0.0.1', port), 1) as client:
            return bool(client.recv(1))
    except OSError:
        return False


class Instance:
    def __init__(self, base: Path, package: Path, cluster: str, user: str, prefix: list[str]):
        self.ports = self.sql, self.exporter, self.rpc = free_ports(3)
        self.cluster = cluster
        self.user = user
        self.prefix = prefix
        self.name = f'{cluster}-{self.sql}'
        self.home = base / self.name
        self.script = self.home / 'obproxyd.sh'
        for folder in ('etc', 'log', 'run'):
            (self.home / folder).mkdir(parents=True)
        (self.home / 'bin').symlink_to(package / 'bin')
        self.server = {'name': self.name, 'cluster_name': cluster, 'sql_port': self.sql, 'package': {'version': VERSION},
                       'exporter_port': self.exporter, 'rpc_port': self.rpc}
        self.script.write_text(render('obproxyd.sh.j2', self.server, str(base), user))
        self.script.chmod(0o750)

    def call(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([*self.prefix, str(self.script), '-c', *arguments], text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, env={**os.environ, **environment})

    def start(self, **environment: str) -> int:
        """Starts it -> the proxy's pid"""
        done = self.call('start', **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.pids()[0]

    def pids(self) -> list[int]:
        """Living processes that work in the home and are named obproxy, found without the script."""
        found = []
        for path in Path('/proc').glob('[0-9]*'):
            try:
                if (path / 'comm').read_text() == 'obproxy\n' and Path(os.readlink(path / 'cwd')) == self.home:
                    found.append(int(path.name))
            except OSError:
                continue
        return [pid for pid in found if runs(pid)]

    def watchdogs(self) -> list[int]:
        """Living processes that carry out the home's script as a watchdog, without its short-lived children."""
        found = {}
        for path in Path('/proc').glob('[0-9]*'):
            try:
                words = (path / 'cmdline').read_bytes().decode().split('\0')
                parent = int((path / 'stat').read_text().rpartition(')')[2].split()[1])
            except (OSError, UnicodeDecodeError):
                continue
            if words[1:4] == [str(self.script), '-c', 'run']:
                found[int(path.name)] = parent
        return [pid for pid, parent in found.items() if parent not in found]

    def other_pid(self, than: int, seconds: float = 10.0) -> int:
        """The pid of the one proxy that came in another's place and greets."""
        def replaced():
            now = self.pids()
            return now and now != [than] and than not in now and greets(self.sql) and now[0]
        return wait_for(replaced, seconds)

    def log(self) -> str:
        path = self.home / 'run' / 'watchdog.log'
        return path.read_text() if path.exists() else ''

    def launches(self) -> int:
        return self.log().count('launching')


@pytest.fixture(scope='session')
def package(tmp_path_factory) -> Path:
    """The stand-in's package, laid out as rpm would."""
    root = tmp_path_factory.mktemp('package')
    root.chmod(0o755)
    launcher = compile_launcher(root / 'launcher')
    chosen = next(one for one in PACKAGES if one.version == VERSION and one.arch == 'x86_64')
    return stage(chosen, root, launcher)


@pytest.fixture
def make(tmp_path, package):
    """Makes instances, and takes them away with all that runs in them."""
    made = []

    def instance(cluster: str = 'foo', user: str | None = None, prefix: list[str] | None = None) -> Instance:
        made.append(Instance(tmp_path, package, cluster, user or getpass.getuser(), prefix or []))
        return made[-1]
    yield instance
    for one in made:
        one.call('stop', OBPROXYD_STOP_LIMIT='1')
        # What has just been stopped may be seen a moment longer.
        with contextlib.suppress(AssertionError):
            wait_for(lambda gone=one: not gone.pids() + gone.watchdogs())
        left = one.pids() + one.watchdogs()
        for pid in left:
            os.kill(pid, 9)
        shutil.rmtree(one.home)
        assert not left, f'{one.name} was not stopped: {one.log()}'


@pytest.fixture
def proxy(make) -> Instance:
    return make()


@pytest.fixture
def service(make, tmp_path) -> Service:
    return Service(make(), tmp_path / 'root')
