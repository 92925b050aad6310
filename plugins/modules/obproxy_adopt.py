#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_adopt
short_description: Adopt an OBProxy instance that runs
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Gives a running instance the collection's record and C(obproxyd.sh), in place of whatever has kept it running. The process goes
    on as it is. Its home stays where it is, and its user who it is.
  - The watchdog that it had is ended, that process alone. A systemd unit that it had is stopped so that the
    proxy is not, and disabled.
options:
  state:
    description:
      - V(present) adopts the instance that answers on O(sql_port).
      - V(absent) undoes that. The proxy goes on. What had kept it running does so again where that cannot harm it - a
        package's own C(obproxyd.sh) is started the way it ran, unless there was a password among its arguments; a systemd unit is
        enabled for the next boot - and RV(msg) says who does. An C(obproxyd.sh) of its home is put back.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the instance, the cluster's name and the SQL port, such as V(foo-2883).
    type: str
    required: true
  sql_port:
    description: The SQL port of the instance. Required with O(state=present).
    type: int
  home:
    description: The home that a survey has found. Required with O(state=present).
    type: path
  user:
    description: The user that a survey has found. Required with O(state=present).
    type: str
  record:
    description:
      - What to remember of the instance on its host, as the plan describes it, with what the survey has found. Required with
        O(state=present).
    type: dict
  obproxyd:
    description: The text of the instance's C(obproxyd.sh). Required with O(state=present).
    type: str
  unit:
    description: The text of the instance's systemd unit; empty where systemd does not run the host.
    type: str
    default: ''
  cron:
    description: The text of the instance's cron file; empty where systemd runs the host.
    type: str
    default: ''
  timeout:
    description: How many seconds the instance may take until it answers.
    type: int
    default: 60
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: oceanbase.obproxy.obproxy_instance_info
"""

EXAMPLES = r"""
- name: Adopt the instance on port 2883
  oceanbase.obproxy.obproxy_adopt:
    name: foo-2883
    sql_port: 2883
    home: /data/obproxy
    user: admin
    record: "{{ obproxy_server }}"
    obproxyd: "{{ lookup('ansible.builtin.template', 'obproxyd.sh.j2') }}"
    unit: "{{ lookup('ansible.builtin.template', 'obproxy.service.j2') }}"
"""

RETURN = r"""
pid:
  description: The process of the instance, the same before and after.
  returned: success, with O(state=present)
  type: int
  sample: 4711
msg:
  description: Who keeps the proxy running now.
  returned: success, with O(state=absent), when something has changed
  type: str
record:
  description: The record that the host keeps of the instance.
  returned: success, with O(state=present)
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _adopt
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, check_name

NEEDED = ('sql_port', 'home', 'user', 'record', 'obproxyd')


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            name=dict(type='str', required=True),
            sql_port=dict(type='int'),
            home=dict(type='path'),
            user=dict(type='str'),
            record=dict(type='dict'),
            obproxyd=dict(type='str'),
            unit=dict(type='str', default=''),
            cron=dict(type='str', default=''),
            timeout=dict(type='int', default=60),
        ),
        required_if=[('state', 'present', NEEDED)],
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes = Changes(module.check_mode)
    result = {}
    try:
        if os.geteuid() != 0:
            raise HostError('This needs root on the host: use become.')
        check_name(module.params['name'])
        if module.params['state'] == 'absent':
            words = _adopt.release(module.params, changes, Layout(), module.run_command)
            if words:
                result['msg'] = words
        else:
            adoption = _adopt.Adoption(module.params, changes, Layout(), module.run_command)
            result['pid'], result['record'] = adoption.adopt()
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, **result)


if __name__ == '__main__':
    main()
