#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_ob_account
short_description: Create or change the account that OBProxy has in OceanBase
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Sees to it that an account of the tenant C(sys) is let in with its password and has C(SELECT) on C(*.*).
  - First logs in as the account itself. Where that shows that all is as wanted, nobody else logs in.
  - Else the account is created or changed by the administrator of the tenant C(sys), and logged in as again.
    Where there are several accounts of that name, for several hosts, all of them are changed.
  - A locked account stays locked, and is an error.
  - No password appears in results, diffs or errors. OceanBase is told the new one in plain text, over a connection without TLS.
options:
  root_servers:
    description: OceanBase's root servers, as V(ip:port) of their SQL port. The first that answers is used.
    type: list
    elements: str
    required: true
  name:
    description: The account's name, without its tenant.
    type: str
    default: proxyro
  password:
    description: The password that the account is to have.
    type: str
    required: true
  sys_user:
    description: The administrator of the tenant C(sys). Needed only where something is to be changed.
    type: str
    default: root@sys
  sys_password:
    description:
      - The administrator's password.
      - Without it nothing is changed. Where something would have to be, that is an error.
    type: str
  hold:
    description:
      - Why the account may not be changed now.
      - Where this says anything, a change that is needed is not made but an error with these reasons.
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds each login and each statement may take, and how long to wait until a change is in force.
    type: int
    default: 10
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
  - module: oceanbase.obproxy.obproxy_credentials
notes:
  - The target needs no MySQL driver.
  - The login method C(mysql_native_password) is spoken.
"""

EXAMPLES = r"""
- name: Let OBProxy in
  oceanbase.obproxy.obproxy_ob_account:
    root_servers:
      - 10.0.0.1:2881
      - 10.0.0.2:2881
    password: "{{ hooray_proxyro_password }}"
    sys_password: "{{ hooray_sys_password }}"

- name: See whether OBProxy is let in
  oceanbase.obproxy.obproxy_ob_account:
    root_servers:
      - 10.0.0.1:2881
    password: "{{ hooray_proxyro_password }}"
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode. Never a value.
  returned: success
  type: list
  elements: str
  sample:
    - "password of proxyro: differs -> set"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._ob_account import Account
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=dict(
            root_servers=dict(type='list', elements='str', required=True),
            name=dict(type='str', default='proxyro'),
            password=dict(type='str', required=True, no_log=True),
            sys_user=dict(type='str', default='root@sys'),
            sys_password=dict(type='str', no_log=True),
            hold=dict(type='list', elements='str', default=[]),
            timeout=dict(type='int', default=10),
        ),
        supports_check_mode=True,
    )
    params = module.params
    try:
        changes = Account(params).ensure(module.check_mode)
    except ProxysysError as exc:
        module.fail_json(msg='The account %s of OceanBase at %s: %s' % (params['name'], ', '.join(params['root_servers']), exc))
    result = dict(changed=bool(changes), changes=['%s: %s -> %s' % (change.what, change.state, change.after) for change in changes])
    if module._diff:
        result['diff'] = dict(before=dict((change.what, change.state) for change in changes),
                              after=dict((change.what, change.after) for change in changes))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
