# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-core's tasks, blocks and results say, for those who follow a run."""

from __future__ import annotations

import os
import re

from ansible import release
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean

COLLECTION = 'oceanbase.obproxy.'
LONGEST_ERROR = 10000
HIDDEN = 'What it said is hidden, because the task has no_log'
NO_CAUSE = 'The task failed without a message'
NO_LOCALHOST = ('Nothing was done: the operation is planned on localhost, which --limit leaves out. '
                'Choose hosts in the request, or add localhost to --limit.')
# ansible-core's words for it, before 2.19 and since then.
TIMED_OUT = re.compile(r'(?:expected time frame \((\d+)\) and was terminated|Timed out after (\d+) second\(s\))')
# What it says, one way or the other, when a host has no Python that it can use.
NO_PYTHON = re.compile(
    r'module interpreter .* was not found|you probably need to set the interpreter|Ansible requires Python [\d.]+ or newer|'
    r'ansible-core requires a minimum of Python|python[\d.]*: (?:command )?not found|python[\d.]*: No such file or directory|'
    r'future feature annotations is not defined')
PYTHON = ('Python is missing on this host or too old: ansible-core {core} needs Python {needed} or newer there. Set ansible_python_interpreter '
          'to one, or use ansible-core 2.16, which also serves the Python 2.7 of EL7 and the 3.6 of EL8.')
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]')


def parts_of(result):
    """Return a result's host, task and content; before ansible-core 2.19 they had other names."""
    if hasattr(result, 'result'):
        return result.host, result.task, result.result
    return result._host, result._task, result._result


def role_of(task, roles):
    """Return which of the given roles of this collection a task or block belongs to, itself or through its parents."""
    while task is not None:
        role = getattr(task, '_role', None)
        if role is not None:
            name = to_text(role.get_name(include_role_fqcn=True))
            if name.startswith(COLLECTION) and name[len(COLLECTION):] in roles:
                return name[len(COLLECTION):]
        task = getattr(task, '_parent', None)
    return None


def is_own(task):
    """Tell whether a task stands in a file of one of this collection's roles, and not in one that a user has it include."""
    owner = task
    while owner is not None and getattr(owner, '_role', None) is None:
        owner = getattr(owner, '_parent', None)
    if owner is None or not to_text(owner._role.get_name(include_role_fqcn=True)).startswith(COLLECTION):
        return False
    path = (task.get_path() or '').rpartition(':')[0]
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(owner._role._role_path), ''))


def is_run_once(task):
    """Tell whether a task runs on one host for all."""
    try:
        return boolean(task.run_once or False, strict=False)
    except TypeError:
        return False


def is_include(task):
    """Tell whether a task brings others, which are not known before it runs."""
    return hasattr(task, 'statically_loaded')


def can_be_rescued(task, role):
    """Tell whether a rescue section of the role follows when this task fails."""
    parent = getattr(task, '_parent', None)
    while parent is not None:
        if getattr(parent, 'rescue', None) and role_of(parent, {role}) == role:
            late = [*parent.rescue, *parent.always]
            if task._uuid not in {node._uuid for node in late}:
                return True
        task, parent = parent, getattr(parent, '_parent', None)
    return False


def has_rescue(task):
    """Tell whether a task that belongs to no subtask has a rescue section anywhere around it."""
    parent = getattr(task, '_parent', None)
    while parent is not None:
        if getattr(parent, 'rescue', None):
            return True
        parent = getattr(parent, '_parent', None)
    return False


def is_planned_by(play):
    """Tell whether a play holds a task of this collection on the controller."""
    if play is None or list(play.hosts) != ['localhost']:
        return False
    return any(_is_ours(block) for block in play.compile())


def _is_ours(node):
    if hasattr(node, 'rescue'):
        return any(_is_ours(inner) for inner in [*node.block, *node.rescue, *node.always])
    return to_text(getattr(node, 'resolved_action', None) or node.action).startswith(COLLECTION + 'obproxy_')


class Tails:
    """The last tasks of each role in a play: a role is through when one of them is."""

    def __init__(self, play=None, roles=(), variables=None):
        blocks = self._blocks(play, variables or {}) if play is not None else []
        self._uuids = {}
        self.open_ended = set()
        for role in roles:
            tail = self._tail(blocks, lambda task, role=role: role_of(task, {role}) == role)
            self._uuids[role] = {task._uuid for task in tail}
            if not tail or any(map(is_include, tail)):
                self.open_ended.add(role)
        self._included = {role for role, tail in self._uuids.items() if not tail}

    @staticmethod
    def _blocks(play, variables):
        return [block.filter_tagged_tasks(variables) for block in play.compile()]

    def _tail(self, nodes, is_ours):
        for node in reversed(nodes):
            if hasattr(node, 'rescue'):
                tail = self._tail(node.always, is_ours)
                tail = tail or self._tail(node.block, is_ours) + self._tail(node.rescue, is_ours)
            else:
                tail = [node] if not node.action.endswith('meta') and is_ours(node) else []
            if tail:
                return tail
        return []

    def has(self, role, task):
        """Tell whether a task is a last one of a role."""
        if role in self._included:
            self._learn(role, task)
        return task._uuid in self._uuids.get(role, ())

    def _learn(self, role, task):
        """Find the last tasks of a role that came with a file included on the way: each time it is another copy."""
        while task is not None:
            found = getattr(task, '_role', None)
            if found is not None and to_text(found.get_name(include_role_fqcn=True)) == COLLECTION + role:
                tail = self._tail(found.get_task_blocks(), lambda inner: True)
                self._uuids[role] |= {inner._uuid for inner in tail}
                if not any(map(is_include, tail)):
                    self.open_ended.discard(role)
                return
            task = getattr(task, '_parent', None)


def plan_of(content):
    """Return the run of a result that is a plan, else None."""
    run = content.get('run')
    if 'hosts' not in content or not isinstance(run, dict) or not {'id', 'operation', 'hosts'} <= set(run) or not isinstance(run['hosts'], dict):
        return None
    if not all(isinstance(plan, dict) and {'task_id', 'subtasks'} <= set(plan) for plan in run['hosts'].values()):
        return None
    return run


def cause_of(content, items=(), unreachable=False):
    """Return why a task failed, by its items' causes if it is a loop: messages only, whatever else its result holds."""
    text = '\n'.join(dict.fromkeys(items)) or timed_out(_message(content))
    if (unreachable or content.get('unreachable')) and 'unreachable' not in text.lower():
        text = f'The host is unreachable: {text}'
    return text


def with_reason(reason, cause):
    """Put why a task had to stop before why it failed; what fails of itself meanwhile has a cause of its own."""
    if not reason:
        return cause
    return reason if reason in cause else f'{reason}\n{cause}'


def words_of(host, task, content):
    """Return what a task that went well said: whether something has changed, and its message, unless it is a user's own task."""
    said = HIDDEN if 'censored' in content else _text(content.get('msg') or '') if is_own(task) else ''
    return f"{host.get_name()}: {task.name or task.action}: {'changed' if content.get('changed') else 'ok'}{': ' + said if said else ''}"


def timed_out(text):
    """Say in our words that a task took too long; return every other text as it is."""
    found = TIMED_OUT.search(text)
    return f'timed out after {found[1] or found[2]} s' if found else text


def _message(content):
    if 'censored' in content:
        return HIDDEN
    text = _text(content.get('msg') or '')
    if NO_PYTHON.search('\n'.join(to_text(content.get(key) or '') for key in ('msg', 'module_stdout', 'module_stderr'))):
        # ansible-core 2.16 knows several, and has no number for them.
        least = basic._PY_MIN if isinstance(basic._PY_MIN, tuple) else (3, 6)
        return f"{PYTHON.format(core=release.__version__, needed='.'.join(map(str, least)))} {text}"
    if not text or text.startswith('MODULE FAILURE'):
        lines = cleaned(to_text(content.get('exception') or '')).splitlines()
        if lines and not lines[-1].startswith('('):
            text = '\n'.join(filter(None, [text, lines[-1].strip()]))
    return text or NO_CAUSE


def _text(given):
    return cleaned('\n'.join(map(to_text, given)) if isinstance(given, list) else to_text(given))


def cleaned(text):
    """Strip what would disturb a terminal, and cut what is far too long."""
    text = ESCAPES.sub('', text).strip()
    if len(text) > LONGEST_ERROR:
        text = f'{text[:LONGEST_ERROR]}\n... ({len(text) - LONGEST_ERROR} more characters)'
    return text
