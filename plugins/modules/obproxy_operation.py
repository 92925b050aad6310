#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_operation
short_description: Plan an operation on servers that an OBProxy cluster has
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Checks a request, chooses the servers, and writes the run with its task and subtasks to the
    registry in one transaction. The play that follows carries the subtasks out; each operation has a playbook.
  - A refused request changes nothing. A cluster on which another run is at work is refused.
options:
  operation:
    description:
      - What is to be done.
      - V(stop) stops servers so that they stay stopped, V(start) starts them again.
      - V(parameters) changes what the cluster's parameters are, and sets them on the servers.
      - V(links) changes which OB clusters the cluster serves.
      - V(parameters), V(links) and V(credentials) leave out servers that were stopped on purpose, where no servers are named.
      - V(restart) restarts servers batch by batch. Without a choice it leaves out those that were stopped on purpose, and goes
        on where the last restart of the cluster has failed.
      - V(upgrade) moves servers to another version, newer or older, batch by batch as V(restart) does. It leaves out those that
        have it already.
      - V(credentials) changes the passwords of root@proxysys and proxyro.
      - V(remove) takes servers out of the cluster and off their hosts, V(delete) the whole cluster.
    type: str
    required: true
    choices: [credentials, delete, links, parameters, remove, restart, start, stop, upgrade]
  cluster_id:
    description: The id or the name of the cluster.
    type: str
  request:
    description:
      - The body, in OCP's names or in snake case. C(obproxyServerIds) lists servers by their ids, or by their hosts'
        names in the inventory; without it the operation is for all servers of the cluster, but for V(remove). An empty list is refused.
      - For V(remove) and V(delete), C(skipHostOperationServerIds) lists servers whose hosts are gone for good.
        They are taken out of the registry and the monitoring alone.
      - For V(parameters), C(parameters) is a list of C(name) and C(value). Null takes a parameter out of what the cluster says,
        and leaves the servers as they are. What a server is to have of its own comes from its host's variable C(obproxy_parameters).
      - For V(links), C(obLinks) are OB clusters to link, in the form of create's body, and C(obClusterNames) the names of those to
        take away.
    type: raw
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details:
      - O(operation=parameters) shows what changes.
  idempotent:
    support: partial
    details:
      - O(operation=parameters) is changed only where the cluster's parameters are.
"""

EXAMPLES = r"""
- name: Plan to stop two servers
  oceanbase.obproxy.obproxy_operation:
    operation: stop
    cluster_id: foo
    request:
      obproxyServerIds: [3, proxy4]
  register: obproxy_plan
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
data:
  description: The task, as OCP describes it.
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
parameter_version:
  description: With O(operation=parameters), the version of the cluster's parameters; a new one where they have changed.
  returned: success
  type: int
parameter_changes:
  description: With O(operation=parameters), what has changed, with C(name), C(before), C(after), and for a server's own
    parameters C(obproxyServerId). Null stands for what the cluster does not say.
  returned: success
  type: list
  elements: dict
batches:
  description:
    - With O(operation=restart) and O(operation=upgrade), the batches in their order, each with the names of its C(hosts), of those that come C(before)
      it, and of the C(others) that have to serve meanwhile.
  returned: success
  type: list
  elements: dict
members:
  description: With O(operation=restart) and O(operation=upgrade), the cluster's servers that are asked for their health, by their hosts' names.
  returned: success
  type: dict
notes:
  description: What is to be said of the servers that are left out.
  returned: success
  type: list
  elements: str
holds:
  description:
    - With O(operation=credentials), why an OceanBase cluster's account for OBProxies can't be changed yet, by the cluster's name;
      servers that cannot be reached come to that.
  returned: success
  type: dict
skipped_servers:
  description: With O(operation=remove) and O(operation=delete), the ids of the servers on whose hosts nothing is done.
  returned: success
  type: list
  elements: int
skipped_targets:
  description: The exporters of RV(skipped_servers), each with C(address) and C(labels).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    operation=dict(type='str', required=True, choices=[
        'credentials', 'delete', 'links', 'parameters', 'remove', 'restart', 'start', 'stop', 'upgrade']),
    cluster_id=dict(type='str'),
    request=dict(type='raw'),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_operation runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
