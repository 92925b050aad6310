#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_live_parameter_info
short_description: Read the parameters that a running OBProxy has
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Reads all parameters but passwords, and which of them differ from their defaults.
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.proxysys
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  name:
    description: The name of the instance, such as V(foo-2883), whose record knows what awaits a restart.
    type: str
seealso:
  - module: oceanbase.obproxy.obproxy_parameter_info
  - module: oceanbase.obproxy.obproxy_parameters
"""

EXAMPLES = r"""
- name: Read the parameters
  oceanbase.obproxy.obproxy_live_parameter_info:
    sql_port: 2883
    sys_password: "{{ obproxy_sys_password }}"
  register: obproxy_survey
"""

RETURN = r"""
parameters:
  description: All parameters but passwords and commands, with their values. OBProxy shows what is pending, too.
  returned: success
  type: dict
  sample: {proxy_mem_limited: 2G}
differing:
  description:
    - The names of those that differ from their defaults.
    - What must differ between servers, or says to which cluster they belong, is not among them, such as ports and C(proxy_id).
  returned: success
  type: list
  elements: str
  sample: [proxy_mem_limited]
pending_restart:
  description: The parameters that were altered since the process began, and take effect when it is another one.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _admin, _discovery_live, _parameters
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._parameter_record import ParameterRecord
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError


def ask(params):
    record = ParameterRecord(params['name'], params['sql_port'])
    with _admin.log_in(params)[0] as client:
        live = _parameters.read(client)
        differing = _discovery_live.differing(client, live)
    shown = dict((name, one.value) for name, one in live.items()
                 if 'password' not in name.lower() and one.visible_level != u'MEMORY')
    return dict(parameters=shown, differing=[one['name'] for one in differing], pending_restart=sorted(record.pending(live, [])))


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=_admin.argument_spec(name=dict(type='str')), supports_check_mode=True)
    try:
        found = ask(module.params)
    except (HostError, ProxysysError) as exc:
        module.fail_json(msg='The parameters on port %d cannot be read: %s' % (module.params['sql_port'], exc))
    module.exit_json(changed=False, **found)


if __name__ == '__main__':
    main()
