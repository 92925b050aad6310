# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private OceanBase kernel, and a client for it that isn't ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pymysql

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "databases"))
from servers import PASSWORD, SeekDB  # noqa: E402  pylint: disable=wrong-import-position


class Kernel(SeekDB):
    """One that hosts of the lab may log in to."""

    def command(self) -> list[str]:
        return [word.replace("ob_tcp_invited_nodes=127.0.0.1", "ob_tcp_invited_nodes=127.0.0.1,10.77.0.0/16") for word in super().command()]

    def connect(self, user: str = "root@sys", password: str = PASSWORD) -> pymysql.Connection:
        # as bytes, because PyMySQL takes text for Latin-1
        return pymysql.connect(host="127.0.0.1", port=self.port, user=user, password=password.encode(), ssl_disabled=True,
                               connect_timeout=5, read_timeout=30)

    def rows(self, statement: str, user: str = "root@sys", password: str = PASSWORD) -> list[tuple]:
        with self.connect(user, password) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
