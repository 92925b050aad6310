# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an instance is what it is to be already, so that none of the subtasks behind the survey has anything to do."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import Provision
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import SUPERVISORS, Instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import Service
from ansible_collections.oceanbase.obproxy.plugins.module_utils._settle import Settling
from ansible_collections.oceanbase.obproxy.plugins.module_utils._start import is_persisted

SUBTASKS = ('prepare_create', 'check_process', 'check_command', 'install_package', 'start_obproxy')
AS_IT_IS_TO_BE = 'All is as it is to be.'


class SurveyedRpm(Rpm):
    """The rpm command, which the survey has asked already."""

    def __init__(self, run, packages):
        super(SurveyedRpm, self).__init__(run)
        self._packages = packages

    def installed(self):
        return self._packages


def look(survey, params, layout, run):
    """What the module returns of the subtasks that have nothing to do; nothing as soon as one has anything to do.

    params are obproxy_instance's options.
    """
    record = survey.record
    if not survey.pids or record is None or record.get('state') == 'creating' or not is_persisted(record['home']):
        return {}
    # What doesn't listen yet would be waited for, and within one look it never will.
    if any(port and port not in survey.listeners for port in (survey.options['sql_port'], survey.options['exporter_port'])):
        return {}
    try:
        if _differs(survey, params, layout, run):
            return {}
        settling = Settling(dict(params, **survey.options), params['settings'], check_mode=True)
        settling.settle()
    except (HostError, ProxysysError, IOError, OSError):
        # Whichever subtask it belongs to finds it again, and says so.
        return {}
    if settling.changed or settling.server is None:
        return {}
    answers = [dict(subtask=subtask, changed=False, msg=AS_IT_IS_TO_BE, seconds=0.0) for subtask in SUBTASKS]
    return dict(subtasks=answers + settling.answers, pending_restart=settling.pending_restart, server=settling.server)


def _differs(survey, params, layout, run):
    """Whether the instance's files, its package or its process are not as wanted."""
    changes = Changes(check_mode=True)
    _instance.present(changes, params, layout, run)
    package = dict(package=survey.options['package']['file'], home=params['home'], source='file', src=None, timeout=0)
    Provision(package, SurveyedRpm(run, survey.packages), run, changes, layout, os.uname()[4]).present()
    instance = Instance(dict(survey.options, home=survey.record['home'], user=survey.record['user']))
    supervisor = SUPERVISORS[params['supervisor']](instance, run, layout)
    Service(instance, supervisor, dict(params, timeout=0), changes, layout.records).see_to()
    return changes.changed
