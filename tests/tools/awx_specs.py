"""Takes the argument specs of the modules that awx_setup.yml uses out of the collection awx.awx, for the tests.

python3 tests/tools/awx_specs.py .../ansible_collections/awx/awx > tests/unit/fixtures/awx/specs.json
The PyPI package ansible 12 carries the collection (pip download --no-deps ansible==12.3.0; it is a zip).
"""
from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

PLAYBOOK = Path(__file__).resolve().parents[2] / 'playbooks' / 'awx_setup.yml'


def assigned(tree: ast.AST, name: str) -> ast.expr:
    return next(node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name)


def evaluated(node: ast.expr, known: dict):
    """Read dict(...) and literals; a fallback to the environment is not looked at."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == 'dict':
        return {word.arg: evaluated(word.value, known) for word in node.keywords if word.arg != 'fallback'}
    if isinstance(node, ast.Call):
        return list(known[re.fullmatch(r'list\((\w+)\.keys\(\)\)', ast.unparse(node))[1]])
    return ast.literal_eval(node)


def main(collection: Path) -> None:
    known = {}
    login = ast.parse((collection / 'plugins/module_utils/controller_api.py').read_text())
    shared = evaluated(assigned(login, 'AUTH_ARGSPEC'), known)
    modules = {}
    for name in sorted(set(re.findall(r'^      awx\.awx\.(\w+):', PLAYBOOK.read_text(), re.M))):
        tree = ast.parse((collection / 'plugins/modules' / f'{name}.py').read_text())
        if name == 'credential_type':
            known['KIND_CHOICES'] = ast.literal_eval(assigned(tree, 'KIND_CHOICES'))
        modules[name] = {**shared, **evaluated(assigned(tree, 'argument_spec'), known)}
    version = json.loads((collection / 'MANIFEST.json').read_text())['collection_info']['version']
    lines = [f'{json.dumps(name)}: {json.dumps(spec)}' for name, spec in modules.items()]
    print(f'{{"version": {json.dumps(version)}, "modules": {{', ',\n'.join(lines), '}}', sep='\n')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
