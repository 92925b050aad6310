#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_run_result
short_description: Tell what a run came to
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Ends a run in the registry, returns its tasks with their final states, and fails if any host has
    failed, naming the hosts, the subtasks, the causes, and what to do next.
  - Where the callback P(oceanbase.obproxy.dag#callback) does not record the run, the states of the subtasks follow from
    the servers that reported in.
  - Leaves the outcome as the job's artifact C(obproxy_run). ansible-core drops the artifact of a task that fails, so a
    playbook that wants it of a failed run calls this module twice, first with O(fail=false).
options:
  run:
    description: The run, RV(oceanbase.obproxy.obproxy_create#module:run) of the plan, or its id.
    type: raw
    required: true
  before:
    description: What the hosts had come to before what had failed was rolled back, RV(oceanbase.obproxy.obproxy_task_rollback#module:results).
    type: list
    elements: dict
  fail:
    description: Whether to fail when a host has failed.
    type: bool
    default: true
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Leave the outcome behind as the job's artifact
  oceanbase.obproxy.obproxy_run_result:
    run: "{{ obproxy_plan.run }}"
    fail: false

- name: Fail if a host has failed
  oceanbase.obproxy.obproxy_run_result:
    run: "{{ obproxy_plan.run }}"
"""

RETURN = r"""
changed:
  description: Always V(false).
  returned: always
  type: bool
data:
  description: The task or the tasks with their final states; nothing in check mode.
  returned: always
  type: dict
successful:
  description: Whether every host went through.
  returned: always
  type: bool
status:
  description: HTTP's status for it, V(200), V(400), V(404), V(409), or V(500) when the registry fails.
  returned: always
  type: int
timestamp:
  description: When the request was answered, in ISO 8601.
  returned: always
  type: str
duration:
  description: How long it took, in milliseconds.
  returned: always
  type: int
traceId:
  description: An identifier of this request.
  returned: always
  type: str
server:
  description: The controller that answered.
  returned: always
  type: str
error:
  description:
    - What is wrong. RV(error.faults) has an entry for each fault, with C(field), C(given), C(expected) and C(message).
  returned: on failure
  type: dict
  contains:
    code:
      description: The same number as RV(status).
      type: int
      returned: on failure
    message:
      description: All faults, one per line.
      type: str
      returned: on failure
    faults:
      description: The faults one by one.
      type: list
      elements: dict
      returned: on failure
run:
  description: The run as it was given.
  returned: always
  type: raw
results:
  description: >-
    For each host its C(task_id), C(host), C(status), and, where it failed, C(subtask), C(subtask_id) and C(error). With O(before) also
    C(rollback_error), which is null where the host was rolled back.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    run=dict(type='raw', required=True),
    before=dict(type='list', elements='dict'),
    fail=dict(type='bool', default=True),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_run_result runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
