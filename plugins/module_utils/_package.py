# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RPM packages: what is installed, what a file holds, whether it is sound, putting it in and out."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import fcntl
import hashlib
import os
import re
import shutil
import tempfile

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError, wait_for_lock

NAMES = ('obproxy', 'obproxy-ce')
MAGIC = b'\xed\xab\xee\xdb'
CHUNK = 1024 * 1024
BINARY = '/bin/obproxy'
FILE = re.compile(r'^(?P<name>obproxy(?:-ce)?)-(?P<version>[0-9][A-Za-z0-9._+~^]*)-'
                  r'(?P<release>[A-Za-z0-9][A-Za-z0-9._+~^]*)\.(?P<arch>[a-z0-9_]+)\.rpm\Z')
ALGORITHMS = {'sha256': 64, 'sha384': 96, 'sha512': 128}
QUERY = r'P\t%{NAME}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SIGSIZE}\n[F\t%{FILENAMES}\n][U\t%{FILEUSERNAME}\n]'


class PackageError(HostError):
    """A package cannot be used; the text says why and what to do."""


class Nevra(collections.namedtuple('Nevra', 'name version release arch')):
    """Name, version, release and architecture of a package (obproxy has no epoch)."""

    __slots__ = ()

    def __str__(self):
        return '%s-%s-%s.%s' % self


# dir is the directory that holds bin/obproxy, None for a package without one.
Package = collections.namedtuple('Package', 'nevra dir users size')


def parse_file_name(name):
    """The Nevra that an RPM file's name tells."""
    found = FILE.match(name or '')
    if not found:
        raise PackageError("%r is no OBProxy package: a file name such as "
                           "obproxy-ce-4.3.1.0-4.el8.x86_64.rpm is expected." % (name,))
    return Nevra(**found.groupdict())


def _parse_query(text):
    found = []
    for line in text.splitlines():
        fields = line.split('\t')
        if fields[0] == 'P' and len(fields) == 6:
            size = int(fields[5]) if fields[5].isdigit() else None
            found.append({'nevra': Nevra(*fields[1:5]), 'size': size, 'dir': None, 'users': set()})
        elif fields[0] == 'F' and found and fields[1].endswith(BINARY):
            found[-1]['dir'] = fields[1][:-len(BINARY)]
        elif fields[0] == 'U' and found:
            found[-1]['users'].add(fields[1])
    return [Package(**one) for one in found]


def _said(out, err):
    """What a command said, in one line."""
    return ' '.join((err + ' ' + out).split()) or 'no output'


class Rpm(object):
    """The rpm command; run takes an argv list and returns exit code, output and errors as text."""

    def __init__(self, run, options=(), root=''):
        self._run = run
        self._options = list(options)
        self.root = root

    def _call(self, argv):
        return self._run(argv[:1] + self._options + argv[1:])

    def installed(self):
        """Every OBProxy package that is installed."""
        _rc, out, err = self._call(['rpm', '-q', '--qf', QUERY] + list(NAMES))
        broken = [line for line in err.splitlines() if line.startswith('error:')]
        if broken:
            raise PackageError("RPM's database cannot be read: %s Repair it (rpm --rebuilddb)."
                               % ' '.join(broken))
        return _parse_query(out)

    def find(self, nevra):
        """The installed package with exactly this name, version, release and architecture, or None."""
        for package in self.installed():
            if package.nevra == nevra:
                return package
        return None

    def check_complete(self, package):
        """Refuse an installed package whose program is missing."""
        if not package.dir or not os.path.isfile(self.root + package.dir + BINARY):
            raise PackageError('%s is in RPM\'s database, but %s%s is missing: look with "rpm -V %s", then '
                               'remove it (rpm -e) and run this again.'
                               % (package.nevra, package.dir or '', BINARY, package.nevra))

    def read(self, path):
        """The package that a file holds, which is sound: its header and its digests are in order."""
        size = os.path.getsize(path)
        with open(path, 'rb') as source:
            magic = source.read(len(MAGIC))
        if magic != MAGIC:
            raise PackageError('The file is no RPM package (%d bytes, it begins with %r): it is cut short or '
                               'damaged, or it is something else, such as an error page.' % (size, magic))
        rc, out, err = self._run(['rpm', '-qp', '--nosignature', '--qf', QUERY, path])
        packages = _parse_query(out)
        if rc != 0 or len(packages) != 1:
            raise PackageError('The RPM package is cut short or damaged: it has %d bytes and its header '
                               'cannot be read (%s).' % (size, _said('', err)))
        wanted = packages[0].size
        if wanted and size < wanted:
            raise PackageError('The RPM package is cut short: it has %d bytes, its header tells of more than '
                               '%d.' % (size, wanted))
        rc, out, err = self._run(['rpmkeys', '--checksig', '--nosignature', path])
        if rc != 0:
            raise PackageError('The RPM package is damaged, its digests do not fit its content: %s (%d bytes).'
                               % (_said(out, err), size))
        return packages[0]

    def check_signature(self, path, key=None):
        """Demand a good signature by key (the text of a public key), or by one of the system's keys."""
        folder = tempfile.mkdtemp(prefix='obproxy-keys-')
        try:
            options = self._import(key, folder) if key else self._options
            rc, out, err = self._run(['rpmkeys'] + options + ['--checksig', '-v', path])
        finally:
            shutil.rmtree(folder)
        signatures = [line.strip() for line in out.splitlines() if re.search(r'\bsignature\b', line, re.I)]
        if rc == 0 and any(line.endswith(': OK') for line in signatures):
            return
        with_what = 'the key given' if key else "the keys in RPM's database"
        if not signatures:
            raise PackageError('The package is not signed: a signature by %s is expected.' % with_what)
        raise PackageError('The signature of the package does not agree with %s: %s. Give the key of whoever '
                           'built it.' % (with_what, '; '.join(signatures)))

    def _import(self, key, folder):
        """The rpm options that select a database with this key alone."""
        path = os.path.join(folder, 'key')
        options = ['--dbpath', os.path.join(folder, 'db')]
        os.mkdir(options[1])
        with open(path, 'w') as target:
            target.write(key)
        rc, out, err = self._run(['rpmkeys'] + options + ['--import', path])
        if rc != 0:
            raise PackageError('The key is no public key that rpm takes (%s): the ASCII-armoured text of one '
                               'is expected.' % _said(out, err))
        return options

    def wait(self, timeout):
        """Wait for RPM's database; rpm itself would wait without end and without a word."""
        rc, out, _err = self._call(['rpm', '--eval', '%{?_rpmlock_path}%{!?_rpmlock_path:%{_dbpath}/.rpm.lock}'])
        path = self.root + out.strip()
        if rc != 0 or not os.path.exists(path):
            return
        fd = os.open(path, os.O_RDWR)
        try:
            wait_for_lock(lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB), path, timeout,
                          "RPM's database")
        finally:
            os.close(fd)

    def install(self, path):
        """Put a package in beside the others, newer ones included: -i never removes another version."""
        rc, out, err = self._call(['rpm', '-i', '--oldpackage', path])
        if rc != 0:
            raise PackageError('rpm -i failed with exit code %d: %s' % (rc, _said(out, err)))

    def erase(self, nevra):
        rc, out, err = self._call(['rpm', '-e', str(nevra)])
        if rc != 0:
            raise PackageError('rpm -e %s failed with exit code %d: %s' % (nevra, rc, _said(out, err)))


def check_checksum(path, checksum):
    """Compare a file with 'sha256:<hex>' (also sha384, sha512; bare hex is sha256)."""
    algorithm, _colon, wanted = checksum.rpartition(':')
    algorithm, wanted = algorithm.lower() or 'sha256', wanted.strip().lower()
    if ALGORITHMS.get(algorithm) != len(wanted) or not re.match('^[0-9a-f]+$', wanted):
        raise PackageError("%r is no checksum: 'sha256:' and 64 hexadecimal digits are expected (sha384 and "
                           "sha512 are known too)." % checksum)
    digest = hashlib.new(algorithm)
    with open(path, 'rb') as source:
        for chunk in iter(lambda: source.read(CHUNK), b''):
            digest.update(chunk)
    if digest.hexdigest() != wanted:
        raise PackageError('The checksum of the package is %s:%s (%d bytes), but %s:%s is expected: the file '
                           'is cut short, damaged, or another one.'
                           % (algorithm, digest.hexdigest(), os.path.getsize(path), algorithm, wanted))


def check_header(package, wanted, machine):
    """The file must hold what its name says, for this host."""
    if package.nevra != wanted:
        raise PackageError('The file holds %s, but %s is expected: it was renamed, or is another one.'
                           % (package.nevra, wanted))
    if package.nevra.arch not in (machine, 'noarch'):
        raise PackageError('The package is for %s, but this host is %s: a package for %s is expected.'
                           % (package.nevra.arch, machine, machine))
    if not package.dir:
        raise PackageError('%s holds no bin/obproxy: it is no OBProxy package.' % str(package.nevra))


def check_room(package, installed, working):
    """Refuse a package whose directory is another's.

    The directory's name has the version but not the release, and the package's script empties it.
    """
    for other in installed:
        if other.dir == package.dir:
            raise PackageError('%s is installed, and %s would share its directory %s: remove the installed '
                               'one first, or choose another version.'
                               % (other.nevra, package.nevra, package.dir))
    if working:
        raise PackageError('%s is in use by process %s, though no package owns it: the installation would '
                           'delete its etc and log. Stop that process and move the directory away, or take it '
                           'over.' % (package.dir, ', '.join(str(pid) for pid in working)))
