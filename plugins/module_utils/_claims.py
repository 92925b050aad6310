# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that were installed for an instance, and may go with it: a line each in a file of its home."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    Changes, HostError, ensure_file, opened, remove_file)

CLAIMS = '.package'


def _read(folder):
    return (folder.read(CLAIMS) or '').splitlines() if folder.fd is not None else []


def _write(folder, lines):
    if lines:
        ensure_file(Changes(), folder, CLAIMS, '\n'.join(lines) + '\n', 0o600)
    else:
        remove_file(Changes(), folder, CLAIMS)


def has(home, nevra):
    with opened(home) as folder:
        return str(nevra) in _read(folder)


def add(home, nevra):
    with opened(home) as folder:
        if folder.fd is None:
            raise HostError('%s is missing: prepare the instance (obproxy_instance) first.' % home)
        lines = _read(folder)
        if str(nevra) not in lines:
            _write(folder, lines + [str(nevra)])


def hand_over(home, nevra, heirs):
    """The instance goes, or is done with the package: whoever of these homes needs it has the claim from now on."""
    if heirs and has(home, nevra):
        add(heirs[0], nevra)
    drop(home, nevra)


def drop(home, nevra):
    with opened(home) as folder:
        lines = _read(folder)
        if str(nevra) in lines:
            _write(folder, [line for line in lines if line != str(nevra)])
