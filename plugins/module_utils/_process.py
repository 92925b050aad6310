# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and listening sockets, read from /proc alone.

Whatever vanishes while it is read, or may not be read, is left out.
Command lines stay here: they may hold password hashes.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import errno
import os
import pwd
import re
import socket
import struct

from ansible.module_utils.common.text.converters import to_native

PROC = '/proc'
WATCHDOG = 'obproxyd.sh'
SHELLS = ('bash', 'sh', 'dash', 'ksh', 'ksh93', 'mksh', 'zsh', 'ash', 'busybox')
LISTEN = '0A'
DELETED = ' (deleted)'

# start_time is in seconds since boot: with the pid it names one process for good.
# script is the file that a shell carries out (absolute when the process gives it so), else None.
Process = collections.namedtuple(
    'Process', 'pid comm exe cwd uid user ppid state start_time argv0 script')
_looks = []


def _read(path):
    try:
        with open(path, 'rb') as source:
            return to_native(source.read(), errors='surrogate_or_replace')
    except (IOError, OSError):
        return None


def _readlink(path, pid=None, proc=PROC):
    try:
        return os.readlink(path) if pid is None else _look(pid, proc, os.readlink, path)
    except OSError:
        return None


def _look(pid, proc, look, path):
    """Look at a file of a process, as its own user where root may not.

    In containers root often lacks CAP_SYS_PTRACE, which looking into other users' processes takes.
    """
    try:
        return look(path)
    except OSError as exc:
        owner = _owner(pid, proc) if exc.errno in (errno.EACCES, errno.EPERM) and os.geteuid() == 0 else None
        if owner is None:
            raise
    group = os.getegid()
    os.setegid(owner[1])
    os.seteuid(owner[0])
    try:
        return look(path)
    finally:
        os.seteuid(0)
        os.setegid(group)


def pids(proc=PROC):
    """The ids of all processes there are now, in rising order."""
    return sorted(int(name) for name in os.listdir(proc) if name.isdigit())


def parents(proc=PROC):
    """{pid: its parent's pid} of all living processes."""
    found = ((pid, _stat(pid, proc)) for pid in pids(proc))
    return dict((pid, stat[2]) for pid, stat in found if stat is not None)


def user_name(uid):
    """The login name of a user id; the id's digits where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _script(argv):
    """The script in a shell's command line: its first argument that is no option."""
    for argument in argv[1:]:
        if not argument.startswith(('-', '+')):
            return argument
        if not argument.startswith('--') and 'c' in argument:
            return None
    return None


def _stat(pid, proc):
    """(comm, state, ppid, start_time) of a process; None when it is gone or dead."""
    text = _read('%s/%d/stat' % (proc, pid))
    if not text or ')' not in text:
        return None
    comm = text[text.index('(') + 1:text.rindex(')')]
    fields = text[text.rindex(')') + 1:].split()
    if len(fields) < 20 or fields[0] in 'ZXx':
        return None
    return comm, fields[0], int(fields[1]), int(fields[19]) / float(os.sysconf('SC_CLK_TCK'))


def _owner(pid, proc):
    """(uid, gid) of a process; None when it is gone."""
    found = re.findall(r'^[UG]id:\s+(\d+)', _read('%s/%d/status' % (proc, pid)) or '', re.M)
    return tuple(int(number) for number in found) if len(found) == 2 else None


def _process(pid, names, proc):
    stat = _stat(pid, proc)
    if stat is None:
        return None
    comm, state, ppid, start_time = stat
    wanted = names is None or comm in names
    if not wanted and not (WATCHDOG in names and comm in SHELLS):
        return None
    argv = (_read('%s/%d/cmdline' % (proc, pid)) or '').rstrip('\0').split('\0')
    script = _script(argv) if comm in SHELLS or comm == WATCHDOG else None
    if not wanted and os.path.basename(script or '') != WATCHDOG:
        return None
    owner = _owner(pid, proc)
    if owner is None:
        return None
    uid = owner[0]
    return Process(
        pid=pid, comm=comm, exe=_readlink('%s/%d/exe' % (proc, pid), pid, proc),
        cwd=_readlink('%s/%d/cwd' % (proc, pid), pid, proc), uid=uid, user=user_name(uid), ppid=ppid,
        state=state, start_time=start_time, argv0=argv[0], script=script)


def harmless_command(pid, proc=PROC):
    """What a process was started with, None where there may be a secret in it."""
    argv = (_read('%s/%d/cmdline' % (proc, pid)) or '').rstrip('\0').split('\0')
    return argv if argv[0] and not any(re.search('passw|secret|token', argument, re.I) for argument in argv) else None


def script_arguments(pid, proc=PROC):
    """What a shell that carries out a script was given for it."""
    argv = (_read('%s/%d/cmdline' % (proc, pid)) or '').rstrip('\0').split('\0')
    script = _script(argv)
    return argv[argv.index(script) + 1:] if script else []


def environment(pid, name, proc=PROC):
    """A variable of the environment that a process was started with; None where it had none."""
    def read(path):
        with os.fdopen(os.open(path, os.O_RDONLY), 'rb') as source:
            return to_native(source.read(), errors='surrogate_or_replace')
    try:
        text = _look(pid, proc, read, '%s/%d/environ' % (proc, pid))
    except (IOError, OSError):
        return None
    found = [entry.partition('=')[2] for entry in text.split('\0') if entry.partition('=')[0] == name]
    return found[0] if found else None


def runs_with(pid, argument, proc=PROC):
    """Whether a process was started with this argument."""
    argv = (_read('%s/%d/cmdline' % (proc, pid)) or '').rstrip('\0').split('\0')
    return argument in argv[1:]


def option(pid, name, proc=PROC):
    """The value that a process was given for an option, as NAME=VALUE or in the next argument; None without it."""
    argv = (_read('%s/%d/cmdline' % (proc, pid)) or '').rstrip('\0').split('\0')
    for argument, following in zip(argv, argv[1:] + [None]):
        if argument == name:
            return following
        if argument.startswith(name + '='):
            return argument[len(name) + 1:]
    return None


def boot_time(proc=PROC):
    """When the machine was started, in seconds since 1970."""
    found = re.search(r'^btime (\d+)', _read(proc + '/stat') or '', re.M)
    return int(found.group(1)) if found else 0


def process(pid, proc=PROC):
    """The process with this id, or None when there is none or only a zombie."""
    return _process(pid, None, proc)


def _in_container(pid, proc):
    """Whether a process has another root directory: its paths mean other files then."""
    try:
        ours, its = os.stat('/'), _look(pid, proc, os.stat, '%s/%d/root' % (proc, pid))
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) != (its.st_dev, its.st_ino)


def processes(names=None, proc=PROC):
    """The living processes whose comm is one of names (all when None), by pid; none in containers.

    With 'obproxyd.sh' among the names, shells that carry out a file of that name are found too.
    """
    found = (_process(pid, names, proc) for pid in pids(proc))
    return [one for one in found if one is not None and not _in_container(one.pid, proc)]


def works_in(pid, home, proc=PROC):
    """Whether a process works in the directory home.

    Compared by device and inode: a process in a container may show the same path.
    """
    link = '%s/%d/cwd' % (proc, pid)
    try:
        wanted = os.stat(home)
    except OSError:
        # Without the mark, the process works in a directory of that name in a container.
        return _readlink(link, pid, proc) == home + DELETED
    try:
        actual = _look(pid, proc, os.stat, link)
    except OSError:
        return False
    return (actual.st_dev, actual.st_ino) == (wanted.st_dev, wanted.st_ino)


def instance_pids(home, proc=PROC):
    """The ids of the obproxy processes that work in home, the oldest first.

    During a hot restart there are two: the one that leaves and the one that takes over.
    """
    mine = [one for one in processes(('obproxy',), proc) if works_in(one.pid, home, proc)]
    return [one.pid for one in sorted(mine, key=lambda one: (one.start_time, one.pid))]


def watchdog_pids(home, proc=PROC):
    """The ids of the shells that carry out home's obproxyd.sh."""
    script = os.path.join(os.path.realpath(home), WATCHDOG)
    return [one.pid for one in processes((WATCHDOG,), proc)
            if one.script and os.path.realpath(os.path.join(one.cwd or '/', one.script)) == script]


def _address(text):
    """An address as /proc/net/tcp writes it: 32-bit words in the machine's byte order."""
    words = [int(text[start:start + 8], 16) for start in range(0, len(text), 8)]
    packed = b''.join(struct.pack('=I', word) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _listening(ports, proc):
    """(inode, port, address, uid) of every listening TCP socket."""
    found = []
    for table in ('tcp', 'tcp6'):
        for line in (_read('%s/net/%s' % (proc, table)) or '').splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or fields[3] != LISTEN:
                continue
            address, port = fields[1].rsplit(':', 1)
            port = int(port, 16)
            if ports is None or port in ports:
                found.append((fields[9], port, _address(address), int(fields[7])))
    return found


def _links(folder):
    """What the links in a folder point to; a link that is gone meanwhile points nowhere."""
    found = set()
    for name in os.listdir(folder):
        try:
            found.add(os.readlink(folder + '/' + name))
        except OSError as exc:
            if exc.errno != errno.ENOENT:
                raise
    return found


def _socket_owners(inodes, proc):
    """{inode: set of pids} for the sockets with these inodes."""
    owners = collections.defaultdict(set)
    links = dict(('socket:[%s]' % inode, inode) for inode in inodes)
    for pid in pids(proc) if inodes else ():
        folder = '%s/%d/fd' % (proc, pid)
        try:
            found = _look(pid, proc, _links, folder)
        except OSError as exc:
            if exc.errno not in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ESRCH, errno.EINVAL):
                raise
            continue
        for link in found.intersection(links):
            owners[links[link]].add(pid)
    return owners


def listeners(ports=None, proc=PROC):
    """{port: {'pids': [...], 'uid': int, 'addresses': [...]}} of the listening TCP sockets.

    A socket that a parent and its child share has both pids; pids is empty where nobody may look.
    """
    if _looks:
        if _looks[-1] is None:
            _looks[-1] = _listeners(None, proc)
        return dict((port, entry) for port, entry in _looks[-1].items() if ports is None or port in ports)
    return _listeners(ports, proc)


def _listeners(ports, proc):
    sockets = _listening(None if ports is None else set(ports), proc)
    owners = _socket_owners(set(entry[0] for entry in sockets), proc)
    found = {}
    for inode, port, address, uid in sockets:
        entry = found.setdefault(port, {'pids': set(), 'uid': uid, 'addresses': set()})
        entry['pids'].update(owners[inode])
        entry['addresses'].add(address)
    return dict((port, {'pids': sorted(entry['pids']), 'uid': entry['uid'],
                        'addresses': sorted(entry['addresses'])})
                for port, entry in found.items())


@contextlib.contextmanager
def one_look():
    """Within it listeners() tells what it found when it was asked first: for what asks much and changes nothing.

    The kernel takes some 8 ms to go through its table of connections, however few sockets listen.
    """
    _looks.append(None)
    try:
        yield
    finally:
        _looks.pop()
