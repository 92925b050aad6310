#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_agent
short_description: Tell the monitoring agents of a host about an OBProxy instance
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Writes what OBProxy's own exporter does not tell to a textfile of node_exporter, and the instances of the host to
    a file of OCP's agent. A timer of systemd's, or cron, keeps both fresh. Several instances share them.
  - A host without such an agent is left as it is.
options:
  state:
    description: Whether the agents are to know the instance.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the instance, the cluster's name and the SQL port, such as V(foo-2883). Its host has its record.
    type: str
    required: true
  address:
    description: The host's address, for OCP's agent.
    type: str
    default: ''
  script:
    description: The text of the script that writes the files. Required with O(state=present).
    type: str
  sys_passwords:
    description:
      - Passwords of C(root@proxysys), tried in this order, to read the limits that the metrics are compared with. They are not kept.
      - Without any, or where nothing listens in check mode, the limits stay as they were read before.
    type: list
    elements: str
    default: []
  pending_restart:
    description: Parameters that were just set and take effect only after a restart.
    type: list
    elements: str
    default: []
  textfile_dir:
    description: The directory of node_exporter's textfile collector. Left out, it is the one of the node_exporter that runs.
    type: path
  ocp_agent:
    description: Where OCP's agent is installed.
    type: path
    default: /home/admin/ocp_agent
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
- name: Tell the agents
  oceanbase.obproxy.obproxy_agent:
    name: foo-2883
    address: 10.0.0.11
    sys_passwords:
      - "{{ obproxy_sys_password }}"
    script: "{{ lookup('ansible.builtin.file', 'agent.py', rstrip=false) }}"
"""

RETURN = r"""
agents:
  description: The directories of the agents that were found, each nothing where there is none.
  returned: success, with O(state=present)
  type: dict
  sample: {textfile_dir: /var/lib/prometheus/node-exporter, ocp_agent_dir: null}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _agent, _agents, _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import listeners
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, connect_any


def limits(params, record, check_mode):
    """What the live proxy has; nothing where nobody can be asked."""
    passwords = [password for password in params['sys_passwords'] if password]
    if not passwords or (check_mode and record['sql_port'] not in listeners([record['sql_port']])):
        return None
    try:
        with connect_any(record['sql_port'], passwords)[0] as client:
            return _agent.limits(client)
    except ProxysysError as exc:
        raise HostError('The limits of %s cannot be read on port %d: %s.' % (record['name'], record['sql_port'], exc))


def tell(params, changes, layout, run):
    """The agents of the host, after they were told."""
    found = _agents.find(params['textfile_dir'], params['ocp_agent'], layout.proc)
    if not any(found.values()):
        return found
    record = _instance.read_record(params['name'], layout.records)
    if record is None and changes.check_mode:
        changes.add('agents', '', params['name'] + '\n')
    elif record is None:
        raise HostError('%s has no record on this host: prepare the instance (obproxy_instance) first.' % params['name'])
    else:
        given = dict(params, limits=limits(params, record, changes.check_mode))
        _agent.Agent(changes, layout, run).tell(record, found, given)
    return found


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type='str', choices=['present', 'absent'], default='present'),
            name=dict(type='str', required=True),
            address=dict(type='str', default=''),
            script=dict(type='str'),
            sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
            pending_restart=dict(type='list', elements='str', default=[]),
            textfile_dir=dict(type='path'),
            ocp_agent=dict(type='path', default='/home/admin/ocp_agent'),
        ),
        required_if=[('state', 'present', ['script'])],
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes, layout, result = Changes(module.check_mode), _instance.Layout(), {}
    try:
        if os.geteuid() != 0:
            raise HostError('This needs root on the host: use become.')
        _instance.check_name(module.params['name'])
        with _instance.locked_host(layout, changes):
            if module.params['state'] == 'absent':
                _agent.Agent(changes, layout, module.run_command).forget(module.params['name'])
            else:
                result['agents'] = tell(module.params, changes, layout, module.run_command)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, **result)


if __name__ == '__main__':
    main()
