"""Runs sanity, units and the create scenario with every ansible-core that we support: make test-matrix.

python3 tests/tools/matrix.py [a row: 2.16 2.18 2.19 2.20 2.21] [a column: sanity units create]
"""
from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import envs
import parts
import run

# With the oldest core hosts have the Python of stock EL8, with the others their system's own.
ROWS = {'2.16': 'core-2.16', '2.18': 'core-2.18', '2.19': 'core-2.19', '2.20': 'core-2.20', '2.21': 'core-new'}
COLUMNS = ('sanity', 'units', 'create')
WIDTH = 16


def old_python() -> str:
    """The prefix of a Python 3.6 that can be put into hosts: one with a tree of its own, not the machine's."""
    found = envs.pythons()
    prefix = Path(found.get((3, 6), '/usr/bin/python3.6')).parents[1]
    if (2, 7) not in found or prefix in (Path('/usr'), Path('/')):
        sys.exit('matrix: core 2.16 is tried with Python 2.7 and 3.6, which pyenv has to have: pyenv install 2.7 3.6')
    return str(prefix)


def versions(core: str) -> tuple[str, str]:
    """What is in an environment: the ansible-core and its Python. Another core than the row's is no row."""
    code = 'import platform; from ansible.release import __version__; print(__version__, platform.python_version())'
    found, python = subprocess.run([parts.tool(ROWS[core], 'python'), '-c', code], capture_output=True, text=True, check=True).stdout.split()
    if not found.startswith(f'{core}.'):
        sys.exit(f'matrix: .venv/{ROWS[core]} has ansible-core {found}, not {core}: its Python is {python}, which is too old')
    return found, python


def part(core: str, column: str) -> parts.Part:
    name = ROWS[core]
    if column == 'sanity':
        made = parts.sanity([name])[0]
    elif column == 'units':
        made = parts.units([name])[0]
        if core == '2.16':
            made.commands.append(parts.pytest(name, parts.REPOSITORY / 'tests' / 'pythons'))
    else:
        made = next(found for found in parts.molecule(name) if found.name == 'molecule create')
        if core == '2.16':
            made.environment['OBPROXY_LAB_PYTHON'] = old_python()
    made.name = f'{column} {core}'
    made.limit = 1200
    return made


def run_all(wanted: list[parts.Part]) -> dict[str, run.Result]:
    """The scenarios one after the other, since they share a lab; beside them what only computes."""
    queues = [[each for each in wanted if (each.group == 'molecule') is live] for live in (True, False)]
    with ThreadPoolExecutor(len(queues)) as pool:
        results = pool.map(lambda queue: [run.run(each) for each in queue], queues)
    return {result.part.name: result for queue in results for result in queue}


def table(rows: dict[str, tuple[str, str]], results: dict[str, run.Result]) -> None:
    print(f'\n{"ansible-core":<{WIDTH}}{"its Python":<{WIDTH}}{"hosts":<{WIDTH}}' + ''.join(f'{column:<{WIDTH}}' for column in COLUMNS))
    for core, found in rows.items():
        cells = [*found, 'Python 3.6' if core == '2.16' else "system's"]
        for column in COLUMNS:
            result = results.get(f'{column} {core}')
            cells.append('-' if not result else f'{"FAILED" if result.code else "ok"}, {result.seconds:.0f} s')
        print(''.join(f'{cell:<{WIDTH}}' for cell in cells).rstrip())
    print(f'logs: {parts.LOGS}')


def main(words: list[str]) -> int:
    unknown = set(words) - {*ROWS, *COLUMNS}
    if unknown:
        sys.exit(f'matrix: no such row or column: {" ".join(sorted(unknown))}; rows: {" ".join(ROWS)}; columns: {" ".join(COLUMNS)}')
    cores = [core for core in ROWS if core in words] or list(ROWS)
    columns = [column for column in COLUMNS if column in words] or COLUMNS
    without = run.prepare([ROWS[core] for core in cores])
    if without:
        sys.exit('\n'.join(f'matrix: {fault}' for fault in without.values()))
    rows = {core: versions(core) for core in cores}
    if '2.16' in cores:
        old_python()
    results = run_all([part(core, column) for core in cores for column in columns])
    table(rows, results)
    return int(any(result.code for result in results.values()))


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except run.settings.LabError as error:
        sys.exit(f'matrix: {error}')
