# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shlex

import jinja2
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

# The module's own; importing it would cost each fork what it costs a host.
DEFAULTS = {'base': '/opt/obproxy', 'user': 'admin'}
TEMPLATES = {'obproxyd': 'obproxyd.sh.j2', 'unit': 'obproxy.service.j2', 'cron': 'obproxy.cron.j2'}


class ActionModule(ActionBase):
    """Renders the instance's files by itself: for each host three template lookups would cost as much as all the rest of the task."""

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        folder = args.pop('templates', None)
        if folder:
            args.update(_rendered(folder, args))
        return self._execute_module(module_args=args, task_vars=task_vars)


def _rendered(folder, args):
    """Return the texts of the files, by the options that take them."""
    given = sorted(TEMPLATES.keys() & args.keys())
    if given:
        raise AnsibleActionFail(f"templates and {', '.join(given)} exclude each other: the templates give the text of all files.")
    base, user = (args.get(name) or default for name, default in DEFAULTS.items())
    # As Ansible's own templates are, so that these can be rendered by either.
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     keep_trailing_newline=True)
    environment.filters['quote'] = shlex.quote
    try:
        return {option: environment.get_template(name).render(
            obproxy_server=args.get('record') or {}, obproxy_base=base, obproxy_user=user)
            for option, name in TEMPLATES.items()}
    except jinja2.TemplateNotFound as exc:
        raise AnsibleActionFail(f'templates: {exc.name} is not in {folder} on the controller.') from exc
    except jinja2.TemplateError as exc:
        raise AnsibleActionFail(f'templates: what is in {folder} cannot be rendered with the record given: {exc}.') from exc
