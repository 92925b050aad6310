# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operating system's user that instances run as, and its limits."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import os
import pwd
import re
import resource
import stat

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    NOBODY_YET, HostError, ensure_directories, ensure_file, opened, remove_file)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import processes

NOFILE = 655350
USER = re.compile(r'^[a-z_][a-z0-9_-]{0,31}\Z')


def find(name):
    """The entry of the user database, None when there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def check_name(name):
    if not USER.match(name or ''):
        raise HostError("%r cannot be the obproxy user: a small letter or '_', then small letters, digits, "
                        "'_' and '-' are expected, 32 characters at most." % (name,))


def _run(run, argv, what):
    rc, out, err = run(argv)
    if rc != 0:
        raise HostError('%s failed: %s ended with exit code %d: %s'
                        % (what, argv[0], rc, (err or out).strip() or 'no output'))


def _has_group(name):
    try:
        return bool(grp.getgrnam(name))
    except KeyError:
        return False


def ensure(changes, name, run):
    """(uid, gid) of the user, who is created without a password when missing."""
    found = find(name)
    if found:
        return found.pw_uid, found.pw_gid
    home = '/home/' + name
    changes.add('user ' + name, '', 'home %s, no password\n' % home)
    if changes.check_mode:
        return NOBODY_YET
    group = ['-g', name] if _has_group(name) else ['-U']
    _run(run, ['useradd', '-m', '-d', home, '-s', '/bin/bash'] + group + [name], 'Creating the user ' + name)
    found = find(name)
    if not found:
        raise HostError('useradd reported success, but the user %s is still unknown: look at '
                        '/etc/nsswitch.conf and at nscd.' % name)
    _own_home(found)
    return found.pw_uid, found.pw_gid


def _own_home(user):
    """useradd leaves a home that was there before to root: packages made it, the user needs it."""
    with opened(user.pw_dir) as home:
        if home.fd is not None and os.fstat(home.fd).st_uid == 0:
            os.fchown(home.fd, user.pw_uid, user.pw_gid)


def reachable_nofile(wanted=NOFILE):
    """The limit of open files that a session here may be given: wanted, or less where the kernel refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, wanted))
    except (ValueError, OSError, resource.error):
        return hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted


def _limits_name(name):
    return 'obproxy-%s.conf' % name


def ensure_limits(changes, name, folder):
    """The user's limit of open files, for the sessions that PAM opens."""
    # Asking for more than the kernel grants would make pam_limits refuse every session of the user.
    limit = reachable_nofile()
    text = ''.join(['# Managed by the Ansible collection oceanbase.obproxy\n'] +
                   ['%s %s nofile %d\n' % (name, which, limit) for which in ('soft', 'hard')])
    ensure_directories(changes, folder)
    with opened(folder) as limits:
        ensure_file(changes, limits, _limits_name(name), text, 0o644, (os.geteuid(), os.getegid()))


def remove_limits(changes, name, folder):
    with opened(folder) as limits:
        remove_file(changes, limits, _limits_name(name))


def remove(changes, name, run, skeleton, proc):
    """Remove a user that we created, unless a process of it runs; its home goes only if nothing was added."""
    found = find(name)
    if not found or any(one.uid == found.pw_uid for one in processes(None, proc)):
        return
    changes.add('user ' + name, 'home %s\n' % found.pw_dir, '')
    if changes.check_mode:
        return
    _run(run, ['userdel', name], 'Removing the user ' + name)
    _remove_untouched_home(found, skeleton)


def _remove_untouched_home(user, skeleton):
    with opened(user.pw_dir) as home, opened(skeleton) as skel:
        if home.fd is None or not _same_as_skeleton(home, skel):
            return
        for entry in home.entries():
            os.unlink(home.at(entry))
    os.rmdir(user.pw_dir)


def _same_as_skeleton(home, skel):
    for entry in home.entries():
        found, model = home.stat(entry), skel.stat(entry)
        if model is None or not (stat.S_ISREG(found.st_mode) and stat.S_ISREG(model.st_mode)):
            return False
        if home.read(entry) != skel.read(entry):
            return False
    return True
