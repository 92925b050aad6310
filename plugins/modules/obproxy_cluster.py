#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_cluster
short_description: Update the address and port of an OBProxy cluster
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Writes to the registry where clients find a cluster, which is a load balancer's address as a rule.
    No host is touched.
options:
  cluster_id:
    description: The id or the name of the cluster.
    type: str
  address:
    description: A host name or an IP address.
    type: str
  port:
    description: A port from 1 to 65535.
    type: int
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
- name: Clients find the cluster behind another address
  oceanbase.obproxy.obproxy_cluster:
    cluster_id: foo
    address: foo.example.com
    port: 3306
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
data:
  description: The cluster with its servers, as OCP describes them.
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
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    cluster_id=dict(type='str'),
    address=dict(type='str'),
    port=dict(type='int'),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_cluster runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
