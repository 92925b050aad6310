#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_instance
short_description: Prepare the place of an OBProxy instance on its host
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Creates, in one call, what an instance needs before it can be started. That is its user, its home, its record,
    the limits, its C(obproxyd.sh) and what starts it at boot. Nothing is started.
  - What is removed is exactly what was created, never another instance's.
options:
  state:
    description:
      - V(present) prepares the instance.
      - V(absent) removes it. An instance that runs is refused; stop it with M(oceanbase.obproxy.obproxy_service)
        first.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the instance, the cluster's name and the SQL port, such as V(foo-2883).
    type: str
    required: true
  user:
    description: The user that the instance runs as. A user that is missing is created, without a password.
    type: str
    default: admin
  base:
    description: The directory that holds the homes of instances.
    type: path
    default: /opt/obproxy
  home:
    description: The home of the instance; by default the directory O(name) in O(base).
    type: path
  record:
    description:
      - What to remember of the instance on its host, as the plan describes it, C(cluster_id) and C(sql_port) at least. Required with
        O(state=present).
      - Only the known fields are kept, none of which is secret.
    type: dict
  templates:
    description:
      - A folder on the controller with the templates C(obproxyd.sh.j2), C(obproxy.service.j2) and C(obproxy.cron.j2), which give
        O(obproxyd), O(unit) and O(cron). They are rendered there, with O(record) as C(obproxy_server), O(base) as C(obproxy_base)
        and O(user) as C(obproxy_user).
      - Not together with O(obproxyd), O(unit) and O(cron).
    type: path
  obproxyd:
    description: The text of the instance's C(obproxyd.sh). Left out, what is there stays.
    type: str
  unit:
    description:
      - The text of the instance's systemd unit. An empty text means that there is to be none.
      - With O(cron), too, systemd takes the unit, and a host without it the cron file.
      - Left out, what is there stays.
    type: str
  cron:
    description:
      - The text of the instance's cron file, for hosts without systemd. An empty text means that there is to be none.
      - Left out, what is there stays.
    type: str
  supervisor:
    description: What watches the instance.
    type: str
    choices: [obproxyd, package]
    default: obproxyd
  survey:
    description:
      - Survey the host first, as M(oceanbase.obproxy.obproxy_host_info) does, in the same call; O(record) has the ports and the cluster.
      - Fails where RV(problems) are found, and then nothing is prepared. Fails after the preparation where there are RV(conflicts) or
        RV(missing_commands), and RV(subtask) says whose failure it is. With O(settings), an instance that runs is compared with all that is
        wanted of it, and RV(subtasks) says what has nothing to do.
    type: dict
    suboptions:
      package:
        description: The package that the instance needs.
        type: dict
        required: true
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
            description: The name of its file.
            type: str
      commands:
        description: Commands to look for.
        type: list
        elements: str
        default: []
      min_free_mb:
        description: How much room an installation needs, in MB.
        type: int
        default: 1024
  sys_password:
    description: The password that C(root@proxysys) is to have. Required with O(settings).
    type: str
  old_sys_passwords:
    description: Passwords that C(root@proxysys) may still have.
    type: list
    elements: str
    default: []
  keep_data:
    description: With O(state=absent), keep the directories C(etc) and C(log) of the home.
    type: bool
    default: false
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.settings
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: oceanbase.obproxy.obproxy_service
"""

EXAMPLES = r"""
- name: Prepare an instance
  oceanbase.obproxy.obproxy_instance:
    name: foo-2883
    user: admin
    record:
      cluster_id: 1
      cluster_name: foo
      sql_port: 2883
      exporter_port: 2884
      rpc_port: 2885
      version: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
    templates: "{{ role_path }}/templates"

- name: Remove it again, but keep its configuration and logs
  oceanbase.obproxy.obproxy_instance:
    name: foo-2883
    state: absent
    keep_data: true
"""

RETURN = r"""
home:
  description: The home of the instance.
  returned: success
  type: str
  sample: /opt/obproxy/foo-2883
record:
  description: The record that the host keeps of the instance; none with O(state=absent).
  returned: success
  type: dict
  sample: {name: foo-2883, cluster_id: 1, sql_port: 2883, state: creating, user_created: true}
host:
  description: As in M(oceanbase.obproxy.obproxy_host_info), before anything was prepared.
  returned: with O(survey)
  type: dict
problems:
  description: As in M(oceanbase.obproxy.obproxy_host_info). With any of them nothing was prepared.
  returned: with O(survey)
  type: list
  elements: str
conflicts:
  description: As in M(oceanbase.obproxy.obproxy_host_info).
  returned: with O(survey)
  type: list
  elements: str
missing_commands:
  description: As in M(oceanbase.obproxy.obproxy_host_info).
  returned: with O(survey)
  type: list
  elements: str
subtask:
  description: The role of the subtask that has failed, unless it is the survey itself.
  returned: failure, with O(survey)
  type: str
  sample: check_process
subtasks:
  description: The subtasks behind the survey that this call has seen to.
  returned: with O(survey)
  type: list
  elements: dict
  contains:
    subtask:
      description: The role.
      type: str
      sample: prepare_create
    changed:
      description: Whether it has changed anything.
      type: bool
    msg:
      description: What it says.
      type: str
    seconds:
      description: How long it took.
      type: float
pending_restart:
  description: As in M(oceanbase.obproxy.obproxy_parameters), where nothing at all is left to do; else empty.
  returned: with O(survey)
  type: list
  elements: str
server:
  description: As in M(oceanbase.obproxy.obproxy_server_info), where nothing at all is left to do; else null.
  returned: with O(survey)
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance, _user
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline, monotonic
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._specs import PACKAGE, SETTINGS


def argument_spec():
    return dict(
        state=dict(type='str', choices=['present', 'absent'], default='present'),
        name=dict(type='str', required=True),
        user=dict(type='str', default='admin'),
        base=dict(type='path', default='/opt/obproxy'),
        home=dict(type='path'),
        record=dict(type='dict'),
        templates=dict(type='path'),
        obproxyd=dict(type='str'),
        unit=dict(type='str'),
        cron=dict(type='str'),
        supervisor=dict(type='str', choices=['obproxyd', 'package'], default='obproxyd'),
        survey=dict(type='dict', options=dict(
            package=dict(PACKAGE, required=True),
            commands=dict(type='list', elements='str', default=[]),
            min_free_mb=dict(type='int', default=1024),
        )),
        sys_password=dict(type='str', no_log=True),
        old_sys_passwords=dict(type='list', elements='str', default=[], no_log=True),
        settings=SETTINGS,
        keep_data=dict(type='bool', default=False),
    )


def run(params, changes, layout, run_command):
    """(home, record) after the instance was prepared or removed."""
    home = _instance.home_of(params['name'], params['base'], params['home'])
    _user.check_name(params['user'])
    if os.geteuid() != 0:
        raise HostError('This needs root on the host: use become.')
    if params['state'] == 'absent':
        _instance.absent(changes, params['name'], home, params['keep_data'], layout, run_command)
        return home, None
    wanted = dict(params, home=home)
    return home, _instance.present(changes, wanted, layout, run_command)


def survey_first(module, changes, layout):
    """What the module returns when the host is surveyed before the instance is prepared."""
    # Much to load, which only this way of calling has a use for.
    from ansible_collections.oceanbase.obproxy.plugins.module_utils._survey import Surveyed
    surveyed = Surveyed(module.params, layout, module.run_command)
    for words in surveyed.warnings:
        module.warn(words)
    result = surveyed.result
    if surveyed.refusal():
        module.fail_json(msg=surveyed.refusal(), **result)
    if result['subtasks']:
        return result
    since = monotonic()
    try:
        result['home'], result['record'] = run(surveyed.params, changes, layout, module.run_command)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc), subtask='prepare_create', changed=changes.changed, diff=changes.diff, **result)
    what = ', '.join(change['after_header'] for change in changes.diff)
    result['subtasks'].append(dict(subtask='prepare_create', changed=changes.changed, msg=what, seconds=round(monotonic() - since, 1)))
    for subtask, objection in surveyed.objections():
        if objection:
            module.fail_json(msg=objection, subtask=subtask, changed=changes.changed, diff=changes.diff, **result)
        result['subtasks'].append(dict(subtask=subtask, changed=False, msg='', seconds=0.0))
    return result


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=argument_spec(), required_by=dict(settings=('survey', 'sys_password')), supports_check_mode=True)
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes, layout = Changes(module.check_mode), _instance.Layout()
    try:
        if module.params['survey'] and module.params['state'] == 'present':
            result = survey_first(module, changes, layout)
        else:
            result = dict(zip(('home', 'record'), run(module.params, changes, layout, module.run_command)))
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, **result)


if __name__ == '__main__':
    main()
