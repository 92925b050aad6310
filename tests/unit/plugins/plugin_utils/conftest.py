# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.tests.unit.plugins.plan_support import (  # noqa: F401  pylint: disable=unused-import
    add_body, create_body, playbooks, sample, world)
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.resume_support import (  # noqa: F401  pylint: disable=unused-import
    failed, refused, resume)
