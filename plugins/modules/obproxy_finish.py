#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_finish
short_description: Release a run's servers in the registry
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. The servers of the run that are up can be worked on by other operations again.
options:
  run:
    description: The run, RV(oceanbase.obproxy.obproxy_create#module:run) of the plan, or its id.
    type: raw
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
- name: Release the servers
  oceanbase.obproxy.obproxy_finish:
    run: "{{ obproxy_plan.run }}"
  run_once: true
"""

RETURN = r"""
servers:
  description: The ids of the servers.
  returned: success
  type: list
  elements: int
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    run=dict(type='raw', required=True),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_finish runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
