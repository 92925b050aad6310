# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private OceanBase on loopback: seekdb is its kernel in one process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from kernel import Kernel  # noqa: E402  pylint: disable=wrong-import-position
from servers import running  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="session")
def oceanbase():
    with running(Kernel) as kernel:
        yield kernel
