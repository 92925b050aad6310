#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_apply
short_description: Tell what there is to do until clusters are as they are wanted
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Compares clusters in the form of create's body with the registry, and with what their servers have
    shown, and returns the requests of the operations that are needed. It writes nothing.
  - The playbook C(oceanbase.obproxy.apply) asks the servers and carries the operations out.
  - Work mode and ports of a server that is there cannot be changed. A body that differs in them is refused.
options:
  clusters:
    description: The clusters, each in the form of create's body, in OCP's names or in snake case.
    type: list
    elements: dict
    required: true
  cluster_id:
    description: The id or the name of one of them. Without it, all.
    type: str
  remove:
    description:
      - Whether servers, OB links and parameters go that O(clusters) doesn't have.
      - The one OB cluster of a cluster with a list of root servers is replaced in any case, as there cannot be two.
    type: bool
    default: false
  seen:
    description:
      - What servers have shown, by their ids. C(parameters) are the names of those parameters that differ, C(credentials) says
        whether passwords do, C(pending) are the names of those parameters that await a restart.
    type: dict
    default: {}
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Tell what there is to do
  oceanbase.obproxy.obproxy_apply:
    clusters: "{{ obproxy_clusters }}"
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
data:
  description: In C(contents) the clusters, each with its C(name), the names of the C(operations) that it takes, in their order,
    in C(notAsked) the ids of the servers that did not say what they have, and in C(waiting) what has to wait, and for what.
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
differing:
  description: The names of the clusters for which there is something to do.
  returned: success
  type: list
  elements: str
steps:
  description: Where only one cluster differs, the requests of its operations by their names.
  returned: success
  type: dict
hosts:
  description: For each host, by its name in the registry, what is to be looked at of its servers.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    clusters=dict(type='list', elements='dict', required=True),
    cluster_id=dict(type='str'),
    remove=dict(type='bool', default=False),
    seen=dict(type='dict', default={}),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_apply runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
