# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an obproxy program can be executed, tried before anything depends on it."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError

PATIENCE = 10
# What timeout, env and shells return when a program did not run to its end.
NOT_RUN = 124


def check(supervisor, program, with_libraries):
    """Have the instance's user ask the program for its version; HostError says why it cannot be executed.

    A start is given the package's own libraries, the child of a hot restart is not.
    """
    environment = []
    if with_libraries:
        package = os.path.dirname(os.path.dirname(os.path.realpath(program)))
        environment = ['LD_LIBRARY_PATH=%s/lib' % package]
    argv = ['timeout', str(PATIENCE), 'env', '-i'] + environment + [program, '-V']
    rc, out, err = supervisor.as_user(argv)
    if rc < 0 or rc >= NOT_RUN:
        words = (err or out).strip() or 'exit code %d' % rc
        raise HostError('%s cannot be executed: %s' % (program, words))
