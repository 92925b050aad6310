# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a package onto the host, from a URL or from the host's own repositories."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re
import shutil
import socket

try:
    from configparser import ConfigParser as Parser, Error as ParserError
except ImportError:  # Python 2.7
    from ConfigParser import SafeConfigParser as Parser, Error as ParserError

from ansible.module_utils.urls import open_url
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import (
    CHUNK, NAMES, PackageError)

TIMEOUT = 60
TRUE = ('1', 'yes', 'true', 'on', 'enabled')
USER_IN_URL = re.compile(r'(?<=://)[^/@]*@')


def package_url(url, file_name):
    """The package's own URL: url itself when it ends in .rpm, else the file in that folder."""
    return url if url.endswith('.rpm') else url.rstrip('/') + '/' + file_name.replace('+', '%2B')


def from_url(url, target):
    """Stream a URL into the file target."""
    shown = USER_IN_URL.sub('', url)
    try:
        response = open_url(url, timeout=TIMEOUT, http_agent='oceanbase.obproxy')
        with open(target, 'wb') as sink:
            shutil.copyfileobj(response, sink, CHUNK)
    except (IOError, OSError, ValueError, socket.timeout) as exc:
        raise PackageError('%s cannot be downloaded on this host: %s. Check the URL, and that the host '
                           'reaches it.' % (shown, USER_IN_URL.sub('', str(exc))))
    promised = response.headers.get('Content-Length')
    size = os.path.getsize(target)
    if promised and int(promised) != size:
        raise PackageError('The download of %s was cut short: %d of %s bytes came.' % (shown, size, promised))


def _said(text):
    """What dnf or yum said, without the configuration, passwords included, that it may add."""
    return ' '.join(USER_IN_URL.sub('', text.split('Problem repository')[0]).split()) or 'no output'


def _manager():
    for folder in ('/usr/bin', '/bin'):
        for name in ('dnf', 'yum'):
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return path
    raise PackageError('The package shall come from a repository, but this host has neither dnf nor yum: '
                       'install one, or use source=file or source=url.')


def from_repo(nevra, folder, rpm, run, manager=None, options=()):
    """The path of what dnf or yum downloads into folder, its signature checked as the repository demands."""
    manager = manager or _manager()
    command = [manager] + list(options)
    # As an install-only package another version is no upgrade or downgrade of the installed one.
    rc, out, err = run(command + ['-y', '-q', '--setopt=installonlypkgs=' + ','.join(NAMES),
                                  '--setopt=installonly_limit=0', '--downloadonly',
                                  '--downloaddir=' + folder, 'install', str(nevra)])
    path = os.path.join(folder, '%s.rpm' % str(nevra))
    if not os.path.exists(path) or (rc != 0 and not manager.endswith('yum')):
        name = os.path.basename(manager)
        raise PackageError("%s did not deliver %s (exit code %d): %s. Look at the host's repositories (%s list "
                           "--showduplicates %s)."
                           % (name, nevra, rc, _said(err + '\n' + out), name, nevra.name))
    # dnf has checked the signature by now; yum stops before it does.
    if manager.endswith('yum') and _demands_signature(_repository(command, nevra, run)):
        rpm.check_signature(path)
    return path


def _repository(command, nevra, run):
    """The id of the repository that offers a package, None when that is not clear."""
    _rc, out, _err = run(command + ['-q', 'list', 'available', '--showduplicates', str(nevra)])
    words = out.split()
    label = '%s.%s' % (nevra.name, nevra.arch)
    # Columns may be wrapped, so lines say nothing.
    found = set(words[at + 2] for at, word in enumerate(words[:-2]) if word == label)
    return found.pop() if len(found) == 1 else None


def _sections(paths):
    """(section, its parser) of configuration files; a file that can't be understood has none."""
    for path in paths:
        parser = Parser()
        try:
            parser.read(path)
        except ParserError:
            continue
        for section in parser.sections():
            yield section, parser


def _demands_signature(repository, main=('/etc/yum.conf', '/etc/dnf/dnf.conf'), folder='/etc/yum.repos.d'):
    """Whether a repository's configuration has gpgcheck on; where that is not clear it counts as on."""
    files = sorted(glob.glob(os.path.join(folder, '*.repo')))
    own = [parser for section, parser in _sections(files) if section == repository]
    common = [parser for section, parser in _sections(main) if section == 'main']
    for section, parsers in ((repository, own), ('main', common)):
        for parser in parsers if own else ():
            if parser.has_option(section, 'gpgcheck'):
                return parser.get(section, 'gpgcheck', raw=True).strip().lower() in TRUE
    return True
