# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of OBProxy's RPM files."""

from __future__ import annotations

import re

NAMES = ('obproxy', 'obproxy-ce')
ARCHITECTURES = ('x86_64', 'aarch64')
FORM = '<name>-<version>-<release>.<el>.<arch>.rpm, such as obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
PATTERN = re.compile(
    r'(?P<name>[A-Za-z][A-Za-z0-9_+-]*?)-(?P<version>[0-9]+(?:\.[0-9]+)+)'
    r'-(?P<build>[0-9]+(?:\.[0-9]+)*)\.(?P<dist>[a-z]+[0-9]+[a-z0-9_]*)\.(?P<arch>[a-z0-9_]+)(?:\.rpm)?', re.ASCII)
SHORT_FORM = '<name>-<version>-<build>, such as obproxy-ce-4.3.1.0-4'
SHORT = re.compile(
    r'(?P<name>[A-Za-z][A-Za-z0-9_+-]*?)-(?P<version>[0-9]+(?:\.[0-9]+)+)-(?P<release>[0-9]+(?:\.[0-9]+)*)', re.ASCII)


class NotAPackage(ValueError):
    """Not the name of an OBProxy package; its text says what was expected."""


def parse(text):
    """Take an RPM file's name apart."""
    found = PATTERN.fullmatch(text)
    if not found or len(text) > 200:
        raise NotAPackage(FORM)
    if found['name'] not in NAMES:
        raise NotAPackage(f"a package named {' or '.join(NAMES)}: {FORM}")
    if found['arch'] not in ARCHITECTURES:
        raise NotAPackage(f"an architecture of {' or '.join(ARCHITECTURES)}: {FORM}")
    return {
        'name': found['name'],
        'version': found['version'],
        'release': f"{found['build']}.{found['dist']}",
        'arch': found['arch'],
        'file': text if text.endswith('.rpm') else f'{text}.rpm',
    }


def parse_short(text):
    """Take apart a name without distribution and architecture, as OCP's upgrade has it."""
    found = SHORT.fullmatch(text)
    if not found or len(text) > 200 or found['name'] not in NAMES:
        raise NotAPackage(SHORT_FORM)
    return found.groupdict()


def short_name(package):
    """Return the name without distribution and architecture."""
    build = package['release'].rpartition('.')[0] if 'arch' in package else package['release']
    return f"{package['name']}-{package['version']}-{build}"


def dist(package):
    """Return the distribution that a package is for."""
    return package['release'].rpartition('.')[2]


def short_version(package):
    """Return version and build without the distribution, as OCP's task contexts have them."""
    return f"{package['version']}-{package['release'].rpartition('.')[0]}"
