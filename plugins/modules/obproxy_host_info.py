#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_host_info
short_description: Survey a host for an OBProxy instance
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Looks once at everything that matters for an OBProxy instance on this host, and says what would make it impossible
    and who is in its way.
  - Reads C(/proc), RPM's database and the records in C(/etc/obproxy). Command lines are not returned, as they may
    hold passwords.
options:
  name:
    description: The name of the instance that the survey is for, such as V(foo-2883).
    type: str
  cluster_id:
    description: The id of the cluster that the instance belongs to.
    type: int
  sql_port:
    description: The SQL port of the instance.
    type: int
  exporter_port:
    description: The port of the instance's exporter.
    type: int
  rpc_port:
    description: The RPC port of the instance.
    type: int
  package:
    description: The package that the instance needs.
    type: dict
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      version:
        description: Its version.
        type: str
        required: true
      release:
        description: Its release.
        type: str
        required: true
      arch:
        description: Its architecture.
        type: str
        required: true
      file:
        description: The name of its file; not used here.
        type: str
  user:
    description: The user that the instance runs as.
    type: str
    default: admin
  base:
    description: The directory that holds the homes of instances.
    type: path
    default: /opt/obproxy
  commands:
    description: Commands to look for.
    type: list
    elements: str
    default: []
  min_free_mb:
    description: How much room an installation needs, in MB.
    type: int
    default: 1024
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Survey the host
  oceanbase.obproxy.obproxy_host_info:
    name: foo-2883
    sql_port: 2883
    exporter_port: 2884
    commands: [nc]
  register: obproxy_survey
"""

RETURN = r"""
host:
  description: What was found.
  returned: success
  type: dict
  contains:
    architecture:
      description: The machine's architecture.
      type: str
      sample: x86_64
    kernel:
      description: The kernel's release.
      type: str
    os:
      description: C(id) and C(version_id) of the distribution.
      type: dict
      sample: {id: rocky, version_id: "8.10"}
    python:
      description: The version of Python that runs modules here.
      type: str
    systemd:
      description: Whether systemd is the first process.
      type: bool
    agents:
      description: The monitoring agents, C(textfile_dir) of a node_exporter and C(ocp_agent_dir), each nothing where there is none.
      type: dict
      sample: {textfile_dir: /var/lib/prometheus/node-exporter, ocp_agent_dir: null}
    uid:
      description: The id of the user that the survey ran as.
      type: int
    user:
      description: The user of O(user), C(name), C(exists), C(uid), C(gid) and C(home).
      type: dict
    addresses:
      description: The addresses of the host that are neither loopback nor link-local.
      type: list
      elements: str
    memory_mb:
      description: The memory of the host.
      type: int
    free_mb:
      description: The free room in MB, by directory.
      type: dict
    limits:
      description: The hard limit of open files now, and what a session may be given up to the advised 655350.
      type: dict
      sample: {nofile_hard: 4096, nofile_reachable: 655350}
    processes:
      description: The processes of OBProxy and of its watchdogs; C(start_time) is in seconds since boot.
      type: list
      elements: dict
    listeners:
      description: By port, C(pids), C(uid) and C(addresses) of the ports asked about and of those that obproxy holds.
      type: dict
    packages:
      description: The OBProxy packages, C(name), C(version), C(release), C(arch), C(dir).
      type: list
      elements: dict
    commands:
      description: By command of O(commands), its path, or nothing where it is missing.
      type: dict
    records:
      description: The records of all instances on the host.
      type: list
      elements: dict
    record:
      description: The record of O(name), if there is one.
      type: dict
    instance:
      description: Whether the instance is C(running), the C(pid) that serves, and all its C(pids).
      type: dict
      sample: {running: true, pid: 4711, pids: [4711]}
problems:
  description: What makes an installation impossible, in sentences.
  returned: success
  type: list
  elements: str
conflicts:
  description: Who holds one of the ports or the home and is not this instance, in sentences.
  returned: success
  type: list
  elements: str
missing_commands:
  description: The commands of O(commands) that are missing.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import Survey
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import check_name, home_of
from ansible_collections.oceanbase.obproxy.plugins.module_utils._specs import PACKAGE
from ansible_collections.oceanbase.obproxy.plugins.module_utils._verdict import judged


def argument_spec():
    return dict(
        name=dict(type='str'),
        cluster_id=dict(type='int'),
        sql_port=dict(type='int'),
        exporter_port=dict(type='int'),
        rpc_port=dict(type='int'),
        package=PACKAGE,
        user=dict(type='str', default='admin'),
        base=dict(type='path', default='/opt/obproxy'),
        commands=dict(type='list', elements='str', default=[]),
        min_free_mb=dict(type='int', default=1024),
    )


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    options = module.params
    try:
        if options['name']:
            check_name(options['name'])
            home_of(options['name'], options['base'])
        result, warnings = judged(Survey(options, module.run_command))
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    for words in warnings:
        module.warn(words)
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
