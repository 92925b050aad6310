# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look variables up without stumbling over those that cannot be resolved."""

from __future__ import annotations

from ansible.errors import AnsibleError

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._request import plain

CANNOT_RESOLVE = 'a template that cannot be resolved'
UNRESOLVED = object()


def look_up(lookup, name, templated=True):
    """Return a variable's value, None when there is none, UNRESOLVED when its template fails.

    A host's variables come with the templates that failed still in them (ansible-core 2.16).
    """
    try:
        value = plain(lookup(name))
    except AnsibleError:
        return UNRESOLVED
    return UNRESOLVED if not templated and isinstance(value, str) and '{{' in value else value
