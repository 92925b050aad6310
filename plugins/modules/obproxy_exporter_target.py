#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_exporter_target
short_description: Keep OBProxy exporters in a Prometheus file_sd file
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Adds exporters to, or removes them from, a JSON file that Prometheus discovers its targets from.
  - The file is replaced in one step, under a lock, and targets of others are kept.
options:
  path:
    description: The JSON file on the monitoring host. A missing directory is created.
    type: path
    required: true
  targets:
    description: The exporters.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address and port that Prometheus shall scrape.
        type: str
        required: true
      labels:
        description: The labels of this target.
        type: dict
        default: {}
  state:
    description: Whether the targets are to be in the file.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Let Prometheus scrape an exporter
  oceanbase.obproxy.obproxy_exporter_target:
    path: /etc/prometheus/file_sd/obproxy.json
    targets:
      - address: 10.0.0.11:2884
        labels:
          obproxy_cluster: foo
"""

RETURN = r"""
targets:
  description: How many targets the file holds afterwards.
  returned: success
  type: int
  sample: 3
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._exporter import merge
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError


def argument_spec():
    return dict(
        path=dict(type='path', required=True),
        targets=dict(type='list', elements='dict', required=True, options=dict(
            address=dict(type='str', required=True),
            labels=dict(type='dict', default={}),
        )),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
    )


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    changes = Changes(module.check_mode)
    options = module.params
    try:
        count = merge(changes, options['path'], options['targets'], options['state'] == 'present')
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, targets=count)


if __name__ == '__main__':
    main()
