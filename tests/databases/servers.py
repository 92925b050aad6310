# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Database servers of the tests' own: on loopback, each with a fresh folder that goes with it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab" / "labkit"))

from ports import free_ports  # noqa: E402  pylint: disable=wrong-import-position

PASSWORD = "s3cret-of-the-test"


def required(program: str, package: str) -> str:
    """Find a server's program, which Debian keeps beside PATH."""
    places = [os.environ["PATH"], "/usr/sbin", "/usr/libexec", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    found = shutil.which(program, path=os.pathsep.join(places))
    if not found:
        raise RuntimeError(f"{program} is missing: install the package {package} (apt-get install {package})")
    return found


class Server:
    """A server that can be started, killed and started again."""

    name = ""
    # Who runs it, where root is refused.
    account: str | None = None
    # Where a database can be made from.
    maintenance = ""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix=f"obproxy-{self.name}-"))
        self.port, = free_ports()
        self.process: subprocess.Popen | None = None
        self.identity: dict = {}
        if self.account and os.geteuid() == 0:
            account = pwd.getpwnam(self.account)
            os.chown(self.home, account.pw_uid, account.pw_gid)
            self.identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def prepare(self) -> None:
        """Fill the folder."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def url(self, database: str, password: str = PASSWORD) -> str:
        raise NotImplementedError

    def run(self, *command: str | Path) -> None:
        done = subprocess.run([*map(str, command)], cwd=self.home, check=False, capture_output=True, text=True, **self.identity)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start it and wait until it takes logins."""
        with open(self.home / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.identity)
        deadline = time.monotonic() + 90
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer:\n{(self.home / 'server.log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except sa.exc.DBAPIError:
            return False
        return True

    def sql(self, *statements: str) -> None:
        """Carry out statements where databases are made."""
        engine = sa.create_engine(self.url(self.maintenance), poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def create(self, database: str) -> str:
        """Make a database and return its address."""
        self.sql(f"CREATE DATABASE {database}")
        return self.url(database)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None


class PostgreSQL(Server):
    name = "postgresql"
    account = "postgres"
    maintenance = "postgres"

    def prepare(self) -> None:
        secret = self.home / "password"
        secret.touch(mode=0o644)
        secret.write_text(PASSWORD)
        self.run(required("initdb", "postgresql"), "-D", self.home / "data", "-U", "obproxy", "--auth=scram-sha-256", "--no-sync",
                 f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8")

    def command(self) -> list[str]:
        return [required("postgres", "postgresql"), "-D", f"{self.home}/data", "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.home),
                "-c", "fsync=off"]

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://obproxy:{password}@127.0.0.1:{self.port}/{database}"


class MariaDB(Server):
    name = "mariadb"
    account = "mysql"
    maintenance = "mysql"
    settings: tuple[str, ...] = ()

    def setup(self) -> str:
        """What it carries out at its start."""
        return f"CREATE OR REPLACE USER 'obproxy'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO 'obproxy'@'127.0.0.1' WITH GRANT OPTION;\n"

    def prepare(self) -> None:
        (self.home / "setup.sql").write_text(self.setup())
        self.run(required("mariadb-install-db", "mariadb-server"), "--no-defaults", f"--datadir={self.home}/data",
                 "--auth-root-authentication-method=normal")

    def command(self) -> list[str]:
        return [required("mariadbd", "mariadb-server"), "--no-defaults", f"--datadir={self.home}/data", f"--socket={self.home}/socket",
                f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=8M",
                "--innodb-flush-log-at-trx-commit=2", f"--init-file={self.home}/setup.sql", f"--pid-file={self.home}/pid", *self.settings]

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"mysql+pymysql://obproxy:{password}@127.0.0.1:{self.port}/{database}?ssl_disabled=true"


class SeekDB(Server):
    """OceanBase's kernel, as its Python package carries it."""

    name = "seekdb"
    maintenance = "oceanbase"
    password = ""

    def command(self) -> list[str]:
        package = importlib.util.find_spec("pylibseekdb")
        if package is None or package.origin is None:
            raise RuntimeError("pylibseekdb is missing: pip install pylibseekdb")
        # It listens everywhere; from elsewhere than here it is told to take nobody.
        return [str(Path(package.origin).with_name("seekdb")), "--nodaemon", "--base-dir", str(self.home), "--port", str(self.port),
                "--log-level", "ERROR", "--variable", "ob_tcp_invited_nodes=127.0.0.1", "--parameter", "datafile_size=64M",
                "--parameter", "log_disk_size=2G"]

    def start(self) -> None:
        super().start()
        if not self.password:
            self.sql(f"ALTER USER root IDENTIFIED BY '{PASSWORD}'")
            self.password = PASSWORD

    def url(self, database: str, password: str | None = None) -> str:
        return f"mysql+pymysql://root:{self.password if password is None else password}@127.0.0.1:{self.port}/{database}?ssl_disabled=true"


@contextlib.contextmanager
def running(kind: type[Server]):
    """Yield a server that runs; nothing of it is left afterwards."""
    server = kind()
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.end()
        shutil.rmtree(server.home)
