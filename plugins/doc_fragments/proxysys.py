# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of modules that log in to OBProxy's admin SQL."""

    DOCUMENTATION = r"""
options:
  sql_port:
    description: The port that OBProxy takes SQL connections on. It is connected to on C(127.0.0.1) of the target.
    type: int
    required: true
  sys_password:
    description: The password that C(root@proxysys) has, or is to have.
    type: str
    required: true
  old_sys_passwords:
    description: Passwords that C(root@proxysys) may still have. They are tried in turn when O(sys_password) is not let in.
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds the login and each statement may take, each as a whole.
    type: int
    default: 10
notes:
  - The target needs no MySQL driver.
"""
