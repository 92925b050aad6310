#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_upgrade
short_description: Move an OBProxy instance to another package
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Points the link of an instance to a package that is installed beside the one it has, and restarts it on that one,
    newer or older.
  - A hot restart keeps the port open. Where it can't work, the instance is stopped and started; RV(reason) says why.
  - Afterwards the process that owns the SQL port must run the package's program, tell its version, let root@proxysys
    in, take connections and have its exporter answer.
  - When any of that fails, the link is put back, the old version serves again, and the module fails with the cause. The
    old process never stopped serving where its successor died before it had taken over.
  - Versions before 4.3 can't read what later ones have persisted. Going back to one, the instance has its first start
    over again, and is told by SQL what it said of itself before. What was configured for single tenants or addresses
    stays behind, in C(etc.before-upgrade) of its home. RV(not_kept) has what the older version does not know.
  - An instance that somebody has stopped stays stopped. It starts on the package the next time.
  - Where a taken-over instance lives in a package's own directory, the link is C(current) beside the C(bin) that is
    RPM's.
options:
  name:
    description: The name of the instance, such as V(foo-2883). It must have a record on the host.
    type: str
    required: true
  package:
    description: The file name of the RPM package to move to, which must be installed.
    type: str
    required: true
  mode:
    description:
      - V(hot) keeps the port open where that is possible.
      - V(cold) stops the instance, gracefully, and starts it again.
    type: str
    choices: [hot, cold]
    default: hot
  sys_password:
    description: The password of root@proxysys, in plain text.
    type: str
    required: true
  old_sys_passwords:
    description: Earlier passwords of root@proxysys, tried in this order when O(sys_password) is refused.
    type: list
    elements: str
    default: []
  ob_passwords:
    description: The password of proxyro in each OceanBase cluster. Needed on the way from 4.3 or later to an earlier version.
    type: list
    elements: dict
    default: []
    suboptions:
      cluster_name:
        description: The name of the OceanBase cluster.
        type: str
        required: true
      password:
        description: The password, in plain text.
        type: str
        required: true
  timeout:
    description: How many seconds the instance may take until it answers.
    type: int
    default: 60
  stop_timeout:
    description: How many seconds sessions have to finish before a stop.
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
  - module: oceanbase.obproxy.obproxy_package
  - module: oceanbase.obproxy.obproxy_service
"""

EXAMPLES = r"""
- name: Install the package beside the present one
  oceanbase.obproxy.obproxy_package:
    package: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
    src: /srv/packages
    name: foo-2883

- name: Move the instance to it, without closing its port
  oceanbase.obproxy.obproxy_upgrade:
    name: foo-2883
    package: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
    sys_password: "{{ obproxy_sys_password }}"
"""

RETURN = r"""
before:
  description: What served before; none when nothing did.
  returned: success
  type: dict
  contains: &server
    pid:
      description: Its process.
      type: int
      sample: 4711
    exe:
      description: The program of that process.
      type: str
      sample: /home/admin/obproxy-4.2.3.0/bin/obproxy
    version:
      description: Its version, by its own word.
      type: str
      sample: 4.2.3.0
    binary:
      description: What C(show proxyinfo binary) tells.
      type: str
      sample: ObProxy-OceanBase CE 4.2.3.0-3.el8
after:
  description: What serves now; in check mode, and where nothing was to be done, the same as RV(before).
  returned: success
  type: dict
  contains: *server
mode:
  description:
    - How it was restarted, V(hot) or V(cold); V(anew) with a first start over again; V(none) where no restart was needed.
  returned: success
  type: str
  sample: hot
reason:
  description: Why it was not restarted hot.
  returned: success
  type: str
  sample: version 1.9.1.1 has no hot restart
not_kept:
  description: The parameters that the older version does not know, or refuses.
  returned: success
  type: list
  elements: str
  sample: [enable_obproxy_rpc_service]
serves:
  description: Whether the old version serves again after the new one did not.
  returned: failure
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._upgrade import GoneBack, Upgrade


def argument_spec():
    return dict(
        name=dict(type='str', required=True),
        package=dict(type='str', required=True),
        mode=dict(type='str', choices=['hot', 'cold'], default='hot'),
        sys_password=dict(type='str', required=True, no_log=True),
        old_sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
        ob_passwords=dict(type='list', elements='dict', default=[], no_log=False, options=dict(
            cluster_name=dict(type='str', required=True),
            password=dict(type='str', required=True, no_log=True),
        )),
        timeout=dict(type='int', default=60),
        stop_timeout=dict(type='int', default=60),
    )


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    module.get_bin_path('rpm', required=True)
    changes = Changes(module.check_mode)
    try:
        upgrade = Upgrade(module.params, Rpm(module.run_command), module.run_command, changes, Layout())
        result = upgrade.carry_out()
    except (HostError, ProxysysError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc), serves=isinstance(exc, GoneBack))
    module.exit_json(changed=changes.changed, diff=changes.diff, **result)


if __name__ == '__main__':
    main()
