# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small fleet whose registry is on a server."""

from __future__ import annotations

import functools
from pathlib import Path

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import World

# A new one each time, as on SQLite, would spend most of the time on getting to know the server.
opened = functools.cache(Registry)


class ServerWorld(World):
    """A small fleet whose registry is on a server, whose tables stay from test to test: they are slow to make."""

    def __init__(self, folder: Path, url: str):
        super().__init__(folder)
        self.url = url

    @property
    def registry(self) -> Registry:
        return opened(self.url)

    def become_first_version(self) -> None:
        super().become_first_version()
        opened.cache_clear()

    def is_there(self) -> bool:
        return True

    def lose(self) -> None:
        names = [table.name for table in reversed(_schema.METADATA.sorted_tables) if table.name != "obproxy_schema"]
        if self.url.startswith("postgresql"):
            self.sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY")
        else:
            self.sql("SET FOREIGN_KEY_CHECKS = 0", *(f"TRUNCATE TABLE {name}" for name in names))
