# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private MariaDB server on loopback, so that the client is judged by a server we did not write."""

from __future__ import annotations

import pytest

from ansible_collections.oceanbase.obproxy.tests.databases import servers

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


class MariaDB(servers.MariaDB):
    settings = ("--plugin-load-add=auth_ed25519", "--max-allowed-packet=64M")
    password = ROOT_PASSWORD

    def setup(self) -> str:
        return super().setup() + SETUP


@pytest.fixture(scope="session")
def mariadb():
    with servers.running(MariaDB) as server:
        yield server
