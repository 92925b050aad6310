#!/usr/bin/python
# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: obproxy_package
short_description: Install an OBProxy package beside the others
version_added: 1.0.0
author:
  - oceanbase.obproxy contributors (@oceanbase)
description:
  - Puts one version of OBProxy on the host with C(rpm -i), so that several versions stay side by side, and points
    the C(bin) link of an instance at it.
  - The package is verified first, by its checksum, its own header, its digests and, where a key is given, its
    signature.
  - A package that is installed is never installed again, and nothing is transferred for it.
options:
  state:
    description:
      - V(present) installs the package and creates the instance's link.
      - V(absent) removes the link, and the package unless another instance or a process uses it. With O(home), a package
        that was there before the instance stays, too.
      - V(pruned) removes the packages that the instance O(name) had before its last O(keep) ones, as far as this
        collection installed them, and no process and no other instance uses them or would go back to them.
    type: str
    choices: [present, absent, pruned]
    default: present
  package:
    description:
      - The file name of the RPM package, such as V(obproxy-ce-4.3.1.0-4.el8.x86_64.rpm).
      - Required with O(state=present) and O(state=absent).
    type: str
  name:
    description:
      - The name of an instance that has a record on the host.
      - With O(state=present) the package is installed for it, and its link is left as it is, for
        M(oceanbase.obproxy.obproxy_upgrade) to move.
    type: str
  keep:
    description: With O(state=pruned), how many packages to keep besides the one in use, for a way back.
    type: int
    default: 1
  source:
    description: Where the package comes from.
    type: str
    choices: [file, url, repo]
    default: file
  src:
    description:
      - With O(source=file), the path of the package, or of the folder that holds it, on the controller.
    type: path
  url:
    description:
      - With O(source=url), the URL of the package, or of the folder that holds it. The host itself downloads it.
    type: str
  checksum:
    description:
      - The checksum of the package, such as V(sha256:) and 64 hexadecimal digits; sha384 and sha512 are known too.
      - Required with O(source=url).
    type: str
  key:
    description:
      - The text of a public key. The package must have a good signature by it.
      - With O(source=repo), the repository's own configuration says whether a signature is demanded.
    type: str
  home:
    description:
      - The home of the instance whose C(bin) link is to point to the package.
      - A link that points elsewhere is corrected, but only while the instance does not run.
    type: path
  timeout:
    description: How many seconds to wait for another installation on the same host.
    type: int
    default: 300
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
  - module: oceanbase.obproxy.obproxy_instance
  - module: oceanbase.obproxy.obproxy_upgrade
"""

EXAMPLES = r"""
- name: Install OBProxy from a file on the controller
  oceanbase.obproxy.obproxy_package:
    package: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
    src: /srv/packages
    home: /opt/obproxy/foo-2883

- name: Install OBProxy from a web server
  oceanbase.obproxy.obproxy_package:
    package: obproxy-ce-4.3.1.0-4.el8.x86_64.rpm
    source: url
    url: https://mirror.example.com/obproxy/
    checksum: sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
    key: "{{ lookup('ansible.builtin.file', 'RPM-GPG-KEY-OceanBase') }}"

- name: Remove what an upgraded instance had before, but for one package to go back to
  oceanbase.obproxy.obproxy_package:
    state: pruned
    name: foo-2883
"""

RETURN = r"""
package:
  description: Name, version, release and architecture of the package.
  returned: success, but for O(state=pruned)
  type: str
  sample: obproxy-ce-4.3.1.0-4.el8.x86_64
dir:
  description: The directory that holds the package's C(bin); none where check mode could not know it.
  returned: success
  type: str
  sample: /home/admin/obproxy-4.3.1.0
used_by:
  description: With O(state=absent), who still uses the package, which is therefore kept.
  returned: success
  type: list
  elements: str
  sample: [bar-3883]
removed:
  description: With O(state=pruned), the packages that were removed.
  returned: success
  type: list
  elements: str
  sample: [obproxy-ce-4.2.1.0-11.el8.x86_64]
transfer_needed:
  description: True when the package is not installed and its file is not on the host.
  returned: failure
  type: bool
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.oceanbase.obproxy.plugins.module_utils._deadline import keep_deadline
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes, HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import Rpm
from ansible_collections.oceanbase.obproxy.plugins.module_utils._provision import Provision, TransferNeeded
from ansible_collections.oceanbase.obproxy.plugins.module_utils._prune import prune
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout


def argument_spec():
    return dict(
        state=dict(type='str', choices=['present', 'absent', 'pruned'], default='present'),
        package=dict(type='str'),
        name=dict(type='str'),
        keep=dict(type='int', default=1),
        source=dict(type='str', choices=['file', 'url', 'repo'], default='file'),
        src=dict(type='path'),
        url=dict(type='str'),
        checksum=dict(type='str'),
        key=dict(type='str', no_log=False),
        home=dict(type='path'),
        timeout=dict(type='int', default=300),
    )


def carry_out(params, rpm, run, changes):
    """What the module returns of the state that was asked for."""
    if params['state'] == 'pruned':
        return dict(removed=prune(params['name'], params['keep'], params['timeout'], rpm, changes, Layout()))
    provision = Provision(params, rpm, run, changes, Layout(), os.uname()[4])
    if params['state'] == 'present':
        return dict(dir=provision.present(), package=str(provision.nevra), used_by=[])
    return dict(dir=None, used_by=provision.absent(), package=str(provision.nevra))


def main():
    keep_deadline()
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_if=[('source', 'url', ('url', 'checksum')), ('state', 'present', ('package',)),
                     ('state', 'absent', ('package',)), ('state', 'pruned', ('name',))],
        mutually_exclusive=[('home', 'name')],
        supports_check_mode=True,
    )
    module.run_command_environ_update = dict(LC_ALL='C', LANG='C', LANGUAGE='C')
    # A password within the URL must not come back with the arguments.
    secret = re.match(r'[a-z]+://[^/@:]*:([^/@]+)@', module.params['url'] or '')
    if secret:
        module.no_log_values.add(secret.group(1))
    for command in ('rpm', 'rpmkeys'):
        module.get_bin_path(command, required=True)
    changes = Changes(module.check_mode)
    try:
        result = carry_out(module.params, Rpm(module.run_command), module.run_command, changes)
    except TransferNeeded as exc:
        module.fail_json(msg=str(exc), transfer_needed=True)
    except (HostError, IOError, OSError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=changes.changed, diff=changes.diff, **result)


if __name__ == '__main__':
    main()
