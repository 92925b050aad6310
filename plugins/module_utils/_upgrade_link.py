# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link in an instance's home that says which package it is started from."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    Changes, HostError, ensure_link, opened, remove_file)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import BIN, CURRENT, program_of


class Link(object):
    """bin; or current, where a taken-over instance lives in a package's own directory, whose bin is RPM's."""

    def __init__(self, home, changes):
        self.home = home
        self.changes = changes
        with opened(home) as folder:
            if folder.fd is None:
                raise HostError('%s is missing: prepare the instance (obproxy_instance) first.' % home)
            found = folder.stat(BIN)
        in_use = program_of(home) == os.path.join(home, CURRENT, 'obproxy')
        self.name = CURRENT if in_use or (found is not None and stat.S_ISDIR(found.st_mode)) else BIN

    def target(self):
        """Where the link points; None where there is none yet."""
        with opened(self.home) as folder:
            return folder.link(self.name)

    def program(self):
        """The path of the program by way of the link."""
        return os.path.join(self.home, self.name, 'obproxy')

    def leads_to(self):
        """The executable that the instance is started from now."""
        return os.path.realpath(program_of(self.home))

    def flip(self, target):
        with opened(self.home) as folder:
            ensure_link(self.changes, folder, self.name, target)

    def restore(self, name, target):
        """The link as it was; None where there was none."""
        with opened(self.home) as folder:
            if target is None:
                remove_file(Changes(), folder, name)
            else:
                ensure_link(Changes(), folder, name, target)
