# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move servers of a cluster to another version, batch by batch."""

from __future__ import annotations

import os

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag_operations, _rpm
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import CONFLICT
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._outcome import UPGRADE_TO
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rolling import Rolling
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._servers import package_of

# From this version on all is persisted in a form that earlier versions do not read.
DATABASE = (4, 3)


class Upgrade(Rolling):
    """Moves servers to one version; where the cluster has several architectures, to a package for each."""

    task_name = 'Upgrade obproxy'
    steps = _dag_operations.UPGRADE

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.field = None
        self.wanted = None
        self.packages = {}

    def is_same(self, task):
        """Tell whether an earlier task was on its way to this version."""
        return self.wanted is not None and task['context']['stringMap'].get(UPGRADE_TO) == _rpm.short_name(self.wanted)

    def check(self, cluster_key):
        """Find everything that is wrong; nothing is written."""
        self.wanted = self._read()
        super().check(cluster_key)

    def _read(self):
        """Return what the request says of the package: all of its name, or without distribution and architecture."""
        short, whole = self.request.get('short_rpm_name'), self.request.get('version')
        self.field = self.request.field('version' if whole else 'short_rpm_name')
        if bool(short) == bool(whole):
            self.request.fault(self.field, short or whole, f'one of {_rpm.SHORT_FORM}, or in version a whole name, {_rpm.FORM}')
            return None
        try:
            return _rpm.parse(whole) if whole else _rpm.parse_short(short)
        except _rpm.NotAPackage as exc:
            self.request.fault(self.field, short or whole, str(exc))
            return None

    def choose(self, key):
        """Return the servers that are yet to be moved; those that have the version already are left out."""
        chosen = super().choose(key)
        if self.wanted is None:
            return chosen
        for row in chosen:
            if row['id'] in self.stopped:
                self.request.fault(self.request.field(key), row['id'], 'servers that run', status=CONFLICT,
                                   why=f"server {row['id']} was stopped; start it first")
        left = [row for row in chosen if row['id'] in self.earlier.failed or not self._has(row)]
        if chosen and not left and not self.request.faults:
            self.request.fault(self.field, self.wanted.get('file') or _rpm.short_name(self.wanted),
                               'another version than the present one', status=CONFLICT,
                               why=f"all {len(chosen)} servers have it: {', '.join(str(row['id']) for row in chosen)}")
        return left

    def _has(self, row):
        package = package_of(row)
        if package is None or 'file' in self.wanted:
            return package is not None and package['file'] == self.wanted['file']
        return _rpm.short_name(package) == _rpm.short_name(self.wanted)

    def check_settings(self, hosts):
        """Check the variables of an upgrade, and whether its package serves these servers."""
        super().check_settings(hosts)
        self.check_restart_mode({}, hosts)
        keep = self.settings.get('obproxy_keep_packages', hosts)
        if keep is not None and not str(keep).strip().isdigit():
            self._faulty('obproxy_keep_packages', keep, 'a number from 0 on')
        if self.wanted is None:
            return
        self._check_generation()
        for name, row in self.hosts.items():
            self.packages[row['id']] = package = self._package_for(name, row, hosts)
            self._check_directory(name, row, package)
        found = {package['file']: package for package in self.packages.values() if package}
        for package in found.values():
            self.settings.check_package(self.request, hosts, package)
        if any(self._goes_back(row) for row in self.servers):
            # Versions before 4.3 have to be told the passwords of proxyro again.
            self.settings.check_links(self.request, hosts, self.cluster)

    def _check_generation(self):
        """Compare with what the cluster's servers are: 4.x serves OceanBase 4.x, earlier ones earlier ones."""
        present = sorted({package_of(row)['version'] for row in self.known if package_of(row)})
        is_new = _numbers(self.wanted) >= (4,)
        if present and all((tuple(map(int, version.split('.')))[:1] >= (4,)) != is_new for version in present):
            self.request.fault(
                self.field, self.wanted['version'], 'a version before 4' if is_new else 'version 4.x',
                why=f"the cluster has {', '.join(present)}; 4.x serves OceanBase 4.x, earlier ones earlier OceanBase")

    def _check_directory(self, name, row, package):
        """Refuse another release of the version that a server has: a package's directory is named by the version alone."""
        present = package_of(row)
        if package and present and package['version'] == present['version'] and package['file'] != present['file']:
            self.request.fault(self.field, package['file'], 'another version than the present one', status=CONFLICT,
                               why=f"{name} has {present['file']}, and two releases of one version share a directory")

    def _package_for(self, name, row, hosts):
        """Return the package for one server's architecture, or None with a fault."""
        present = package_of(row)
        arch = row['architecture'] or (present or {}).get('arch')
        if 'arch' in self.wanted:
            if arch and arch != self.wanted['arch']:
                self.request.fault(self.field, self.wanted['file'], f'a package for {arch}', why=f'{name} is {arch}')
            return self.wanted
        candidates = self._candidates(present, hosts)
        fitting = [one for one in candidates if one['arch'] == arch or not arch]
        alike = [one for one in fitting if present and _rpm.dist(one) == _rpm.dist(present)]
        if len(fitting) == 1 or len(alike) == 1:
            return (alike or fitting)[0]
        listed = ', '.join(one['file'] for one in fitting or candidates) or 'none of that name'
        self.request.fault(self.field, _rpm.short_name(self.wanted), f"one package for {arch or 'its architecture'}",
                           why=f'for {name} there is {listed}; give the whole name as version')
        return None

    def _candidates(self, present, hosts):
        """Return the packages of that short name: the controller's files, else what is named as the present one is."""
        if (self.settings.get('obproxy_package_source', hosts) or 'file') == 'file':
            names = self.settings.package_files(hosts)
        else:
            url = str(self.settings.get('obproxy_package_url', hosts) or '')
            name = f"{_rpm.short_name(self.wanted)}.{_rpm.dist(present)}.{present['arch']}.rpm" if present else ''
            names = [os.path.basename(url) if url.endswith('.rpm') else name]
        found = []
        for name in names:
            try:
                package = _rpm.parse(name)
            except _rpm.NotAPackage:
                continue
            if name.endswith('.rpm') and _rpm.short_name(package) == _rpm.short_name(self.wanted):
                found.append(package)
        return found

    def _goes_back(self, row):
        present = package_of(row)
        return present is not None and _numbers(self.wanted) < DATABASE <= _numbers(present)

    def described(self, server):
        """Return the package that the server is moved to."""
        package = self.packages[server['id']]
        # That some version of the cluster knows its parameters was found when they were set.
        return {**super().described(server), 'version': package['file'], 'package': package, 'others_may_know': True,
                'goes_back': self._goes_back(server)}

    def _context(self):
        found = super()._context()
        found['stringMap'][UPGRADE_TO] = _rpm.short_name(self.wanted)
        return found

    def _notes(self):
        done = {row['id'] for row in self.known if self._has(row)} - {row['id'] for row in self.servers} - self.earlier.done
        has = [f"Left as they are, because they have the version already: {', '.join(f'server {one}' for one in sorted(done))}."]
        return super()._notes() + (has if done else [])


def _numbers(package):
    return tuple(int(part) for part in package['version'].split('.'))
