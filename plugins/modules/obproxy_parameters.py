#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_parameters
short_description: Set the parameters of a running OBProxy
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Reads all parameters over one connection, compares them as OBProxy reads them (V(60s) is V(1m), V(2G) is V(2048)),
    and alters only those that differ.
  - All names are looked at before anything is altered. A value that OBProxy refuses ends the module, which then says
    what had been set before.
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.proxysys
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens on O(sql_port) yet, all parameters are said to be set.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  parameters:
    description: The parameters and the values they are to have. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The parameter's name.
          - Passwords are refused, use M(oceanbase.obproxy.obproxy_credentials). So are commands that OBProxy carries out
            once, such as C(proxy_local_cmd).
        type: str
        required: true
      value:
        description:
          - The value as text, number or boolean.
          - A bare number means megabytes for a size and seconds for a time.
        type: raw
        required: true
seealso:
  - module: oceanbase.obproxy.obproxy_credentials
"""

EXAMPLES = r"""
- name: Size the proxy's memory and turn its slow query log up
  oceanbase.obproxy.obproxy_parameters:
    sql_port: 2883
    sys_password: "{{ obproxy_sys_password }}"
    parameters:
      - name: proxy_mem_limited
        value: 4G
      - name: slow_query_time_threshold
        value: 200ms
"""

RETURN = r"""
before:
  description: What the parameters that differed had. Empty where nothing listened in check mode.
  returned: always
  type: dict
  sample: {proxy_mem_limited: 2G}
after:
  description: What these parameters have now, or would have in check mode.
  returned: always
  type: dict
  sample: {proxy_mem_limited: 4G}
pending_restart:
  description:
    - Those of the altered parameters that take effect at the next restart.
    - Parameters altered earlier are not among them, as OBProxy shows the pending value and not the one in force.
  returned: always
  type: list
  elements: str
  sample: [work_thread_num]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, Refused


def fail_on(module, faults):
    if faults:
        module.fail_json(msg='Nothing was altered on port %d. %s' % (module.params['sql_port'], '; '.join(faults)))


def run(module):
    wanted, faults = _parameters.normalise(module.params['parameters'])
    fail_on(module, faults)
    try:
        client = _admin.log_in(module.params)[0]
    except Refused:
        if not module.check_mode:
            raise
        return _parameters.outcome({}, wanted)
    with client:
        live = _parameters.read(client)
        changes, faults = _parameters.compare(live, wanted)
        fail_on(module, faults)
        if changes and not module.check_mode:
            try:
                _parameters.alter(client, changes)
            except _parameters.ParameterError as exc:
                kept = [(name, value) for name, value in changes if name in exc.done]
                module.fail_json(msg=str(exc), **_parameters.outcome(live, kept))
    return _parameters.outcome(live, changes)


def main():
    keep_deadline()
    parameter = dict(name=dict(type='str', required=True), value=dict(type='raw', required=True))
    module = AnsibleModule(
        argument_spec=_admin.argument_spec(parameters=dict(type='list', elements='dict', required=True, options=parameter)),
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except ProxysysError as exc:
        module.fail_json(msg='The parameters on port %d were not altered: %s' % (module.params['sql_port'], exc))
    if module._diff:
        result['diff'] = dict(before=result['before'], after=result['after'])
    module.exit_json(**result)


if __name__ == '__main__':
    main()
