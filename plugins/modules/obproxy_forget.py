#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_forget
short_description: Take servers that were rolled back or removed out of the registry
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Removes servers and their exporters from the registry, and their cluster where no server is left in it
    and the run deletes it, or created it.
options:
  run:
    description: The run, RV(oceanbase.obproxy.obproxy_task_rollback#module:run) of the plan, or its id.
    type: raw
    required: true
  servers:
    description: The ids of the servers.
    type: list
    elements: int
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
    support: full
"""

EXAMPLES = r"""
- name: Forget the servers
  oceanbase.obproxy.obproxy_forget:
    run: "{{ obproxy_plan.run }}"
    servers: [7, 8]
"""

RETURN = r"""
changed:
  description: Whether something has changed in the registry.
  returned: always
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    run=dict(type='raw', required=True),
    servers=dict(type='list', elements='int', required=True),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_forget runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
