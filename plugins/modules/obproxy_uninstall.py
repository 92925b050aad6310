#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_uninstall
short_description: Take an OBProxy instance off its host
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Stops the instance, gracefully, and removes its supervisor, its package, its home and its record.
  - A package that another instance or process uses stays, and so does one that was there before the first instance.
    The last instance takes what came with another one. The user stays.
  - The home of an instance that was taken over was there before us. Only what the takeover brought goes from it.
  - An instance that has no record on the host is gone already, unless a process works in a directory of its name, which fails.
  - Another call that works on the same instance is waited for, for a minute; then this one fails and names it.
options:
  name:
    description: The name of the instance, the cluster's name and the SQL port, such as V(foo-2883).
    type: str
    required: true
  stop_timeout:
    description: How many seconds sessions have to end by themselves before they are cut; 0 for none.
    type: int
    default: 60
  keep_data:
    description: Keep the directories C(etc) and C(log) of the home.
    type: bool
    default: false
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
- name: Remove an instance, but keep its logs
  oceanbase.obproxy.obproxy_uninstall:
    name: foo-2883
    keep_data: true
"""

RETURN = r"""
record:
  description: The record that the host had of the instance; none when it was gone already.
  returned: success
  type: dict
  sample: {name: foo-2883, cluster_id: 1, sql_port: 2883, home: /opt/obproxy/foo-2883}
steps:
  description: What it took to stop the instance, one signal after the other.
  returned: success
  type: list
  elements: dict
  contains:
    signal:
      description: The signal.
      type: str
      sample: SIGUSR1
    pids:
      description: The processes that it was sent to.
      type: list
      elements: int
      sample: [4711]
    seconds:
      description: How long they were waited for.
      type: float
      sample: 2.1
    gone:
      description: Whether they had ended by then.
      type: bool
      sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._uninstall import uninstall


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type='str', required=True),
            stop_timeout=dict(type='int', default=60),
            keep_data=dict(type='bool', default=False),
        ),
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes = Changes(module.check_mode)
    try:
        record, steps = uninstall(module.params['name'], module.params['keep_data'], module.params['stop_timeout'], changes,
                                  Layout(), module.run_command)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, record=record, steps=steps)


if __name__ == '__main__':
    main()
