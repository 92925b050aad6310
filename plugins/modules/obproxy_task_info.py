#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_task_info
short_description: List tasks and their subtasks
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Lists tasks from the registry, while they run and afterwards, the latest first.
  - A task whose run has died is shown as C(FAILED).
options:
  task_id:
    description: Only this task.
    type: int
  run_id:
    description: Only the tasks of this run.
    type: int
  cluster_id:
    description: Only tasks on the cluster with this id or name.
    type: str
  host:
    description: Only tasks on this host of the inventory.
    type: str
  status:
    description: Only tasks in this state.
    type: str
    choices: [RUNNING, FAILED, SUCCESSFUL]
  limit:
    description: How many tasks to list at most.
    type: int
    default: 50
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
- name: List what has failed
  oceanbase.obproxy.obproxy_task_info:
    status: FAILED
  register: failed
"""

RETURN = r"""
changed:
  description: Always V(false).
  returned: always
  type: bool
data:
  description:
    - The tasks in C(contents), as OCP describes them, each with its C(runId) and C(hosts) besides, and each
      subtask with its C(host).
    - Each subtask that has begun has a C(log) of its states; one that failed has the cause in C(error).
  returned: success
  type: dict
lines:
  description: The same as lines of text; with every subtask and its log where O(task_id) is given.
  returned: success
  type: list
  elements: str
successful:
  description: Whether the request was accepted.
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
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    task_id=dict(type='int'),
    run_id=dict(type='int'),
    cluster_id=dict(type='str'),
    host=dict(type='str'),
    status=dict(type='str', choices=['RUNNING', 'FAILED', 'SUCCESSFUL']),
    limit=dict(type='int', default=50),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_task_info runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
