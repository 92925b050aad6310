#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_instance_info
short_description: Survey every OBProxy instance of a host
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Finds every OBProxy that runs on the host, however it was started, by its processes and listening sockets. A process's
    arguments are not asked, as after a hot restart there are none.
  - With a password of C(root@proxysys) it also tells the work mode, the OB clusters and the parameters that differ from
    their defaults, in the form in which M(oceanbase.obproxy.obproxy_create) takes a request.
  - Needs root, to look into other users' processes. Changes nothing.
options:
  sys_passwords:
    description: Passwords of C(root@proxysys), tried in this order. Without any, nobody logs in.
    type: list
    elements: str
    default: []
  sql_port:
    description: Log in only to the instance with this SQL port. All instances are reported.
    type: int
  commands:
    description: Commands to look for on the host.
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds a login and each statement may take, each as a whole.
    type: int
    default: 10
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
seealso:
  - module: oceanbase.obproxy.obproxy_host_info
"""

EXAMPLES = r"""
- name: Survey the host
  oceanbase.obproxy.obproxy_instance_info:
    sys_passwords:
      - "{{ obproxy_sys_password }}"
  register: found

- name: Show what runs here, in the form that create takes
  ansible.builtin.debug:
    msg: "{{ found.instances | map(attribute='request') }}"
"""

RETURN = r"""
instances:
  description: The instances that run on the host.
  returned: success
  type: list
  elements: dict
  contains:
    pid:
      description: The process that serves. In a hot restart it is the one that stays.
      type: int
    pids:
      description: All processes of the instance.
      type: list
      elements: int
    start_time:
      description: When the process began, in seconds since boot.
      type: float
    exe:
      description: The executable, through links.
      type: str
      sample: /home/admin/obproxy-4.3.1.0/bin/obproxy
    deleted:
      description: Whether the executable has been removed under the running process.
      type: bool
    package:
      description: The RPM that the executable is of, with C(name), C(version), C(release), C(arch), C(file) and C(dir).
      type: dict
    version:
      description: The version, by the proxy's own word after a login, else by package or path.
      type: str
      sample: 4.3.1.0
    edition:
      description: V(community) or V(enterprise), as far as it can be told.
      type: str
    user:
      description: Who runs it.
      type: str
    uid:
      description: The number of RV(instances[].user).
      type: int
    home:
      description: The directory with its configuration and logs.
      type: str
    cwd:
      description: The working directory.
      type: str
    sql_port:
      description: The port that speaks MySQL.
      type: int
    exporter_port:
      description: The port that serves the metrics.
      type: int
    rpc_port:
      description: The port for RPC, from 4.3 on.
      type: int
    ports:
      description: All ports that it listens on.
      type: list
      elements: int
    silent_ports:
      description: Those that take connections and say nothing.
      type: list
      elements: int
    supervisor:
      description:
        - What keeps it running. The C(kind) is V(collection) (this collection's obproxyd.sh), V(community) or V(enterprise) (the
          package's script), V(obd), V(systemd) or V(none); C(pids) and C(script) are the watchdog's, C(unit) is systemd's.
      type: dict
    record:
      description: The record that this collection keeps of it, if there is one.
      type: dict
    login:
      description: V(ok), V(refused) for wrong passwords, V(failed), or V(not tried).
      type: str
    login_error:
      description: Why the login has failed.
      type: str
    password_index:
      description: Which of O(sys_passwords) was let in.
      type: int
    app_name:
      description: The name that it was started with.
      type: str
    work_mode:
      description: V(RS_LIST) or V(CONFIG_URL).
      type: str
    config_url:
      description: The config server's address.
      type: str
    rs_list:
      description: The root servers.
      type: str
    ob_clusters:
      description:
        - The OB clusters that it serves. With a config server those that it has met, or has a password for.
      type: list
      elements: dict
    differing:
      description: The parameters that differ from their defaults, but for passwords and ports.
      type: list
      elements: dict
    request:
      description:
        - The instance as a request body for M(oceanbase.obproxy.obproxy_create), with no hosts in it. A proxy does not tell
          C(obClusterId); where neither the record nor OBProxy knows it, it is left out. C(proxy_id), which no two servers
          may share, is too.
        - Of an instance with a record it holds what the cluster says, its links and its parameters, not what the server has of its own.
      type: dict
    variables:
      description: What create takes from variables instead.
      type: dict
records:
  description: The records of all instances on the host, running or not.
  returned: success
  type: list
  elements: dict
packages:
  description: The OBProxy packages that are installed.
  returned: success
  type: list
  elements: dict
architecture:
  description: The host's architecture.
  returned: success
  type: str
agents:
  description: The monitoring agents, C(textfile_dir) of a node_exporter and C(ocp_agent_dir), each nothing where there is none.
  returned: success
  type: dict
  sample: {textfile_dir: /var/lib/prometheus/node-exporter, ocp_agent_dir: null}
systemd:
  description: Whether systemd runs the host.
  returned: success
  type: bool
missing_commands:
  description: The commands of O(commands) that are missing.
  returned: success
  type: list
  elements: str
problems:
  description: What could not be read, in sentences.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._discovery import survey
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import find_command


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=dict(
            sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
            sql_port=dict(type='int'),
            commands=dict(type='list', elements='str', default=[]),
            timeout=dict(type='int', default=10),
        ),
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    if os.geteuid() != 0:
        module.fail_json(msg="This needs root on the host, to look into other users' processes: use become.")
    try:
        result = survey(module.params, module.run_command)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    # No password is among what was found; but one like "admin" would blot out parts of it.
    module.no_log_values.clear()
    missing = sorted(name for name in module.params['commands'] if not find_command(name))
    module.exit_json(changed=False, missing_commands=missing, **result)


if __name__ == '__main__':
    main()
