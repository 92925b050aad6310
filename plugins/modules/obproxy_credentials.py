#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_credentials
short_description: Set the passwords that a running OBProxy keeps
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Sets the password of C(root@proxysys), and those that OBProxy logs in to OceanBase with as C(proxyro).
  - Compares them by the SHA-1 that OBProxy shows. What is set is looked at again, and the new password of
    C(root@proxysys) is logged in with.
  - No password and no hash appears in results, diffs or errors.
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.proxysys
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens on O(sql_port) yet, all passwords are said to be set.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  ob_passwords:
    description:
      - The password of C(proxyro) for each OceanBase cluster that this OBProxy serves.
      - From OBProxy 4.1 each cluster has its own. Before, OBProxy keeps one for all, and different ones are an error.
      - Where all are the same, it is also set for OBProxy as a whole.
    type: list
    elements: dict
    default: []
    suboptions:
      cluster_name:
        description: The OceanBase cluster's name.
        type: str
        required: true
      password:
        description: The password that C(proxyro) has there.
        type: str
        required: true
  state:
    description:
      - V(present) sets all passwords. Those of C(proxyro) are the only ones afterwards.
      - V(staged) sets those of O(ob_passwords) that are new beside the ones in force, so that OBProxy logs in with either
        of them. The account in OceanBase can be changed then without an interruption, and V(present) ends it. The password
        of C(root@proxysys) is set all the same.
      - Where an earlier change is not ended yet, V(staged) is refused.
    type: str
    choices: [present, staged]
    default: present
  exporter_port:
    description: The port of the exporter. With it the server is looked at once its passwords are set, and RV(server) says what answers.
    type: int
seealso:
  - module: oceanbase.obproxy.obproxy_ob_account
  - module: oceanbase.obproxy.obproxy_parameters
notes:
  - OBProxy's SQL cannot be told a password that has a backslash, or both single and double quotes. Such a password is refused
    before anything is set.
"""

EXAMPLES = r"""
- name: Set the passwords, whether the old or the new one of root@proxysys is in force
  oceanbase.obproxy.obproxy_credentials:
    sql_port: 2883
    sys_password: "{{ obproxy_sys_password }}"
    old_sys_passwords:
      - "{{ obproxy_previous_sys_password }}"
    ob_passwords:
      - cluster_name: hooray
        password: "{{ hooray_proxyro_password }}"

- name: Let OBProxy in with the present and with the new password of proxyro
  oceanbase.obproxy.obproxy_credentials:
    sql_port: 2883
    sys_password: "{{ obproxy_sys_password }}"
    ob_passwords:
      - cluster_name: hooray
        password: "{{ hooray_new_proxyro_password }}"
    state: staged
"""

RETURN = r"""
changes:
  description: What was set, or would be set in check mode. Never a value.
  returned: always
  type: list
  elements: str
  sample:
    - "observer_sys_password of cluster hooray: differs -> set"
server:
  description: As in M(oceanbase.obproxy.obproxy_server_info). Null in check mode where nothing listens.
  returned: with O(exporter_port)
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _credentials, _process, _server
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._specs import OB_PASSWORDS


def look(module):
    """The server as it answers now, as a part of the module's result."""
    params = module.params
    if module.check_mode and params['sql_port'] not in _process.listeners((params['sql_port'],)):
        return dict(server=None)
    return dict(server=_server.survey(params))


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=_admin.argument_spec(
            ob_passwords=OB_PASSWORDS,
            state=dict(type='str', choices=['present', 'staged'], default='present'),
            exporter_port=dict(type='int'),
        ),
        supports_check_mode=True,
    )
    try:
        changes = _credentials.ensure(module.params, module.check_mode)
        found = look(module) if module.params['exporter_port'] else {}
    except _server.NotAlive as exc:
        module.fail_json(msg=str(exc))
    except ProxysysError as exc:
        module.fail_json(msg='The passwords on port %d are not as wanted: %s' % (module.params['sql_port'], exc))
    result = dict(changed=bool(changes), changes=['%s: %s -> %s' % (change.what, change.state, change.after) for change in changes], **found)
    if module._diff:
        result['diff'] = dict(before=dict((change.what, change.state) for change in changes),
                              after=dict((change.what, change.after) for change in changes))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
