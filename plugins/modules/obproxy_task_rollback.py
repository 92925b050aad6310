#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_task_rollback
short_description: Plan to undo a task
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Plans to undo all that a failed task has begun on its hosts, from the last subtask back to the first.
  - A task of create that is shared by several hosts is undone on all of them.
  - Refused where C(prohibitRollback) is set, which is so when a server was there before the task, running or not.
options:
  task_id:
    description: The task. Either this or O(run) is required.
    type: int
  run:
    description:
      - The run, as its plan has it, in which everything is to be undone that has failed, before it ends.
      - Hosts that have not failed keep what they have, also of a task that they share with others.
      - Tasks whose C(prohibitRollback) is set stay as they are. So does everything when the registry fails; a warning says so.
    type: dict
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
"""

EXAMPLES = r"""
- name: Plan the rollback
  oceanbase.obproxy.obproxy_task_rollback:
    task_id: 33001
  register: obproxy_plan

- name: Plan to undo what has failed in this run
  oceanbase.obproxy.obproxy_task_rollback:
    run: "{{ obproxy_plan.run }}"
  register: obproxy_plan
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
data:
  description: The tasks in C(contents), as OCP describes them.
  returned: success
  type: dict
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
run:
  description:
    - The run that begins with this plan, with its C(id), C(trace_id), C(operation), C(cluster_id), C(cluster_name), C(check_mode), and
      for each host of the inventory in C(hosts) the C(task_id) and the ids of the C(subtasks) by role.
    - In check mode nothing of it is in the registry.
  returned: success
  type: dict
hosts:
  description: For each host of the inventory what the roles need to know of its server.
  returned: success
  type: dict
graph:
  description: The operation whose graph this is, such as V(take_over).
  returned: success
  type: str
roles:
  description: The roles that have something to do on some host.
  returned: success
  type: list
  elements: str
results:
  description: What each host had come to before, as RV(oceanbase.obproxy.obproxy_run_result#module:results).
  returned: with O(run)
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    task_id=dict(type='int'),
    run=dict(type='dict'),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_task_rollback runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
