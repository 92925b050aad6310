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
  - What kind of value a parameter has is known for OBProxy 3.2.3 to 4.3.1. For other parameters two spellings are the same
    where they are so in every kind that the present value may be of.
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
          - A bare number means megabytes for a size and seconds for a time. As no size is above a terabyte, a larger number
            means bytes, V(2147483648) is V(2G).
        type: raw
        required: true
  unknown:
    description:
      - What to do about parameters that this version of OBProxy does not have. V(fail) sets none at all, V(report) sets the
        others and names them in RV(unknown).
    type: str
    choices: [fail, report]
    default: fail
  name:
    description:
      - The name of the instance, such as V(foo-2883). Its record then remembers what awaits a restart.
    type: str
  record:
    description: What the record of O(name) says from now on. Nothing else of it is changed.
    type: dict
    suboptions:
      parameter_version:
        description: The version of the cluster's parameters.
        type: int
      startup_parameters:
        description: Those of the cluster that a first start is given.
        type: list
        elements: dict
      parameters:
        description: The others of the cluster.
        type: list
        elements: dict
      own_parameters:
        description: Those of this server alone.
        type: list
        elements: dict
      ob_links:
        description: The OB clusters that the cluster is linked with.
        type: list
        elements: dict
      request:
        description: What create was asked for, as it has come to be.
        type: dict
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
    - The parameters that take effect at the next restart, where OBProxy runs with another value than it shows.
    - Without O(name) only those that were altered now, as OBProxy shows the pending value and not the one in force.
  returned: always
  type: list
  elements: str
  sample: [work_thread_num]
unknown:
  description: The wanted parameters that this version does not have, each with the nearest that it has, or an empty text.
  returned: always
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameter_sync import SyncError, sync
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._specs import PARAMETERS, RECORD


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=_admin.argument_spec(
            parameters=PARAMETERS,
            unknown=dict(type='str', choices=['fail', 'report'], default='fail'),
            name=dict(type='str'),
            record=RECORD,
        ),
        supports_check_mode=True,
    )
    try:
        result = sync(module.params, module.check_mode)
    except SyncError as exc:
        module.fail_json(msg=str(exc), **exc.result)
    except (HostError, ProxysysError) as exc:
        module.fail_json(msg='The parameters on port %d were not altered: %s' % (module.params['sql_port'], exc))
    if module._diff:
        result['diff'] = dict(before=result['before'], after=result['after'])
    module.exit_json(**result)


if __name__ == '__main__':
    main()
