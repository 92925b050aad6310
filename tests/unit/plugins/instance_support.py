# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a directory, for the tests of what prepares instances."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import pwd
import stat

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _instance
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes

ME = pwd.getpwuid(os.geteuid()).pw_name
NAME = 'foo-2883'


class Host(object):
    """A host's root in a directory, its commands, and the calls of the code under test."""

    def __init__(self, root):
        self.root = root
        self.layout = _instance.Layout(str(root))
        self.base = str(root / 'opt' / 'obproxy')
        self.home = os.path.join(self.base, NAME)
        self.commands = []
        self.answers = {}
        (root / 'run').mkdir()

    def run(self, argv):
        self.commands.append(' '.join(argv))
        return self.answers.get(argv[0], (0, '', ''))

    def wanted(self, name=NAME, **changed):
        wanted = {'name': name, 'user': ME, 'home': os.path.join(self.base, name), 'supervisor': 'obproxyd',
                  'record': {'cluster_id': 1, 'cluster_name': 'foo', 'sql_port': int(name.rpartition('-')[2])},
                  'obproxyd': '#!/bin/bash\n', 'unit': '[Unit]\n', 'cron': ''}
        wanted.update(changed)
        return wanted

    def present(self, check_mode=False, **changed):
        changes = Changes(check_mode)
        _instance.present(changes, self.wanted(**changed), self.layout, self.run)
        return changes

    def absent(self, check_mode=False, name=NAME, keep_data=False):
        changes = Changes(check_mode)
        _instance.absent(changes, name, os.path.join(self.base, name), keep_data, self.layout, self.run)
        return changes

    def tree(self):
        """{path: (type and mode, content)} of everything on the host but the lock."""
        found = {}
        for folder, folders, files in os.walk(str(self.root)):
            for name in folders + files:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                content = open(path).read() if stat.S_ISREG(info.st_mode) else None
                found[os.path.relpath(path, str(self.root))] = (info.st_mode, content)
        found.pop('run/obproxy.lock', None)
        return found

    def record(self, name=NAME):
        return json.loads((self.root / 'etc' / 'obproxy' / (name + '.json')).read_text())
