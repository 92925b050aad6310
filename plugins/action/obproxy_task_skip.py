# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._resume_action import ResumeAction


class ActionModule(ResumeAction):
    """Take a failed subtask for done, and plan what comes after it."""

    options = {'subtask_id': {'type': 'int', 'required': True}}

    def resume(self, resume, values):
        return resume.skip(values['subtask_id'])
