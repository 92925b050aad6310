# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a package onto a host and pointing an instance at it, and taking it away again."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import tempfile

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _claims
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    HostError, ensure_link, locked, opened, remove_file, remove_if_empty)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import (
    PackageError, check_checksum, check_header, check_room, parse_file_name)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import instance_pids, processes
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import (
    BIN, CURRENT, needing, read_record, read_records)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._user import find as find_user


class TransferNeeded(PackageError):
    """The package is not installed, and no file of it was given."""


class Provision(object):
    """One package on one host; options are the module's."""

    def __init__(self, options, rpm, run, changes, layout, machine):
        self.options = options
        self.rpm = rpm
        self.changes = changes
        self.layout = layout
        self.nevra = parse_file_name(options['package'])
        self.home = options['home'] or self._recorded_home(options.get('name'))
        self._run = run
        self._machine = machine

    def _recorded_home(self, name):
        record = read_record(name, self.layout.records) if name else None
        if name and record is None:
            raise HostError('%s has no record in %s: it is no instance of this collection on this host.'
                            % (name, self.layout.records))
        return record['home'] if record else None

    def _locked(self):
        return locked(self.layout.lock, self.options['timeout'], 'The obproxy set-up of this host',
                      self.changes.check_mode)

    def present(self):
        """Install the package unless it is there, and give the instance its bin link; the package's directory."""
        with self._locked():
            package = self.rpm.find(self.nevra)
            if package:
                self.rpm.check_complete(package)
            else:
                self._link(None, check_only=True)
                package = self._install()
            folder = package.dir if package else None
            self._link(folder)
        return folder

    def _install(self):
        """Verify and install; None when check mode has no file to look at."""
        if self.changes.check_mode and not self._has_file():
            self.changes.add('package', '', '%s\n' % str(self.nevra))
            return None
        temporary = tempfile.mkdtemp(prefix='obproxy-package-')
        try:
            path = self._fetch(temporary)
            package = self._verify(path)
            self.changes.add('package', '', '%s\n' % str(self.nevra))
            if not self.changes.check_mode:
                self.rpm.wait(self.options['timeout'])
                # Noted before it happens, so that a killed run is remembered with what it brought.
                if self.home:
                    _claims.add(self.home, self.nevra)
                self.rpm.install(path)
                self.rpm.check_complete(package)
        finally:
            shutil.rmtree(temporary)
        return package

    def _has_file(self):
        return self.options['source'] == 'file' and os.path.isfile(self.options['src'] or '')

    def _fetch(self, temporary):
        source = self.options['source']
        if source == 'file':
            if not self._has_file():
                raise TransferNeeded('%s is not installed, and its file %s is not on the host.'
                                     % (self.nevra, self.options['src'] or '(none given)'))
            return self.options['src']
        # urls.py is slow to import, and most calls need none of it.
        from ansible_collections.oceanbase.obproxy.plugins.module_utils import _download
        if source == 'repo':
            return _download.from_repo(self.nevra, temporary, self.rpm, self._run)
        path = os.path.join(temporary, self.options['package'])
        _download.from_url(_download.package_url(self.options['url'], self.options['package']), path)
        return path

    def _verify(self, path):
        if self.options['checksum']:
            check_checksum(path, self.options['checksum'])
        package = self.rpm.read(path)
        check_header(package, self.nevra, self._machine)
        if self.options['key']:
            self.rpm.check_signature(path, self.options['key'])
        check_room(package, self.rpm.installed(), workers(package.dir, self.layout.proc))
        missing = sorted(user for user in package.users if not find_user(user))
        # An instance has a user already: where it is another one, rpm gives the files to root, and that one may read them.
        if missing and not self.home and not self.changes.check_mode:
            raise PackageError('The files of %s belong to the user %s, who does not exist here: create that '
                               'user first (obproxy_instance does).' % (self.nevra, ', '.join(missing)))
        return package

    def _link(self, folder, check_only=False):
        """Point the instance's bin at the package, unless it runs with another one."""
        home = self.options['home']
        if not home:
            return
        target = os.path.join(folder, 'bin') if folder else '(the bin directory of %s)' % str(self.nevra)
        with opened(home) as instance:
            if instance.fd is None and not self.changes.check_mode:
                raise HostError('%s is missing: prepare the instance (obproxy_instance) first.' % home)
            present = instance.link('bin')
            running = instance_pids(home, self.layout.proc) if present not in (None, target) else ()
            if running:
                raise HostError('%s/bin points to %s and the instance runs (process %s): to move it to %s, use '
                                'the upgrade.' % (home, present, ', '.join(str(pid) for pid in running),
                                                  self.nevra))
            if not check_only:
                ensure_link(self.changes, instance, 'bin', target)

    def absent(self):
        """Remove the instance's link, and the package if it came with it and nobody else uses it; who does."""
        with self._locked():
            package = self.rpm.find(self.nevra)
            self._unlink(package)
            if package is None:
                return []
            home = self.options['home']
            records = [record for record in read_records(self.layout.records)[0] if record['home'] != home]
            others = needing(package, records)
            users = [record['name'] for record in others]
            users += ['process %d' % pid for pid in workers(package.dir, self.layout.proc)] if package.dir else []
            if not users and (not home or _claims.has(home, self.nevra)):
                erase(self.rpm, package, self.changes, self.options['timeout'])
            if home and not self.changes.check_mode:
                _claims.hand_over(home, self.nevra, heirs(package, others))
        return users

    def _unlink(self, package):
        if not self.options['home'] or not package or not package.dir:
            return
        with opened(self.options['home']) as instance:
            for name in (BIN, CURRENT) if instance.fd is not None else ():
                if os.path.islink(instance.at(name)) and instance.link(name) == os.path.join(package.dir, 'bin'):
                    self._refuse_if_running()
                    remove_file(self.changes, instance, name)

    def _refuse_if_running(self):
        pids = instance_pids(self.options['home'], self.layout.proc)
        if pids:
            raise HostError('The instance in %s runs (process %s) with %s: stop it first (obproxy_service).'
                            % (self.options['home'], ', '.join(str(pid) for pid in pids), self.nevra))


def workers(folder, proc):
    """The obproxy processes that were started from a directory, or work in it."""
    inside = folder.rstrip('/') + '/'
    return [one.pid for one in processes(('obproxy', 'obproxyd.sh'), proc)
            if (one.exe or '').startswith(inside) or ((one.cwd or '') + '/').startswith(inside)]


def heirs(package, records):
    """The homes of instances that may take a package with them; not of one that lives in its directory, which is not ours."""
    inside = (package.dir or '').rstrip('/') + '/'
    return [record['home'] for record in records
            if os.path.isdir(record['home']) and not (record['home'] + '/').startswith(inside)]


def erase(rpm, package, changes, timeout):
    """Remove a package that nobody uses."""
    changes.add('package', '%s\n' % str(package.nevra), '')
    if not changes.check_mode:
        rpm.wait(timeout)
        rpm.erase(package.nevra)
        _tidy(rpm, package)


def _tidy(rpm, package):
    """Remove the empty directories above a package's: rpm makes them, but owns and removes none."""
    homes = [found.pw_dir for found in map(find_user, package.users) if found]
    path = os.path.dirname(package.dir or '/')
    while path.count('/') > 1 and path not in homes and not os.path.islink(rpm.root + path):
        remove_if_empty(rpm.root + path)
        path = os.path.dirname(path)
