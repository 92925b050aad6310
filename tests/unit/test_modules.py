# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module says of itself, and whether its examples would be accepted."""

from __future__ import annotations

import importlib
import pathlib

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

COLLECTION = 'oceanbase.obproxy'
PACKAGE = f'ansible_collections.{COLLECTION}.plugins'
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / 'plugins' / 'modules').glob('obproxy_*.py'))
# What a template may come to.
SAMPLES = {'str': 'words', 'path': '/srv', 'raw': 'words', 'int': 1, 'float': 1.5, 'bool': True, 'dict': {'id': 1}}


class Called(Exception):
    """A module has asked for its arguments."""


def module(name):
    return importlib.import_module(f'{PACKAGE}.modules.{name}')


def specification(name, monkeypatch):
    """Return what a module gives to AnsibleModule."""
    def ask(**given):
        raise Called(given)
    found = module(name)
    monkeypatch.setattr(found, 'AnsibleModule', ask)
    monkeypatch.setattr(found, 'keep_deadline', lambda: None, raising=False)
    with pytest.raises(Called) as called:
        found.main()
    given = called.value.args[0]
    given.pop('supports_check_mode')
    return given


def resolved(value, spec):
    """Return an example's value as a task would have it: templates come to something of the option's type."""
    if isinstance(value, str) and '{{' in value:
        kind = spec.get('type', 'str')
        return [SAMPLES[spec.get('elements', 'str')]] if kind == 'list' else SAMPLES[kind]
    if isinstance(value, list):
        each = {'type': spec.get('elements', 'str'), 'options': spec.get('options', {})}
        return [resolved(item, each) for item in value]
    if isinstance(value, dict):
        return {key: resolved(item, spec.get('options', {}).get(key, {})) for key, item in value.items()}
    return value


@pytest.mark.parametrize('name', MODULES)
def test_the_examples_are_tasks_that_the_module_accepts(name, monkeypatch):
    given = specification(name, monkeypatch)
    spec = given.pop('argument_spec')
    tasks = yaml.safe_load(module(name).EXAMPLES)
    examples = [task[f'{COLLECTION}.{name}'] or {} for task in tasks if f'{COLLECTION}.{name}' in task]
    assert examples and all(task['name'] for task in tasks)
    for example in examples:
        answer = ArgumentSpecValidator(spec, **given).validate(resolved(example, {'options': spec}))
        assert answer.error_messages == []


@pytest.mark.parametrize('name', MODULES)
def test_a_module_says_what_it_returns_and_how_it_behaves(name):
    found = module(name)
    documentation = yaml.safe_load(found.DOCUMENTATION)
    assert yaml.safe_load(found.RETURN)
    assert documentation['version_added']
    supported = {name: attribute['support'] for name, attribute in documentation['attributes'].items()}
    assert {'check_mode', 'diff_mode', 'idempotent'} <= set(supported) and set(supported.values()) <= {'full', 'partial', 'none', 'N/A'}
    assert f'{COLLECTION}.attributes' in documentation['extends_documentation_fragment']
