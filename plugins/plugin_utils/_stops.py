# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of this run that have to stop: the callback hears of them, and the processes that work for it inherit them."""

from __future__ import annotations

import os

REASONS = {}
# Whether the callback listens; without it each worker asks the registry, once for its task.
HEARD = []
_asked = {}


def reason(task_id):
    """Return why a task has to stop, None when it may go on."""
    return REASONS.get(task_id)


def ask(task_id, trace_id, registry):
    """Return the same where nobody listens, and say that the run lives; a check has no run in the registry."""
    if trace_id is None:
        return None
    key = (os.getpid(), task_id)
    if key not in _asked:
        with registry.transaction() as store:
            _asked[key] = store.tasks.asked(task_id, trace_id)
    return _asked[key]
