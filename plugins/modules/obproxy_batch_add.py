#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_batch_add
short_description: Plan more servers for an OBProxy cluster
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller and touches no host. It checks the request, writes the servers and their tasks, with the whole
    graph of subtasks, to the registry in one transaction, and returns OCP's envelope. The roles of this collection do the rest.
  - Takes OCP's request body as it is, in O(request), or field by field as options; not both.
    The options' aliases are OCP's own names, also inside of lists and dictionaries.
  - All faults of a request are reported at once, and nothing is written then.
  - What OCP knows by itself and a request does not say comes from variables, such as C(obproxy_sys_password),
    C(obproxy_ob_clusters), C(obproxy_config_server_url) and C(obproxy_package_dir). What is missing is named.
    No password is stored or returned.
options:
  request:
    description: The whole request body, as OCP takes it in C(POST /api/v2/obproxy/clusters/{id}/obproxies/batchAdd).
    type: dict
  cluster_id:
    description: The id or the name of the OBProxy cluster in the registry.
    type: raw
    aliases: [obproxy_cluster_id]
  host_ids:
    description:
      - The hosts, each by its number (the variable C(obproxy_host_id) of the inventory) or by its name in the inventory.
    type: list
    elements: raw
    aliases: [hostIds]
  sql_port:
    description: The SQL port of the servers.
    type: int
    aliases: [sqlPort]
  exporter_port:
    description: The port of the servers' exporters. OCP calls it C(exportPort) in one operation and C(exporterPort) in another.
    type: int
    aliases: [exporterPort, export_port, exportPort]
  version:
    description: The file name of the RPM, such as V(obproxy-ce-4.3.1.0-4.el8.x86_64.rpm).
    type: str
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
- name: Add a server to a cluster
  oceanbase.obproxy.obproxy_batch_add:
    cluster_id: 1
    host_ids: [3]
    sql_port: 2883
    exporter_port: 2884
    version: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
"""

RETURN = r"""
changed:
  description: Whether the cluster or one of its servers is new or differs from before.
  returned: always
  type: bool
data:
  description: The tasks in C(contents), one for each host, with their subtasks.
  returned: always
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
rollback_on_failure:
  description: Whether what fails is to be rolled back in the same run (the variable C(obproxy_rollback_on_failure)).
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    request=dict(type='dict'),
    cluster_id=dict(type='raw', aliases=['obproxy_cluster_id']),
    host_ids=dict(type='list', elements='raw', aliases=['hostIds']),
    sql_port=dict(type='int', aliases=['sqlPort']),
    exporter_port=dict(type='int', aliases=['exporterPort', 'export_port', 'exportPort']),
    version=dict(type='str'),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_batch_add runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
