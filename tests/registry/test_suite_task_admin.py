# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The units' tests of this, on each server."""

from __future__ import annotations

# pylint: disable=wildcard-import,unused-wildcard-import
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plugin_utils.test_task_admin import *  # noqa: F401,F403
