# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules share."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils._agents import OCP_AGENT

ITEMS = dict(type='list', elements='dict')
RECORD = dict(type='dict', options=dict(
    parameter_version=dict(type='int'), startup_parameters=ITEMS, parameters=ITEMS, own_parameters=ITEMS, ob_links=ITEMS,
    request=dict(type='dict')))
PARAMETERS = dict(type='list', elements='dict', required=True, options=dict(
    name=dict(type='str', required=True), value=dict(type='raw', required=True)))
OB_PASSWORDS = dict(type='list', elements='dict', default=[], no_log=False, options=dict(
    cluster_name=dict(type='str', required=True), password=dict(type='str', required=True, no_log=True)))
SETTINGS = dict(type='dict', options=dict(
    parameters=PARAMETERS, ob_passwords=OB_PASSWORDS, textfile_dir=dict(type='path'), ocp_agent=dict(type='path', default=OCP_AGENT)))
TEXT = dict(type='str', required=True)
PACKAGE = dict(type='dict', options=dict(name=TEXT, version=TEXT, release=TEXT, arch=TEXT, file=dict(type='str')))
