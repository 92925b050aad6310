# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitoring agents of a host: node_exporter's textfile collector, and OCP's agent."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _process

# The kernel cuts names at 15 characters.
NODE_EXPORTERS = ('node_exporter', 'prometheus-node')
TEXTFILE_OPTION = '--collector.textfile.directory'
# Where a node_exporter looks that was not told where: Debian's.
TEXTFILE_DIR = '/var/lib/prometheus/node-exporter'
OCP_AGENT = '/home/admin/ocp_agent'
OCP_PROPERTIES = 'conf/config_properties'


def find(textfile_dir='', ocp_agent=OCP_AGENT, proc=_process.PROC):
    """{textfile_dir, ocp_agent_dir} of what is on the host, each None where there is none."""
    properties = os.path.join(ocp_agent, OCP_PROPERTIES)
    return {'textfile_dir': textfile_dir or _textfile_dir(proc),
            'ocp_agent_dir': properties if os.path.isdir(properties) else None}


def _textfile_dir(proc):
    running = _process.processes(NODE_EXPORTERS, proc)
    told = [_process.option(one.pid, TEXTFILE_OPTION, proc) for one in running]
    folders = [folder for folder in told + [TEXTFILE_DIR] if folder and os.path.isdir(folder)]
    return folders[0] if running and folders else None
