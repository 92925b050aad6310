#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_cluster_info
short_description: Tell of OBProxy clusters and their servers
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Returns what the registry has of clusters, with the numbers of their servers by version and by
    IDC, and every server with its status.
  - The status is the last one that was written. With O(live) it is the one that servers have just shown. The playbook
    C(oceanbase.obproxy.cluster_info) asks them.
options:
  cluster_id:
    description: The id or the name of a cluster. Without it, all clusters.
    type: str
  live:
    description: Whether the status is what O(seen) says. A server that nobody has asked is V(UNAVAILABLE) then.
    type: bool
    default: false
  seen:
    description: With O(live=true), what servers answered, by their ids, each with C(alive) and, where it isn't, C(msg).
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
"""

EXAMPLES = r"""
- name: Tell of all clusters
  oceanbase.obproxy.obproxy_cluster_info:
  register: clusters

- name: Say how many servers each has
  ansible.builtin.debug:
    msg: "{{ item.name }} has {{ item.obproxies | length }} servers."
  loop: "{{ clusters.data.contents }}"
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
data:
  description: The cluster with its servers, as OCP describes them; without O(cluster_id) all of them in C(contents).
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
hosts:
  description: For each host, by its name in the registry, the C(server_id), C(sql_port) and C(exporter_port) of its servers.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    cluster_id=dict(type='str'),
    live=dict(type='bool', default=False),
    seen=dict(type='dict', default={}),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_cluster_info runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
