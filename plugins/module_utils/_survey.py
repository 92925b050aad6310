# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The survey of a host that comes before an instance is prepared there, in the same call."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import Survey
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import one_look
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import home_of
from ansible_collections.oceanbase.obproxy.plugins.module_utils._verdict import judged

MISSING = ('not found in the PATH of this host: %s. Install what provides them (nc is in nmap-ncat; flock, runuser and setsid are in '
           'util-linux) and run the same command again.')
RECORDED = ('cluster_id', 'cluster_name', 'sql_port', 'exporter_port', 'rpc_port')


class Surveyed(object):
    """What a survey found out about obproxy_instance's options."""

    def __init__(self, params, layout, run):
        asked = params['survey']
        options = dict((key, params[key]) for key in ('name', 'user', 'base'))
        options.update((key, asked[key]) for key in ('package', 'commands', 'min_free_mb'))
        options.update((key, (params['record'] or {}).get(key)) for key in RECORDED)
        with one_look():
            self._look(Survey(options, run, layout), params, layout, run)

    def _look(self, survey, params, layout, run):
        self.result, self.warnings = judged(survey)
        self.result.update(subtasks=[], pending_restart=[], server=None)
        self.params = dict(params, home=home_of(params['name'], params['base'], params['home']))
        if params['settings'] and not any(self.result[kind] for kind in ('problems', 'conflicts', 'missing_commands')):
            # Much to load, which a new instance has no use for.
            from ansible_collections.oceanbase.obproxy.plugins.module_utils._as_wanted import look
            self.result.update(look(survey, self.params, layout, run))

    def refusal(self):
        """What makes it impossible to prepare the instance, in sentences."""
        return '\n'.join(self.result['problems'])

    def objections(self):
        """(subtask, what stands against the instance there, in sentences) of the subtasks behind the preparation."""
        missing = self.result['missing_commands']
        return [('check_process', '\n'.join(self.result['conflicts'])), ('check_command', MISSING % ', '.join(missing) if missing else '')]
