# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private MariaDB server on loopback, so that the client is judged by a server we did not write."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lab' / 'labkit'))

from ports import free_ports  # noqa: E402

ROOT_PASSWORD = "r00t-of-the-test"
SETUP = f"""
CREATE DATABASE lab;
USE mysql;
FLUSH PRIVILEGES;
CREATE OR REPLACE USER 'root@proxysys'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('{ROOT_PASSWORD}');
GRANT ALL ON *.* TO 'root@proxysys'@'127.0.0.1';
CREATE USER 'empty'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING '';
CREATE USER 'ed'@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('ed');
CREATE USER 'one'@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('one') WITH MAX_USER_CONNECTIONS 1;
"""


class MariaDB:
    def __init__(self, port: int, password: str):
        self.port = port
        self.password = password


def required(program: str) -> str:
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/usr/libexec")
    if not found:
        pytest.fail(f"{program} is missing: install the package mariadb-server (apt-get install mariadb-server)")
    return found


def unprivileged() -> list[str]:
    """mariadbd refuses to be root; the package's own user does."""
    return ["--user=mysql"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def mariadb():
    daemon = required("mariadbd")
    home = Path(tempfile.mkdtemp(prefix="obproxy-mariadb-"))
    process = None
    try:
        (home / "data").mkdir()
        (home / "setup.sql").write_text(SETUP)
        if os.geteuid() == 0:
            account = pwd.getpwnam("mysql")
            for path in (home, home / "data", home / "setup.sql"):
                os.chown(path, account.pw_uid, account.pw_gid)
        subprocess.run(
            [required("mariadb-install-db"), "--no-defaults", f"--datadir={home}/data", "--auth-root-authentication-method=normal", *unprivileged()],
            check=True, capture_output=True,
        )
        port, = free_ports()
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(
                [daemon, "--no-defaults", f"--datadir={home}/data", f"--socket={home}/socket", f"--port={port}", "--bind-address=127.0.0.1",
                 "--skip-name-resolve", "--plugin-load-add=auth_ed25519", "--max-allowed-packet=64M", "--innodb-buffer-pool-size=8M",
                 f"--init-file={home}/setup.sql", f"--pid-file={home}/pid", *unprivileged()],
                stdout=log, stderr=subprocess.STDOUT,
            )
        wait_until_ready(port, process, home / "log")
        yield MariaDB(port, ROOT_PASSWORD)
    finally:
        if process is not None:
            process.terminate()
            process.wait(30)
        shutil.rmtree(home)


def wait_until_ready(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"mariadbd ended with {process.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                if connection.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"mariadbd did not answer within 60 s:\n{log.read_text(errors='replace')[-2000:]}")
