# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, directories and locks, handled so that nobody can turn root's hand against the host.

An instance's home belongs to an unprivileged user, who may plant links there. So directories are
held open, what lies in them is reached through /proc/self/fd, links are never followed, and files
are never changed in place but replaced by rename.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import fcntl
import grp
import os
import pwd
import stat
import time

from ansible.module_utils.common.text.converters import to_bytes, to_native

NOBODY_YET = (-1, -1)


class HostError(Exception):
    """Something on the host stops the work; the text says what and what to do."""


class Changes(object):
    """What a call has changed, or would change in check mode."""

    def __init__(self, check_mode=False):
        self.check_mode = check_mode
        self.diff = []
        self.new_directories = set()

    @property
    def changed(self):
        return bool(self.diff)

    def add(self, what, before='', after=''):
        self.diff.append({'before_header': what, 'after_header': what,
                          'before': before, 'after': after})


class Folder(object):
    """A directory held open; missing (in check mode) it looks empty."""

    def __init__(self, path, fd=None):
        self.path = path
        self.fd = fd

    def at(self, name):
        """The path of an entry, through the open directory."""
        if not name or '/' in name or name in ('.', '..'):
            raise HostError("%r can't be the name of a file in %s." % (name, self.path))
        return '/proc/self/fd/%d/%s' % (self.fd, name)

    def shown(self, name):
        return os.path.join(self.path, name)

    def entries(self):
        return sorted(os.listdir('/proc/self/fd/%d' % self.fd)) if self.fd is not None else []

    def stat(self, name):
        """What lstat says of an entry, None when it is missing."""
        if self.fd is None:
            return None
        try:
            return os.lstat(self.at(name))
        except OSError as exc:
            if exc.errno == errno.ENOENT:
                return None
            raise

    def read(self, name):
        """The text of a regular file, None when it is missing."""
        found = self.stat(name)
        if found is None:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise HostError('%s is %s, but a regular file is expected: move it away.'
                            % (self.shown(name), kind(found.st_mode)))
        fd = os.open(self.at(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, 'rb') as source:
            return to_native(source.read(), errors='surrogate_or_replace')

    def link(self, name):
        """Where a symbolic link points, None when there is no entry of this name."""
        found = self.stat(name)
        if found is None:
            return None
        if not stat.S_ISLNK(found.st_mode):
            raise HostError('%s is %s, but a symbolic link is expected: move it away.'
                            % (self.shown(name), kind(found.st_mode)))
        return os.readlink(self.at(name))


def kind(mode):
    """A file type in words."""
    for test, words in ((stat.S_ISLNK, 'a symbolic link'), (stat.S_ISDIR, 'a directory'),
                        (stat.S_ISREG, 'a regular file')):
        if test(mode):
            return words
    return 'a special file'


@contextlib.contextmanager
def opened(path, parent=None):
    """The directory path (an entry of parent when that is given) as a Folder."""
    shown = parent.shown(path) if parent else path
    if parent and parent.fd is None:
        yield Folder(shown)
        return
    try:
        fd = os.open(parent.at(path) if parent else path,
                     os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as exc:
        if exc.errno == errno.ENOENT:
            fd = None
        elif exc.errno in (errno.ENOTDIR, errno.ELOOP):
            raise HostError('%s is not a directory, or is a symbolic link: a directory is expected.'
                            % shown)
        else:
            raise
    try:
        yield Folder(shown, fd)
    finally:
        if fd is not None:
            os.close(fd)


def _owner_words(owner):
    """user:group by name, as far as they have names."""
    words = []
    for lookup, number in ((pwd.getpwuid, owner[0]), (grp.getgrgid, owner[1])):
        try:
            words.append(lookup(number)[0])
        except (KeyError, OverflowError):
            words.append('(new)' if number == -1 else str(number))
    return ':'.join(words)


def _rights(owner, mode):
    return 'owner %s, mode %04o\n' % (_owner_words(owner), mode)


def _rights_change(changes, shown, found, owner, mode):
    """Whether owner or mode differ from what is wanted; noted in changes."""
    actual = (found.st_uid, found.st_gid)
    actual_mode = stat.S_IMODE(found.st_mode)
    if actual == owner and actual_mode == mode:
        return False
    changes.add(shown, _rights(actual, actual_mode), _rights(owner, mode))
    return True


def ensure_directories(changes, path):
    """path and its missing parents, of the calling user, mode 0755; existing ones stay as they are."""
    if path in changes.new_directories or os.path.isdir(path):
        return
    if os.path.lexists(path):
        raise HostError('%s is there, but is no directory: move it away.' % path)
    parent = os.path.dirname(path.rstrip('/'))
    ensure_directories(changes, parent)
    changes.add(path, '', 'directory, mode 0755\n')
    changes.new_directories.add(path)
    if changes.check_mode:
        return
    try:
        os.mkdir(path, 0o755)
    except OSError as exc:
        # Somebody else may have been faster.
        if exc.errno != errno.EEXIST or not os.path.isdir(path):
            raise
        return
    os.chmod(path, 0o755)


def ensure_folder(changes, parent, name, owner, mode):
    """A directory in parent with this owner (uid, gid) and mode."""
    found = parent.stat(name)
    if found is not None and not stat.S_ISDIR(found.st_mode):
        raise HostError('%s is %s, but a directory is expected: move it away.'
                        % (parent.shown(name), kind(found.st_mode)))
    if found is None:
        changes.add(parent.shown(name), '', 'directory, ' + _rights(owner, mode))
        if changes.check_mode:
            return
        os.mkdir(parent.at(name), 0o700)
    elif not _rights_change(changes, parent.shown(name), found, owner, mode) or changes.check_mode:
        return
    with opened(name, parent) as folder:
        os.fchown(folder.fd, owner[0], owner[1])
        os.fchmod(folder.fd, mode)


def ensure_file(changes, folder, name, text, mode, owner=None):
    """A regular file with this text, mode and owner (None: its present owner); True when changed."""
    before = folder.read(name)
    found = folder.stat(name)
    if owner is None:
        owner = (found.st_uid, found.st_gid) if found else (os.geteuid(), os.getegid())
    differs = before != text
    if differs:
        changes.add(folder.shown(name), before or '', text)
    if found is not None and _rights_change(changes, folder.shown(name), found, owner, mode):
        differs = True
    if differs and not changes.check_mode:
        _replace(folder, name, text, mode, owner)
    return differs


def _replace(folder, name, text, mode, owner):
    """Write a new file and rename it into place."""
    new = folder.at('.%s.new' % name)
    with _missing_ok():
        os.unlink(new)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, 'wb') as target:
            target.write(to_bytes(text, errors='surrogate_or_strict'))
            target.flush()
            os.fchown(target.fileno(), owner[0], owner[1])
            os.fchmod(target.fileno(), mode)
            os.fsync(target.fileno())
        os.rename(new, folder.at(name))
    except Exception:
        with _missing_ok():
            os.unlink(new)
        raise


@contextlib.contextmanager
def _missing_ok():
    try:
        yield
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise


def ensure_link(changes, folder, name, target):
    """A symbolic link to target, replaced in one step when it points elsewhere."""
    before = folder.link(name)
    if before == target:
        return
    changes.add(folder.shown(name), '-> %s\n' % before if before else '', '-> %s\n' % target)
    if changes.check_mode:
        return
    new = folder.at('.%s.new' % name)
    with _missing_ok():
        os.unlink(new)
    os.symlink(target, new)
    os.rename(new, folder.at(name))


def remove_file(changes, folder, name):
    """Remove a file or link; True when there was one."""
    found = folder.stat(name)
    if found is None:
        return False
    before = folder.read(name) if stat.S_ISREG(found.st_mode) else kind(found.st_mode) + '\n'
    changes.add(folder.shown(name), before, '')
    if not changes.check_mode:
        os.unlink(folder.at(name))
    return True


def remove_tree(folder, name, keep=()):
    """Remove an entry with all that is in it, but for the entries of it that are named in keep."""
    if not stat.S_ISDIR(folder.stat(name).st_mode):
        os.unlink(folder.at(name))
        return
    with opened(name, folder) as inner:
        for entry in inner.entries():
            if entry not in keep:
                remove_tree(inner, entry)
        left = inner.entries()
    if not left:
        os.rmdir(folder.at(name))


def remove_if_empty(path):
    """Remove a directory that holds nothing; one that does is left."""
    try:
        os.rmdir(path)
    except OSError as exc:
        if exc.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
            raise


def lock_holders(path, locks='/proc/locks'):
    """The ids of the processes that hold a lock on a file; those in containers have none here."""
    inode = os.stat(path).st_ino
    holders = set()
    with open(locks) as source:
        for line in source:
            fields = line.split()
            if '->' not in fields and len(fields) > 5 and fields[5].endswith(':%d' % inode):
                holders.add(int(fields[4]))
    return sorted(pid for pid in holders if pid > 0)


@contextlib.contextmanager
def locked(path, timeout, what, check_mode=False):
    """Hold the lock file path, which may be removed meanwhile; after timeout seconds of waiting a HostError says who has it."""
    if check_mode:
        yield
        return
    deadline = time.time() + timeout
    fd = _lock(path, deadline, timeout, what)
    while not _is_at(fd, path):
        # Its last holder has removed it: somebody else may hold a new one.
        os.close(fd)
        fd = _lock(path, deadline, timeout, what)
    try:
        yield
    finally:
        os.close(fd)


def _lock(path, deadline, timeout, what):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | getattr(os, 'O_CLOEXEC', 0o2000000),
                 0o600)
    try:
        wait_for_lock(lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB), path, timeout, what, deadline)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _is_at(fd, path):
    try:
        there, mine = os.lstat(path), os.fstat(fd)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)


def wait_for_lock(attempt, path, timeout, what, deadline=None):
    """Try attempt, which takes a lock or raises, until it succeeds or timeout seconds are over."""
    deadline = deadline or time.time() + timeout
    while True:
        try:
            return attempt()
        except (IOError, OSError) as exc:
            if exc.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        if time.time() >= deadline:
            pids = ', '.join(str(pid) for pid in lock_holders(path)) or 'unknown'
            raise HostError('%s is locked (%s) by process %s, for more than %d s: wait until that '
                            'one has ended, then run this again.' % (what, path, pids, timeout))
        time.sleep(0.1)
