"""Draws the graph of every operation into docs/graphs.md: make graphs."""
from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _dag, _dag_operations

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'graphs.md'
HEAD = """# The graphs

<!-- Drawn by make graphs from plugins/plugin_utils/_dag.py and _dag_operations.py; don't edit. -->

Each line is a subtask: OCP's name, the seconds it may take, the role that carries it out. What is at the margin is done
once for all hosts; what is beside a bar is done on each host. [operations.md](operations.md#the-subtasks) says what each
subtask does.
"""
# Who uses a graph; one that is not here is drawn under its own name.
USERS = {
    'INSTALL': 'batch_add: one task per host',
    'CREATE': 'create: one task for all hosts',
    'CREATE_EMPTY': 'create without hosts',
    'TAKE_OVER': 'take_over: one task per host',
    'OFFLINE': 'remove, and delete of a cluster with servers',
    'DELETE_EMPTY': 'delete of a cluster without servers',
    'CREDENTIALS_RESET': 'credentials with obproxy_reset_sys_password',
}


def graphs():
    """Return all whole graphs by their constants' names; parts of graphs don't end with Finish node."""
    found = {**vars(_dag), **vars(_dag_operations)}
    first = {name: found[name] for name in ('CREATE', 'CREATE_EMPTY', 'INSTALL', 'TAKE_OVER')}
    more = {name: steps for name, steps in vars(_dag_operations).items()
            if name.isupper() and name[0] != '_' and isinstance(steps, tuple) and steps[-1].role == 'finish'}
    # It touches no host.
    first['CREATE_EMPTY'] = [dataclasses.replace(step, shared=True) for step in first['CREATE_EMPTY']]
    return {**first, **more}


def row(step, margin):
    seconds = f'{step.timeout} s' if step.timeout else ''
    return f'{margin + step.name:<48}{seconds:>7}  {step.role}'


def figure(steps):
    lines = []
    for where, group in itertools.groupby(places(steps), key=lambda placed: placed[0]):
        margin = '  |  ' if where else ''
        lines += [*([f'  +- {where}'] if where else []), *(row(step, margin) for _where, step in group), *(['  |'] if where else [])]
    return '\n'.join(lines[:-1] if lines[-1] == '  |' else lines)


def places(steps):
    """Return each step with where it is done; nowhere in particular is once for all hosts."""
    where, placed = 'on each host', []
    for step in steps:
        if step.role == 'check_cluster_health':
            where = 'on each host, batch by batch'
        placed.append((None if step.shared else where, step))
    return placed


def render():
    parts = [f"\n## {USERS.get(name, name.lower())}\n\n```text\n{figure(steps)}\n```\n" for name, steps in graphs().items()]
    return HEAD + ''.join(parts)


if __name__ == '__main__':
    PAGE.write_text(render(), encoding='utf-8')
