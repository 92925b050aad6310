# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What an instance is to have once it answers, for modules that see to several subtasks in one call."""

    DOCUMENTATION = r"""
options:
  settings:
    description: What the instance is to have once it answers.
    type: dict
    suboptions:
      parameters:
        description: As in M(oceanbase.obproxy.obproxy_parameters). Where this version does not have one, all the rest is left to that module.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The name of the parameter.
            type: str
            required: true
          value:
            description: Its value.
            type: raw
            required: true
      ob_passwords:
        description: As in M(oceanbase.obproxy.obproxy_credentials).
        type: list
        elements: dict
        default: []
        suboptions:
          cluster_name:
            description: The OceanBase cluster's name.
            type: str
            required: true
          password:
            description: The password that C(proxyro) has there.
            type: str
            required: true
      textfile_dir:
        description: As in M(oceanbase.obproxy.obproxy_agent). The agents are only looked for; where there is one, that module tells it.
        type: path
      ocp_agent:
        description: As in M(oceanbase.obproxy.obproxy_agent).
        type: path
        default: /home/admin/ocp_agent
"""
