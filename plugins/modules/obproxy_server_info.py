#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_server_info
short_description: See whether an OBProxy serves
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Logs in to OBProxy, has it say that it takes new connections, and fetches its metrics.
  - Fails, naming all that is wrong and where to look next, when it does not serve.
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.proxysys
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens on O(sql_port) in check mode, RV(server) is null and the module does not fail,
        as an earlier task may have started OBProxy had it not been for check mode.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  exporter_port:
    description: The port that OBProxy's metrics are fetched from.
    type: int
    required: true
  wait:
    description: How many seconds OBProxy is given to become alive.
    type: int
    default: 0
  drain_timeout:
    description:
      - How many seconds to wait until no client is connected. Afterwards RV(server.sessions) says how many are left.
      - In check mode nobody is waited for.
    type: int
    default: 0
seealso:
  - module: oceanbase.obproxy.obproxy_host_info
"""

EXAMPLES = r"""
- name: Log in to obproxy
  oceanbase.obproxy.obproxy_server_info:
    sql_port: 2883
    exporter_port: 2884
    sys_password: "{{ obproxy_sys_password }}"
    wait: 30
  register: obproxy_live

- name: Wait two minutes for the clients to leave
  oceanbase.obproxy.obproxy_server_info:
    sql_port: 2883
    exporter_port: 2884
    sys_password: "{{ obproxy_sys_password }}"
    drain_timeout: 120
  register: obproxy_drained
"""

RETURN = r"""
server:
  description: The server as it answered.
  returned: success
  type: dict
  contains:
    pid:
      description: The process that listens on the SQL port; in a hot restart the one that takes over. Null where it may not be seen.
      type: int
    version:
      description: The running version.
      type: str
      sample: 4.3.1.0
    binary:
      description: What OBProxy says of its executable.
      type: str
    ping:
      description: Whether it takes new connections.
      type: bool
    exporter:
      description: Whether its metrics were answered.
      type: bool
    sql_port:
      description: The SQL port.
      type: int
    exporter_port:
      description: The exporter's port.
      type: int
    sessions:
      description: How many clients are connected, those of the admin SQL apart.
      type: int
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _process, _server
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=_admin.argument_spec(
            exporter_port=dict(type='int', required=True),
            wait=dict(type='int', default=0),
            drain_timeout=dict(type='int', default=0),
        ),
        supports_check_mode=True,
    )
    sql_port = module.params['sql_port']
    if module.check_mode and sql_port not in _process.listeners((sql_port,)):
        module.exit_json(changed=False, server=None, msg='Nothing listens on port %d, which is left at that in check mode.' % sql_port)
    try:
        server = (_server.wait_for if module.check_mode else _server.drain)(module.params)
    except ProxysysError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, server=server)


if __name__ == '__main__':
    main()
