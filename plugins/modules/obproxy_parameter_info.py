#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_parameter_info
short_description: Tell the history of a cluster's parameters, and how its servers drift from them
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Reads the versions of a cluster's parameters from the registry, and compares what was read from
    the servers with the present one.
  - Values are compared as OBProxy reads them. V(60s) is V(1m), V(2G) is V(2048).
options:
  cluster_id:
    description: The id or the name of the cluster.
    type: str
  from_version:
    description: A version of the parameters to compare with O(to_version).
    type: int
  to_version:
    description: The version that O(from_version) is compared with. Absent, it is the present one.
    type: int
  live:
    description:
      - What M(oceanbase.obproxy.obproxy_live_parameter_info) has returned, by the hosts of the inventory.
      - Without it nothing is said of the servers' values.
    type: dict
    default: {}
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
seealso:
  - module: oceanbase.obproxy.obproxy_live_parameter_info
"""

EXAMPLES = r"""
- name: Tell what has changed since the first version
  oceanbase.obproxy.obproxy_parameter_info:
    cluster_id: foo
    from_version: 1
  register: parameters
"""

RETURN = r"""
changed:
  description: Always V(false).
  returned: always
  type: bool
data:
  description: What is known.
  returned: success
  type: dict
  contains:
    obproxyClusterId:
      description: The cluster's id.
      type: int
      returned: success
    obproxyClusterName:
      description: The cluster's name.
      type: str
      returned: success
    parameterVersion:
      description: The present version of the cluster's parameters.
      type: int
      returned: success
    parameters:
      description:
        - Each parameter that the cluster says, or that a server has otherwise than by default. C(value) is what the cluster
          says, null for nothing. C(values) are those that the servers have, each with its C(obproxies).
      type: list
      elements: dict
      returned: success
    drift:
      description:
        - What a server has otherwise than the cluster, or its host's own variable, said when they were last set.
          C(expected) is null where nobody has said anything.
      type: list
      elements: dict
      returned: success
    behind:
      description: The servers that were last set to another version.
      type: list
      elements: dict
      returned: success
    pendingRestart:
      description: By host, the parameters that take effect at the next restart.
      type: dict
      returned: success
    notSurveyed:
      description: The hosts of which nothing was read.
      type: list
      elements: str
      returned: success
    history:
      description:
        - The versions, the latest first, each with its C(parameterVersion), C(creator), C(createTime), and its C(changes) with
          C(name), C(before) and C(after), and C(obproxyServerId) for what a server has of its own.
      type: list
      elements: dict
      returned: success
    difference:
      description: What differs between O(from_version) and O(to_version), in the form of C(changes).
      type: list
      elements: dict
      returned: success
hosts:
  description: The servers' C(name) and C(sql_port), by host.
  returned: success
  type: dict
lines:
  description: The same as lines of text.
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
    cluster_id=dict(type='str'),
    from_version=dict(type='int'),
    to_version=dict(type='int'),
    live=dict(type='dict', default={}),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_parameter_info runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
