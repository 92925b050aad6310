# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task graphs of the operations on servers that a cluster has, as data. Only the offline graph is OCP's own."""

from __future__ import annotations

import dataclasses

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._dag import INSTALL, Step

_INSTALL = {step.role: step for step in INSTALL}


def _numbered(*steps):
    return tuple(dataclasses.replace(step, series_id=number) for number, step in enumerate(steps))


UPDATE_STATUS = _INSTALL['update_status']
FINISH = dataclasses.replace(_INSTALL['finish'], shared=True)
START_NODE = Step('start_node', 'Start node', 'StartNode', 30, 0, shared=True)

STOP = _numbered(
    START_NODE,
    Step('stop_obproxy', 'Stop obproxy process', 'obproxy.StopObproxyTask', 600, 0),
    Step('mark_unavailable', 'Update obproxy status', 'obproxy.UpdateObproxyStatusTask', 300, 0, shared=True),
    FINISH,
)

START = _numbered(START_NODE, _INSTALL['start_obproxy'], UPDATE_STATUS, FINISH)

PARAMETERS = _numbered(START_NODE, _INSTALL['sync_parameters'], _INSTALL['refresh_agent'], UPDATE_STATUS, FINISH)

LINKS = _numbered(
    START_NODE, _INSTALL['sync_parameters'], _INSTALL['set_credentials'], _INSTALL['refresh_agent'], UPDATE_STATUS, FINISH)

# What a roll does around the work on a server, so that clients notice little of it.
BEFORE_WORK = (
    Step('check_cluster_health', 'Check obproxy cluster health', 'obproxy.CheckObproxyClusterHealthTask', 300, 0),
    Step('drain_obproxy', 'Drain obproxy', 'obproxy.DrainObproxyTask', 1800, 0),
)
AFTER_WORK = (
    Step('check_health', 'Check obproxy health', 'obproxy.CheckObproxyHealthTask', 300, 0),
    Step('mark_running', 'Update obproxy status', 'obproxy.UpdateObproxyStatusTask', 300, 0),
    Step('resume_obproxy', 'Resume obproxy', 'obproxy.ResumeObproxyTask', 1800, 0),
)

RESTART = _numbered(
    START_NODE,
    *BEFORE_WORK,
    Step('restart_obproxy', 'Restart obproxy process', 'obproxy.RestartObproxyTask', 600, 0),
    *AFTER_WORK,
    FINISH,
)

UPGRADE = _numbered(
    START_NODE,
    Step('add_package', 'Install rpm by package and version', 'host.InstallRpmByPackageAndVersionTask', 3600, 0),
    *BEFORE_WORK,
    Step('upgrade_obproxy', 'Upgrade obproxy process', 'obproxy.UpgradeObproxyTask', 1800, 0),
    # The registry knows the version before anything else can fail.
    *AFTER_WORK[:-1],
    _INSTALL['sync_parameters'],
    AFTER_WORK[-1],
    Step('relabel_exporter', 'Update obproxy exporter', 'obproxy.UpdateObproxyExporterTask', 30, 0),
    Step('clean_packages', 'Clean obproxy packages', 'obproxy.CleanObproxyPackagesTask', 600, 0),
    FINISH,
)

OFFLINE = _numbered(
    START_NODE,
    Step('prepare_offline', 'Prepare offline obproxy', 'obproxy.PrepareOfflineObproxyTask', 1800, 0),
    Step('wait_node', 'Wait node', 'WaitNode', 30, 0, shared=True),
    Step('uninstall_obproxy', 'Stop and uninstall obproxy', 'obproxy.StopAndUninstallObproxyTask', 1800, 0),
    Step('delete_info', 'Delete obproxy info', 'obproxy.DeleteObproxyMetaInfoTask', 300, 0, shared=True),
    Step('offline_exporter', 'Offline obproxy exporter', 'obproxy.OfflineObproxyExporterTask', 30, 0),
    Step('unreserve_host', 'Unreserve host', 'host.UnreserveHostTask', 1800, 0, shared=True),
    FINISH,
)

DELETE_EMPTY = _numbered(START_NODE, FINISH)

_ROTATE = (
    Step('stage_credentials', 'Stage obproxy password', 'obproxy.StageObproxyPasswordTask', 300, 0),
    Step('change_account', 'Change OB account password', 'obproxy.ChangeObAccountPasswordTask', 300, 0, shared=True),
    _INSTALL['set_credentials'],
    UPDATE_STATUS,
    FINISH,
)

CREDENTIALS = _numbered(START_NODE, *_ROTATE)

CREDENTIALS_RESET = _numbered(
    START_NODE,
    Step('reset_sys_password', 'Reset password of root@proxysys', 'obproxy.ResetObproxySysPasswordTask', 600, 0),
    *_ROTATE,
)
