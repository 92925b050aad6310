#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_exporter_target
short_description: Register OBProxy exporters with Prometheus
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Adds exporters to, or removes them from, what Prometheus discovers its targets by. Targets are told apart by their
    address, and by their labels C(obproxy_cluster_id) and C(obproxy_server_id), as a server has one exporter; those of others
    are kept, also while others change them.
options:
  backend:
    description:
      - V(file_sd) keeps a JSON file for each cluster on this host, replaced in one step, under a lock. A file in
        which nothing is left is removed.
      - V(consul) keeps services named C(obproxy-exporter) of a Consul agent, with the labels as their meta data.
      - V(http_sd) runs on the controller and notes the exporters in the registry, of which a web server gets the document.
    type: str
    choices: [file_sd, http_sd, consul]
    default: file_sd
  cluster:
    description: The name of the OBProxy cluster.
    type: str
    required: true
  targets:
    description: The exporters.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The address and port that Prometheus shall scrape.
        type: str
        required: true
      labels:
        description: The labels of this target. V(http_sd) needs C(obproxy_server_id) and has the others from the registry.
        type: dict
        default: {}
  state:
    description: Whether the targets are to be registered.
    type: str
    choices: [present, absent]
    default: present
  directory:
    description: The directory of the file_sd files. It is created where it is missing.
    type: path
    default: /etc/prometheus/file_sd
  consul_url:
    description: The agent's HTTP API, as this host reaches it.
    type: str
    default: http://127.0.0.1:8500
  consul_token:
    description: The agent's ACL token, if it wants one. It is sent in a header.
    type: str
extends_documentation_fragment:
  - oceanbase.obproxy.attributes
  - oceanbase.obproxy.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Let Prometheus scrape an exporter
  oceanbase.obproxy.obproxy_exporter_target:
    cluster: foo
    targets:
      - address: 10.0.0.11:2884
        labels:
          obproxy_cluster: foo

- name: Take it out of Consul
  oceanbase.obproxy.obproxy_exporter_target:
    state: absent
    backend: consul
    consul_token: "{{ vault_consul_token }}"
    cluster: foo
    targets:
      - address: 10.0.0.11:2884
"""

RETURN = r"""
targets:
  description: How many targets of the cluster are registered afterwards.
  returned: success
  type: int
  sample: 3
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils import _exporter, _exporter_consul
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError


def argument_spec():
    return dict(
        backend=dict(type='str', choices=['file_sd', 'http_sd', 'consul'], default='file_sd'),
        cluster=dict(type='str', required=True),
        targets=dict(type='list', elements='dict', required=True, options=dict(
            address=dict(type='str', required=True),
            labels=dict(type='dict', default={}),
        )),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
        directory=dict(type='path', default='/etc/prometheus/file_sd'),
        consul_url=dict(type='str', default='http://127.0.0.1:8500'),
        consul_token=dict(type='str', no_log=True),
        registry_url=dict(type='str', no_log=True),
    )


def merge(changes, options):
    targets = options['cluster'], options['targets'], options['state'] == 'present'
    if options['backend'] == 'consul':
        consul = _exporter_consul.Consul(options['consul_url'], options['consul_token'])
        return _exporter_consul.merge(changes, consul, *targets)
    return _exporter.merge(changes, options['directory'], *targets)


def main():
    keep_deadline()
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    changes = Changes(module.check_mode)
    if module.params['backend'] == 'http_sd':
        module.fail_json(msg='The backend http_sd works on the controller: call this by its full name, from a play')
    try:
        count = merge(changes, module.params)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, targets=count)


if __name__ == '__main__':
    main()
