# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task graphs of the operations, as data."""

from __future__ import annotations

import dataclasses
import itertools

CLASSES = 'com.alipay.ocp.service.task.business.'
COMMANDS = ('nc',)
# Tasks of these can be taken up again; the other operations are mended by running them again.
RESUMABLE = ('create', 'batch_add', 'take_over', 'retry', 'skip', 'rollback')
PROCESS_KEYWORDS = ('obproxy', 'obproxyd.sh')


@dataclasses.dataclass(frozen=True)
class Step:
    """One subtask of a graph: the role that carries it out, how OCP describes it, whether all hosts share it."""

    role: str
    name: str
    kind: str
    timeout: int
    series_id: int
    shared: bool = False

    @property
    def class_name(self):
        """Return the class that stands for this step in OCP."""
        return CLASSES + self.kind


@dataclasses.dataclass
class Node:
    """A step in a task, on one host or shared by all (host is None)."""

    step: Step
    host: str | None
    parallel_idx: int = -1
    upstreams: list = dataclasses.field(default_factory=list)
    downstreams: list = dataclasses.field(default_factory=list)


INSTALL = (
    Step('prepare_install', 'Prepare obproxy install', 'obproxy.PrepareObproxyInstallTask', 300, 4),
    Step('prepare_create', 'Prepare create obproxy', 'obproxy.PrepareCreateObproxyTask', 1800, 0),
    Step('check_process', 'Check if process not exist', 'host.CheckProcessNotExistTask', 300, 8),
    Step('check_command', 'Check if command exists', 'host.CheckCommandTask', 300, 6),
    Step('install_package', 'Install rpm by package and version', 'host.InstallRpmByPackageAndVersionTask', 3600, 5),
    Step('start_obproxy', 'Start obproxy process', 'obproxy.StartObproxyTask', 600, 1),
    Step('sync_parameters', 'Sync obproxy parameter', 'obproxy.SyncObproxyParameterTask', 30, 3),
    Step('set_credentials', 'Set obproxy user and password for connect',
         'obproxy.SetObproxyUserPasswordForObTask', 30, 10),
    Step('refresh_agent', 'Refresh ocp agent config', 'host.RefreshAgentConfigTask', 3600, 9),
    Step('register_exporter', 'Register obproxy exporter', 'obproxy.RegisterObproxyExporterTask', 30, 7),
    Step('update_status', 'Update obproxy status', 'obproxy.UpdateObproxyStatusTask', 300, 11),
    Step('finish', 'Finish node', 'obproxy.FinishTask', 0, 2),
)

# In one task for several hosts they begin and end together.
CREATE = (
    dataclasses.replace(INSTALL[0], shared=True), *INSTALL[1:-1], dataclasses.replace(INSTALL[-1], shared=True))

CREATE_EMPTY = (
    dataclasses.replace(INSTALL[0], series_id=0),
    dataclasses.replace(INSTALL[-1], series_id=1),
)

TAKE_OVER = (
    Step('prepare_take_over', 'Prepare take over', 'obproxy.PrepareTakeOverTask', 300, 0),
    Step('check_take_over_rules', 'Check take over rules', 'obproxy.CheckTakeOverRulesTask', 300, 1),
    Step('check_command', 'Check if command exists', 'host.CheckCommandTask', 300, 2),
    Step('adopt_obproxy', 'Adopt obproxy', 'obproxy.AdoptObproxyTask', 600, 3),
    *(dataclasses.replace(step, series_id=number) for number, step in enumerate(INSTALL[6:], start=4)),
)


def chain(steps, host=None, parallel_idx=-1):
    """Return the nodes of a task in which one step follows the other."""
    nodes = [Node(step, host, parallel_idx) for step in steps]
    for earlier, later in zip(nodes, nodes[1:]):
        link(earlier, later)
    return nodes


def fan(steps, hosts):
    """Return the nodes of ONE task for several hosts: what they share joins them, the rest is side by side."""
    nodes, ends = [], []
    for is_shared, group in itertools.groupby(steps, key=lambda step: step.shared):
        group = list(group)
        chains = [chain(group)] if is_shared else [chain(group, host, index) for index, host in enumerate(hosts)]
        for own in chains:
            for end in ends:
                link(end, own[0])
            nodes.extend(own)
        ends = [own[-1] for own in chains] or ends
    return nodes


def link(earlier, later):
    """Let one node run after another."""
    earlier.downstreams.append(later)
    later.upstreams.append(earlier)


def context(strings, hosts=(), servers=(), parallel=False, lists=True):
    """Build a task's context; its strings are strings whatever they stand for."""
    list_map = {'commands_to_check': list(COMMANDS), 'process_keywords': list(PROCESS_KEYWORDS)} if lists else {}
    if hosts:
        list_map.update(host_ids=[str(host) for host in hosts], obproxy_server_ids=[str(server) for server in servers])
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in strings.items()}
    return {'listMap': list_map, 'parallel': parallel, 'parallelIdx': -1, 'stringMap': texts}
