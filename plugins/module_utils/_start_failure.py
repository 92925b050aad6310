# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a start failed: what the host shows, what the proxy's own logs say."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import stat

from ansible.module_utils.common.text.converters import to_native
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError, opened
from ansible_collections.oceanbase.obproxy.plugins.module_utils._host import addresses
from ansible_collections.oceanbase.obproxy.plugins.module_utils._start import strict_kernel

LOGS = (('run', 'launch.log'), ('log', 'obproxy_diagnosis.log'), ('log', 'obproxy.log'))
LINES = 10
TAIL = 65536
SQLITE = b'SQLite format 3\0'
HASH = re.compile(r'\b[0-9a-fA-F]{40}\b')
TELLING = re.compile(r'\b(ERROR|EDIAG|FATAL)\b|\bfail|corrupt|malformed|refused|not supported|unknown config', re.I)
KNOWN = (
    (re.compile(r'error while loading shared libraries: ([^:\s]+)'),
     'A library is missing: {0}. Install it, or a package built for this release of the system.'),
    (re.compile(r'strict_kernel_release|kernel \S+ is not supported', re.I),
     'OBProxy refuses this kernel: set the startup parameter enable_strict_kernel_release to false.'),
    (re.compile(r'persisted config is corrupt|database disk image is malformed|file is not a database', re.I),
     'The configuration in etc is corrupt: restore it, or remove etc/proxyconfig_v1.db (or etc/obproxy_config.bin) '
     'to start with a new one.'),
    (re.compile(r'config: (.{1,200})'), 'OBProxy refuses a startup parameter: {0}.'),
    (re.compile(r'obproxy: (Permission denied|No such file or directory|cannot execute[^\n]*|Exec format error)'),
     'The program cannot be started ({0}): see where the link bin leads, and whether the package fits this machine.'),
)


def _read_end(folder, name, start):
    """The end of a regular file from byte start on, as text."""
    found = folder.stat(name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return ''
    if found.st_size < start:
        start = 0  # it was rotated
    fd = os.open(folder.at(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, 'rb') as source:
        source.seek(max(start, found.st_size - TAIL))
        return to_native(source.read(TAIL), errors='surrogate_or_replace')


def log_sizes(home):
    """How long the logs are now: what comes after is of the next start."""
    sizes = {}
    with opened(home) as folder:
        for place, name in LOGS:
            with opened(place, folder) as logs:
                found = logs.stat(name)
                sizes[name] = found.st_size if found and place == 'log' else 0
    return sizes


def masked(text, secrets):
    """Without hashes of passwords and without these secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, '********')
    return HASH.sub('********', text)


def log_tails(home, sizes, secrets):
    """{path: its last lines} since the logs had these sizes; the telling ones where there are such."""
    tails = {}
    with opened(home) as folder:
        for place, name in LOGS:
            with opened(place, folder) as logs:
                lines = [line for line in masked(_read_end(logs, name, sizes.get(name, 0)), secrets).splitlines()
                         if line.strip()]
            telling = [line for line in lines if TELLING.search(line)] if name == 'obproxy.log' else lines
            if lines:
                tails['%s/%s' % (place, name)] = (telling or lines)[-LINES:]
    return tails


def _corrupt_database(home):
    with opened(home) as folder:
        with opened('etc', folder) as etc:
            found = etc.stat('proxyconfig_v1.db')
            if not found or not stat.S_ISREG(found.st_mode) or not found.st_size:
                return False
            fd = os.open(etc.at('proxyconfig_v1.db'), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(fd, 'rb') as source:
                return source.read(len(SQLITE)) != SQLITE


def reasons(instance, tails, wanted):
    """What is known to keep a proxy from starting and is seen here."""
    found = list(instance.foreign_listeners())
    text = '\n'.join(line for lines in tails.values() for line in lines)
    for pattern, words in KNOWN:
        match = pattern.search(text)
        if match:
            found.append(words.format(*match.groups()))
    if _corrupt_database(instance.home) and not any('corrupt' in one for one in found):
        found.append(KNOWN[2][1])
    strict = wanted.get('enable_strict_kernel_release', '').lower() in ('true', '1', 'on')
    if strict and not strict_kernel() and KNOWN[1][1] not in found:
        found.append(KNOWN[1][1])
    if not addresses():
        found.append('This host has no address but loopback ones, and OBProxy needs one.')
    return [one if one.endswith('.') else one + '.' for one in found]


def explain(instance, problem, sizes, wanted, secrets):
    """The whole message of a failed start."""
    problem = masked(problem, secrets)
    try:
        tails = log_tails(instance.home, sizes, secrets)
        parts = [problem.rstrip('.') + '.'] + reasons(instance, tails, wanted)
    except (HostError, IOError, OSError) as exc:
        return '%s. What happened could not be read from %s: %s' % (problem.rstrip('.'), instance.home, exc)
    for path, lines in sorted(tails.items()):
        parts.append('\nLast lines of %s/%s:\n%s' % (instance.home, path, '\n'.join(lines)))
    return ' '.join(parts).replace(' \n', '\n')
