# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry on each kind of server that it may live on; the units have it on SQLite."""

from __future__ import annotations

import itertools

import pytest

pytest.register_assert_rewrite("ansible_collections.oceanbase.obproxy.tests.unit")
# pylint: disable=wrong-import-position
from ansible_collections.oceanbase.obproxy.tests.databases import servers  # noqa: E402
from ansible_collections.oceanbase.obproxy.tests.databases.world import ServerWorld  # noqa: E402
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import (  # noqa: E402,F401  pylint: disable=unused-import
    add_body, create_body, sample)
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.resume_support import (  # noqa: E402,F401  pylint: disable=unused-import
    failed, refused, resume)

KINDS = (servers.PostgreSQL, servers.MariaDB, servers.SeekDB)
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.name)
def server(request):
    with servers.running(request.param) as started:
        yield started


@pytest.fixture(scope="session")
def kept_url(server):
    return server.create("kept")


@pytest.fixture()
def world(kept_url, tmp_path):
    found = ServerWorld(tmp_path, kept_url)
    with found.registry.transaction():
        pass
    yield found
    found.lose()


@pytest.fixture()
def new_world(server, tmp_path):
    """A fleet whose registry has no tables yet."""
    return ServerWorld(tmp_path, server.create(f"new{next(NUMBERS)}"))
