#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_discover
short_description: Rebuild the registry from the records on the hosts
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Runs on the controller. Writes the clusters, hosts and servers, with their versions and parameters, that surveys of the hosts have
    found records of and that the registry lacks, in one transaction. What it has stays as it is.
  - Ids are as recorded where they are free. A host's id is the C(obproxy_host_id) of the inventory where it has one.
  - A cluster without servers has no record, and the tasks of former runs are on no host. They are not rebuilt.
options:
  surveys:
    description: What M(oceanbase.obproxy.obproxy_instance_info) has returned, by the inventory's names of the hosts.
    type: dict
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
seealso:
  - module: oceanbase.obproxy.obproxy_instance_info
"""

EXAMPLES = r"""
- name: Rebuild the registry
  oceanbase.obproxy.obproxy_discover:
    surveys:
      proxy1: "{{ hostvars.proxy1.obproxy_survey }}"
"""

RETURN = r"""
clusters:
  description: The clusters that were written, with C(id) and C(name).
  returned: success
  type: list
  elements: dict
servers:
  description: The servers that were written, with C(id), C(name), C(host) and C(status).
  returned: success
  type: list
  elements: dict
unmanaged:
  description: Instances that run without a record, which can be taken over.
  returned: success
  type: list
  elements: dict
problems:
  description: What could not be written as recorded, in sentences.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

OPTIONS = dict(
    surveys=dict(type='dict', required=True),
    registry_url=dict(type='str', no_log=True),
)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.fail_json(
        msg='oceanbase.obproxy.obproxy_discover runs on the controller: call it by its full name, from a play')


if __name__ == '__main__':
    main()
