"""The parts of make test: for each a list of commands that must all succeed."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import build
import envs

REPOSITORY = build.REPOSITORY
LOGS = build.BUILD / 'logs'
CORES = ('core-2.16', 'core-new')
# On two cores make test has to end in a quarter of an hour: these run where they are asked for, by make molecule, make lint and make runner.
LONG = {f'molecule {name}' for name in (
    'apply', 'credentials', 'lab_smoke', 'monitoring', 'parameters', 'remove', 'restart', 'take_over', 'upgrade')} | {
    'galaxy', 'runner/lifecycle', 'runner/workflow'}
SKIPPED_TREES = {'unit', 'integration', 'sanity', 'output', 'tools', 'requirements'}


# The stand-in's package has, like the real one, a script that doesn't parse.
IMITATION = 'tests/lab/obproxy/'


@dataclass
class Part:
    name: str
    group: str
    core: str
    commands: list[list[str]]
    folder: Path = REPOSITORY
    limit: int = 600
    environment: dict[str, str] = field(default_factory=dict)


def tool(core: str, name: str) -> str:
    return str(envs.VENVS / core / 'bin' / name)


def pytest(core: str, *words) -> list[str]:
    return [tool(core, 'python'), '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *map(str, words)]


def path_for(core: str) -> str:
    """The environment's tools, then every real interpreter, so that ansible-test tries each of them."""
    interpreters = [str(Path(executable).parent) for executable in envs.pythons().values()]
    rest = [folder for folder in os.get_exec_path() if not folder.endswith('/shims')]
    return os.pathsep.join([str(envs.VENVS / core / 'bin'), *rest, *interpreters, '/usr/sbin', '/sbin'])


def units(cores=CORES) -> list[Part]:
    return [Part(f'units {core}', 'units', core, [pytest(core, 'tests/unit')], source(core))
            for core in cores]


def trees() -> list[Part]:
    """Every folder of tests with a life of its own: the lab, the supervisor, the SQL client."""
    found = {path.parent for path in (REPOSITORY / 'tests').rglob('test_*.py')}
    parts = []
    for folder in sorted(found):
        relative = folder.relative_to(REPOSITORY)
        if relative.parts[1] not in SKIPPED_TREES:
            name = '/'.join(part for part in relative.parts[1:] if part != 'tests')
            parts.append(Part(name, 'lab', 'core-new', [pytest('core-new', relative)]))
    return parts


def sanity(cores=CORES) -> list[Part]:
    script = str(REPOSITORY / 'tests' / 'tools' / 'sanity.py')
    return [Part(f'sanity {core}', 'sanity', core, [[sys.executable, script, core]], source(core)) for core in cores]


def lint() -> list[Part]:
    where = source('lint')
    scripts = [name for name in build.sources() if is_shell(REPOSITORY / name)
               and not name.endswith('.j2') and not name.startswith(IMITATION)]
    commands = [
        [tool('core-new', 'ansible-lint')],
        [tool('core-new', 'yamllint'), '--strict', '.'],
        [tool('core-new', 'antsibull-changelog'), 'lint'],
        [tool('core-new', 'antsibull-docs'), 'lint-collection-docs', '--plugin-docs', '.'],
        ['shellcheck', *scripts],
    ]
    galaxy = [sys.executable, str(REPOSITORY / 'tests' / 'tools' / 'galaxy.py')]
    return [Part('lint', 'lint', 'core-new', commands, where), Part('galaxy', 'lint', 'galaxy', [galaxy])]


def site() -> list[Part]:
    return [Part('site', 'lint', 'core-new', [[sys.executable, str(REPOSITORY / 'tests' / 'tools' / 'docsite.py')]])]


def molecule(core='core-new') -> list[Part]:
    scenarios = sorted(path.parent.name for path in (REPOSITORY / 'molecule').glob('*/molecule.yml'))
    return [Part(f'molecule {name}', 'molecule', core, [[tool(core, 'molecule'), 'test', '-s', name]],
                 environment={'ANSIBLE_HOME': str(build.BUILD / 'molecule')}) for name in scenarios]


def chaos() -> list[Part]:
    return [Part('chaos', 'molecule', 'core-new', [[tool('core-new', 'python'), 'tests/chaos/chaos.py', '--short', '--name', 'chaos-short', '--pairs', '2']])]


def source(name: str) -> Path:
    return build.BUILD / 'trees' / name / 'ansible_collections' / 'oceanbase' / 'obproxy'


def prepare_trees(cores: list[str]) -> None:
    """A copy for each that runs in one: they write into it, and ansible-test wants it to be of that name."""
    shutil.rmtree(build.BUILD / 'trees', ignore_errors=True)
    for name in (*cores, 'lint'):
        tree = build.copy(build.BUILD / 'trees' / name)
        # ansible-test asks git which files there are; without this it finds the repository around the
        # copy, which ignores the copy.
        subprocess.run(['git', 'init', '--quiet', tree], check=True)


def is_shell(path: Path) -> bool:
    with open(path, 'rb') as stream:
        first = stream.readline(64)
    return first.startswith(b'#!') and first.rstrip().endswith((b'/sh', b'/bash', b' sh', b' bash'))


def environment(part: Part) -> dict[str, str]:
    tree = str(part.folder.parents[2]) if part.folder != REPOSITORY else str(build.BUILD / 'source')
    collections = tree if part.folder != REPOSITORY else str(build.COLLECTIONS)
    return {**os.environ, 'PATH': path_for(part.core), 'PYTHONPATH': tree, 'ANSIBLE_COLLECTIONS_PATH': collections,
            'PYTHONDONTWRITEBYTECODE': '1', 'NO_COLOR': '1', 'LC_ALL': 'C.UTF-8', 'COLUMNS': '160',
            **part.environment}


def all_parts() -> list[Part]:
    return [*units(), *trees(), *sanity(), *lint(), *site(), *molecule(), *chaos()]
