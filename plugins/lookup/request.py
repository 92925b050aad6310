# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: request
author:
  - oceanbase.obproxy contributors (@oceanbase)
version_added: 1.0.0
short_description: Find a request's body among the extra vars
description:
  - Finds OCP's request body among the sources of extra vars (C(-e @create.json), C(-e key=value)) of this run.
  - A source that holds at least one key of the operation's body is a source of the body, and all its keys belong to it,
    so that a misspelt key is noticed. Keys that begin with C(obproxy_), C(ansible_), C(awx_) or C(tower_) do not,
    except those of the body, such as C(obproxy_install_param).
  - Other sources of extra vars are left alone.
options:
  _terms:
    description: The operation, such as V(create) or V(parameters).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Plan the cluster that the extra vars describe
  oceanbase.obproxy.obproxy_create:
    request: "{{ lookup('oceanbase.obproxy.request', 'create') }}"
"""

RETURN = r"""
_list:
  description: One body for each operation; an empty one when no extra vars describe it.
  type: list
  elements: dict
"""

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.splitter import parse_kv
from ansible.plugins.lookup import LookupBase

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._fields import BODIES, body_keys

NOT_BODY = ('obproxy_', 'ansible_', 'awx_', 'tower_')


class LookupModule(LookupBase):
    """The body of a request, out of this run's extra vars."""

    def run(self, terms, variables=None, **kwargs):
        """Return one body per operation."""
        return [self._body(str(term), variables or {}) for term in terms]

    def _body(self, operation, variables):
        if operation not in BODIES:
            raise AnsibleLookupError(f"No operation {operation!r}; there are {', '.join(BODIES)}")
        known = body_keys(operation)
        body = {}
        for source in context.CLIARGS.get('extra_vars') or ():
            data = self._parsed(to_text(source, errors='surrogate_or_strict'))
            if known.isdisjoint(data):
                continue
            for key, value in data.items():
                if key in known or not str(key).startswith(NOT_BODY):
                    body[str(key)] = self._templar.template(variables.get(key, value))
        return body

    def _parsed(self, source):
        """Parse one source as ansible-core does; what it refuses has been refused before."""
        if not source:
            return {}
        try:
            if source.startswith('@'):
                data = self._loader.load_from_file(source[1:])
            elif source[0] in '[{':
                data = self._loader.load(source)
            else:
                data = parse_kv(source)
        except AnsibleError:
            return {}
        return data if isinstance(data, dict) else {}
