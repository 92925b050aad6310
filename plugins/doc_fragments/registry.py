# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where the registry is."""

    DOCUMENTATION = r"""
options:
  registry_url:
    description:
      - The registry's database, as SQLAlchemy writes its address. It may hold a password.
      - Absent, it is the variable C(obproxy_registry_url), else the environment variable E(OBPROXY_REGISTRY_URL), else a
        SQLite file C(obproxy/registry.db) under C(ANSIBLE_HOME).
    type: str
requirements:
  - SQLAlchemy >= 2.0 on the controller
"""
