#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_update_status
short_description: Write to the registry what was seen of servers
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Writes the state of servers, such as V(RUNNING) after a login that worked, to the registry.
options:
  run:
    description: The run, RV(oceanbase.obproxy.obproxy_create#module:run) of the plan, or its id.
    type: raw
  servers:
    description:
      - What was seen of the servers. RV(oceanbase.obproxy.obproxy_create#module:hosts) of a plan has more keys,
        which are not used here.
      - Each has a C(server_id), and may have C(version) (the file name of the RPM), C(parameter_version), C(sql_port),
        C(exporter_port), C(rpc_port), C(architecture) and C(ip).
    type: list
    elements: dict
    required: true
  status:
    description: The state that the servers are in.
    type: str
    choices: [CREATING, RUNNING, RESTARTING, UPGRADING, REFRESHING, DELETING, UNAVAILABLE, TAKINGOVER]
    default: RUNNING
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
- name: Write that the servers run
  oceanbase.obproxy.obproxy_update_status:
    run: "{{ obproxy_plan.run }}"
    servers:
      - server_id: 1
        version: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
        parameter_version: 1
    status: RUNNING
  run_once: true
"""

RETURN = r"""
servers:
  description: The servers as the registry has them now.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    run=dict(type='raw'),
    servers=dict(type='list', elements='dict', required=True),
    status=dict(type='str', default='RUNNING', choices=[
        'CREATING', 'RUNNING', 'RESTARTING', 'UPGRADING', 'REFRESHING', 'DELETING', 'UNAVAILABLE', 'TAKINGOVER']),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_update_status runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
