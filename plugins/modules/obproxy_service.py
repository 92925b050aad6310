#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_service
short_description: Start, stop and restart an OBProxy instance under its supervisor
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Starts an instance under its watchdog C(obproxyd.sh), kept by systemd where that runs the host, else by cron.
    Stops it again, so that it stays stopped over a reboot.
  - The first start uses a password that is known to nobody and serves once. The real one is set by SQL over loopback
    at once, so that it never shows among a process's arguments.
  - A start is judged by the process that owns the SQL port, by a login, by the exporter and by the parameters that are
    in force, never by exit codes. When it fails, nothing is left running, and the next run begins anew.
  - A cold restart that fails on its metrics only, as when another process holds their port, leaves it running and watched.
  - A first start that was cut off before its password was set is recognised, and done again.
  - An instance that runs is restarted by O(state=restarted) only.
  - Another call for the same instance is waited for, as long as O(timeout); then this one fails and names it.
options:
  state:
    description:
      - V(started) has the instance run, watched, and come back after a reboot.
      - V(stopped) has it stopped and stay so. Its sessions have O(stop_timeout) to finish (SIGUSR1), then it is told to end
        (SIGTERM), and is killed at last (SIGKILL).
      - V(restarted) restarts it as O(mode) says. An instance that does not run is started.
      - V(absent) is V(stopped), and is content where the instance was never prepared.
    type: str
    choices: [started, stopped, restarted, absent]
    default: started
  mode:
    description:
      - V(hot) has obproxy start its own successor, which takes the sockets over, so that the port is never closed. The old
        process stays for its sessions until its parameter C(hot_upgrade_exit_timeout) is over; it is not waited for. Where the
        successor fails, the old process goes on serving. Needs obproxy 3.2.1 or later, and a program that can be executed
        without the package's C(lib) in C(LD_LIBRARY_PATH), which is tried before.
      - V(cold) stops and starts the instance.
    type: str
    choices: [hot, cold]
    default: hot
  stop_timeout:
    description:
      - How many seconds sessions have to finish before a stop, V(0) for none.
      - OBProxy itself closes them when its parameter C(hot_upgrade_exit_timeout) is over, 30 seconds by default. To give them
        longer, set both.
    type: int
    default: 60
  name:
    description: The name of the instance, the cluster's name and the SQL port, such as V(foo-2883).
    type: str
    required: true
  home:
    description: The home of the instance, where it has no record on the host yet. A record says it by itself.
    type: path
  user:
    description: The user that the instance runs as, where it has no record on the host yet.
    type: str
    default: admin
  sql_port:
    description: The port for clients and for the administrator's SQL.
    type: int
    required: true
  exporter_port:
    description: The port of the metrics. Required with O(state=started) and O(state=restarted).
    type: int
  rpc_port:
    description: The port for RPC, which OBProxy has from 4.3 on.
    type: int
  cluster_name:
    description: The name of the OBProxy cluster, which is the application's name. Required with O(state=started) and O(state=restarted).
    type: str
  sys_password:
    description: The password of root@proxysys, in plain text. Required with O(state=started) and O(state=restarted).
    type: str
  old_sys_passwords:
    description: Earlier passwords of root@proxysys, tried in this order when O(sys_password) is refused.
    type: list
    elements: str
  work_mode:
    description: Where OBProxy learns of its OceanBase clusters, from a list of root servers or from a URL.
    type: str
    choices: [RS_LIST, CONFIG_URL]
    default: RS_LIST
  config_url:
    description: The URL that O(work_mode=CONFIG_URL) needs. Used at the first start.
    type: str
    default: ''
  rs_list:
    description: The root servers, V(ip:port;ip:port), that O(work_mode=RS_LIST) needs. Used at the first start.
    type: str
    default: ''
  ob_cluster_name:
    description: The name of the OceanBase cluster that O(work_mode=RS_LIST) needs. Used at the first start.
    type: str
    default: ''
  startup_parameters:
    description:
      - Parameters for the first start. Later changes are for M(oceanbase.obproxy.obproxy_parameters).
      - A parameter that is unknown, or not in force after the start, fails it.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the parameter.
        type: str
        required: true
      value:
        description: Its value.
        type: str
        required: true
  supervisor:
    description:
      - What watches the instance.
      - V(obproxyd) is the collection's own script.
      - V(package) is the script that the RPM brings, where bash can read it. It doesn't bring the instance back
        after a reboot.
      - Where the instance has a record on the host, that one says it.
    type: str
    choices: [obproxyd, package]
    default: obproxyd
  timeout:
    description: How many seconds the instance may take until it answers.
    type: int
    default: 60
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.settings
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(state=restarted) restarts each time.
seealso:
  - module: oceanbase.obproxy.obproxy_instance
  - module: oceanbase.obproxy.obproxy_package
"""

EXAMPLES = r"""
- name: Start an instance
  oceanbase.obproxy.obproxy_service:
    name: foo-2883
    home: /opt/obproxy/foo-2883
    cluster_name: foo
    sql_port: 2883
    exporter_port: 2884
    rpc_port: 2885
    sys_password: "{{ obproxy_sys_password }}"
    work_mode: RS_LIST
    rs_list: 10.0.0.1:2881;10.0.0.2:2881
    ob_cluster_name: obcluster
    startup_parameters:
      - name: work_thread_num
        value: "8"

- name: Stop it, with two minutes for its sessions
  oceanbase.obproxy.obproxy_service:
    name: foo-2883
    sql_port: 2883
    state: stopped
    stop_timeout: 120

- name: Restart it without closing the port
  oceanbase.obproxy.obproxy_service:
    name: foo-2883
    cluster_name: foo
    sql_port: 2883
    exporter_port: 2884
    sys_password: "{{ obproxy_sys_password }}"
    state: restarted
"""

RETURN = r"""
pids:
  description: The processes of the instance; two while it restarts itself.
  returned: success
  type: list
  elements: int
  sample: [4711]
first_start:
  description: Whether this call was the instance's first start.
  returned: success
  type: bool
  sample: true
steps:
  description: What it took to stop the instance, one signal after the other.
  returned: success
  type: list
  elements: dict
  contains:
    signal:
      description: The signal.
      type: str
      sample: SIGUSR1
    pids:
      description: The processes that it was sent to.
      type: list
      elements: int
      sample: [4711]
    seconds:
      description: How long they were waited for.
      type: float
      sample: 2.1
    gone:
      description: Whether they had ended by then.
      type: bool
      sample: true
restart:
  description: What a restart came to; null where there was none.
  returned: success
  type: dict
  contains:
    mode:
      description: How it was restarted, V(hot) or V(cold).
      type: str
    parent:
      description: The process that served before.
      type: int
    pid:
      description: The process that serves now.
      type: int
    binary:
      description: What that one says of its executable. With RV(restart.mode=hot) only.
      type: str
    parent_leaves_within:
      description:
        - How many seconds the former process stays for its sessions, with RV(restart.mode=hot) only.
        - Null where it stays as long as there are any.
      type: float
subtasks:
  description: What else was done in this call for O(settings), by the subtasks that would do it otherwise.
  returned: with O(settings)
  type: list
  elements: dict
  contains:
    subtask:
      description: Its role, V(sync_parameters), V(set_credentials) or V(refresh_agent).
      type: str
    changed:
      description: Whether it has changed anything.
      type: bool
    msg:
      description: What it says.
      type: str
    seconds:
      description: How long it took.
      type: float
subtask:
  description: Which one of O(settings) it was that failed; those before it are in RV(subtasks).
  returned: failure of what O(settings) are for
  type: str
  sample: sync_parameters
pending_restart:
  description: As in M(oceanbase.obproxy.obproxy_parameters).
  returned: with O(settings)
  type: list
  elements: str
server:
  description: As in M(oceanbase.obproxy.obproxy_server_info), after all of O(settings) was carried out.
  returned: with O(settings)
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError, locked
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import Layout, home_of, read_record
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service import SUPERVISORS, Instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._service_states import Service
from ansible_collections.oceanbase.obproxy.plugins.module_utils._settle import Settling, SubtaskFailed
from ansible_collections.oceanbase.obproxy.plugins.module_utils._specs import SETTINGS

NEEDED = ('sys_password', 'exporter_port', 'cluster_name')


def argument_spec():
    return dict(
        state=dict(type='str', choices=['started', 'stopped', 'restarted', 'absent'], default='started'),
        name=dict(type='str', required=True),
        mode=dict(type='str', choices=['hot', 'cold'], default='hot'),
        stop_timeout=dict(type='int', default=60),
        home=dict(type='path'),
        user=dict(type='str', default='admin'),
        sql_port=dict(type='int', required=True),
        exporter_port=dict(type='int'),
        rpc_port=dict(type='int'),
        cluster_name=dict(type='str'),
        sys_password=dict(type='str', no_log=True),
        old_sys_passwords=dict(type='list', elements='str', no_log=True),
        work_mode=dict(type='str', choices=['RS_LIST', 'CONFIG_URL'], default='RS_LIST'),
        config_url=dict(type='str', default=''),
        rs_list=dict(type='str', default=''),
        ob_cluster_name=dict(type='str', default=''),
        startup_parameters=dict(type='list', elements='dict', options=dict(
            name=dict(type='str', required=True),
            value=dict(type='str', required=True),
        )),
        supervisor=dict(type='str', choices=['obproxyd', 'package'], default='obproxyd'),
        settings=SETTINGS,
        timeout=dict(type='int', default=60),
    )


def whereabouts(params, records):
    """Home, user and supervisor: what the record says of them, before what is given."""
    record = read_record(params['name'], records)
    if record is None:
        record = {'home': params['home'] or ''}
        if not params['home'] and params['state'] != 'absent':
            raise HostError('%s has no record in %s: is it the right host? If so, prepare the instance (obproxy_instance) '
                            'first, or give its home.' % (params['name'], records))
    home_of(params['name'], '/', record['home'])
    return dict((field, record[field]) for field in ('home', 'user', 'supervisor') if field in record)


def run(params, changes, layout, run_command):
    """The service after it was given the state that is wanted."""
    params = dict(params, **whereabouts(params, layout.records))
    if params['stop_timeout'] < 0:
        raise HostError('stop_timeout is %d: a number of seconds is expected, 0 for none.' % params['stop_timeout'])
    instance = Instance(params)
    supervisor = SUPERVISORS[params['supervisor']](instance, run_command, layout)
    service = Service(instance, supervisor, params, changes, layout.records)
    # Two registries may have it started at the same time, and one's first start would undo the other's.
    lock = layout.lock_of(params['name'])
    with locked(lock, params['timeout'], 'The instance ' + params['name'], changes.check_mode):
        service.set(params['state'])
        if params['state'] == 'absent' and not changes.check_mode:
            os.unlink(lock)
    return service


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_if=[('state', 'started', NEEDED), ('state', 'restarted', NEEDED)],
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    changes = Changes(module.check_mode)
    settling = None
    try:
        service = run(module.params, changes, Layout(), module.run_command)
        if module.params['settings'] and not module.check_mode:
            settling = Settling(module.params, module.params['settings'], False)
            settling.settle()
    except SubtaskFailed as exc:
        module.fail_json(msg=str(exc), changed=changes.changed, diff=changes.diff, subtask=exc.subtask, subtasks=settling.answers)
    except (HostError, ProxysysError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed or bool(settling and settling.changed), diff=changes.diff, pids=service.instance.pids(),
                     first_start=service.first_start, steps=service.steps, restart=service.restart, **told(settling))


def told(settling):
    """What the module returns of what shared its call."""
    if settling is None:
        return {}
    result = dict(subtasks=settling.answers, pending_restart=settling.pending_restart)
    return dict(result, server=settling.server) if settling.server else result


if __name__ == '__main__':
    main()
