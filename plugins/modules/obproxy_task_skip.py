#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_task_skip
short_description: Take a failed subtask for done
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Marks a failed subtask C(SUCCESSFUL) with the operation C(SKIP), and plans the subtasks that come after it on its host.
  - What the subtask was for is not done. Mend it by hand before skipping.
options:
  subtask_id:
    description: The subtask.
    type: int
    required: true
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
- name: Skip a subtask that was mended by hand
  oceanbase.obproxy.obproxy_task_skip:
    subtask_id: 34798
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
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    subtask_id=dict(type='int', required=True),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_task_skip runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
