# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that take up failed tasks."""

from __future__ import annotations

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._action import RequestAction
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._resume import Resume


class ResumeAction(RequestAction):
    """An action that takes up tasks of a run; its answer is a plan."""

    options = {}

    def answer(self, args):
        values = self.checked({**self.options, 'registry_url': {'type': 'str', 'no_log': True}})
        with self.reading_or_writing(values) as store:
            store.lock()
            # In check mode nobody may be told that the run is another's now.
            trace_id = None if self.check_mode else self._envelope.trace_id
            plan = self.resume(Resume(store, self._inventory(), self._settings(), self._actor, self.lease(), trace_id), values)
        plan['run']['check_mode'] = self.check_mode
        return self._envelope.answer(plan.pop('data'), **plan)

    def resume(self, resume, values):
        """Return the plan; each action has its own."""
        raise NotImplementedError
