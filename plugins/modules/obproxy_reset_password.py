#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_reset_password
short_description: Reset a lost password of root@proxysys
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - For an instance whose password of C(root@proxysys) nobody knows. Where one of the passwords given is let in, nothing is
    done; M(oceanbase.obproxy.obproxy_credentials) changes it then.
  - Stops the instance and starts it again with a one-time password in its arguments, which are stronger than what it has
    persisted. The real one is set by SQL over loopback at once. All other configuration stays as it was.
  - This interrupts the service of this instance.
options:
  name:
    description: The instance, as V(foo-2883). Its record on the host tells all else about it.
    type: str
    required: true
  sys_password:
    description: The password that C(root@proxysys) gets.
    type: str
    required: true
  old_sys_passwords:
    description: Passwords that C(root@proxysys) may still have. Where one is let in, there is nothing to reset.
    type: list
    elements: str
    default: []
  stop_timeout:
    description: How many seconds sessions have to finish before the stop, V(0) for none.
    type: int
    default: 60
  timeout:
    description: How many seconds the instance may take until it answers.
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
  - module: oceanbase.obproxy.obproxy_credentials
"""

EXAMPLES = r"""
- name: Give an instance a password again
  oceanbase.obproxy.obproxy_reset_password:
    name: foo-2883
    sys_password: "{{ obproxy_sys_password }}"
"""

RETURN = r"""
pids:
  description: The processes of the instance.
  returned: success
  type: list
  elements: int
  sample: [4711]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, home_of, read_record
from ansible_collections.oceanbase.obproxy.plugins.module_utils._reset import Reset
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import Instance, Obproxyd, PackageScript


def argument_spec():
    return dict(
        name=dict(type='str', required=True),
        sys_password=dict(type='str', required=True, no_log=True),
        old_sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
        stop_timeout=dict(type='int', default=60),
        timeout=dict(type='int', default=60),
    )


def run(params, changes, layout, run_command):
    """The instance, which has a password that is known afterwards."""
    record = read_record(params['name'], layout.records)
    if record is None:
        raise HostError('%s has no record on this host: an instance that the collection has created or taken over is expected.'
                        % params['name'])
    home_of(params['name'], '/', record['home'])
    instance = Instance(record)
    supervisor = (PackageScript if record.get('supervisor') == 'package' else Obproxyd)(instance, run_command, layout)
    Reset(instance, supervisor, dict(record, **params), changes, layout.records).carry_out()
    return instance


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes = Changes(module.check_mode)
    try:
        instance = run(module.params, changes, Layout(), module.run_command)
    except (HostError, ProxysysError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, pids=instance.pids())


if __name__ == '__main__':
    main()
