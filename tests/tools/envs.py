"""Makes the Python environments in .venv/: the oldest ansible-core that we support, the newest, those between for
make test-matrix, what makes the documentation, and what Galaxy looks at collections with.

python3 tests/tools/envs.py [core-2.16] [core-2.18] [core-2.19] [core-2.20] [core-new] [docs] [galaxy]
"""
from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VENVS = REPOSITORY / '.venv'
REQUIREMENTS = REPOSITORY / 'tests' / 'requirements'

# The Pythons that each may have, the preferred one first: the oldest for the oldest core.
PYTHONS = {
    'core-2.16': [(3, 10), (3, 11), (3, 12)],
    'core-2.18': [(3, 11), (3, 12), (3, 13)],
    'core-2.19': [(3, 11), (3, 12), (3, 13)],
    'core-2.20': [(3, 12), (3, 13), (3, 14)],
    'core-new': [(3, 13), (3, 12), (3, 14), (3, 11)],
    'docs': [(3, 13), (3, 12), (3, 14), (3, 11)],
    'galaxy': [(3, 12), (3, 13), (3, 11), (3, 10)],
}
PROBE = 'import json, sys; print(json.dumps([sys.version_info[:2], sys.executable]))'


def pythons() -> dict[tuple[int, int], str]:
    """The interpreters of this machine, by version: on PATH, and those of pyenv."""
    home = os.environ.get('PYENV_ROOT') or os.path.expanduser('~/.pyenv')
    candidates = sorted(glob.glob(f'{home}/versions/*/bin/python'))
    for folder in os.get_exec_path():
        # Pyenv's shims only pass on to the versions that were found already, if they are switched on.
        if not folder.endswith('/shims'):
            candidates += sorted(glob.glob(f'{folder}/python3.[0-9]*[0-9]')) + glob.glob(f'{folder}/python3')
    found: dict[tuple[int, int], str] = {}
    for candidate in [*candidates, sys.executable]:
        try:
            done = subprocess.run([candidate, '-c', PROBE], capture_output=True, text=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if not done.returncode:
            version, executable = json.loads(done.stdout)
            found.setdefault((version[0], version[1]), executable)
    return found


def make(name: str) -> str:
    """Make or refresh one environment. Returns why there is none, or nothing."""
    folder = VENVS / name
    requirements = REQUIREMENTS / f'{name}.txt'
    # What was installed; it changes in place, since other checkouts may share the environment.
    stamp = folder / 'requirements.txt'
    wanted = requirements.read_text()
    uv = uv_command()
    if works(folder):
        if stamp.exists() and stamp.read_text() == wanted:
            return ''
        print(f'refreshing .venv/{name}', flush=True)
    else:
        python = choose(name, bool(uv))
        if not python:
            versions = ', '.join(f'{major}.{minor}' for major, minor in sorted(PYTHONS[name]))
            return f'{name} needs a Python of {versions} (looked on PATH and in pyenv), or uv to fetch one'
        print(f'making .venv/{name} with {python}', flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(*([uv, 'venv', '--quiet', '--python', python] if uv else [python, '-m', 'venv']), folder)
    if uv:
        # Compiled as pip does it: the tests themselves write no bytecode, and each start of Ansible would compile all.
        run(uv, 'pip', 'install', '--quiet', '--compile-bytecode', '--python', folder / 'bin' / 'python', '-r', requirements)
    else:
        run(folder / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', '-r', requirements)
    stamp.write_text(wanted)
    return ''


def works(folder: Path) -> bool:
    """Whether its Python still runs: the machine's own may have been replaced by another."""
    command = folder / 'bin' / 'ansible'
    return command.exists() and subprocess.run(
        [command, '--version'], capture_output=True, check=False, env=dict(os.environ, ANSIBLE_LOCAL_TEMP='/tmp')).returncode == 0


def choose(name: str, fetch: bool) -> str:
    found = pythons()
    for version in PYTHONS[name]:
        if version in found:
            return found[version]
    # uv downloads an interpreter that the machine hasn't got.
    major, minor = PYTHONS[name][-1] if name == 'core-2.16' else PYTHONS[name][0]
    return f'{major}.{minor}' if fetch else ''


def uv_command() -> str:
    uv = shutil.which('uv')
    if uv and subprocess.run([uv, '--version'], capture_output=True, check=False).returncode == 0:
        return uv
    return ''


def run(*command) -> None:
    # The machine's certificates, not uv's own: companies have theirs. The older name is for older uvs.
    environment = {'UV_SYSTEM_CERTS': '1', 'UV_NATIVE_TLS': '1', **os.environ}
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, check=False, env=environment)
    if done.returncode:
        hint = ''
        if command[1:3] == ('-m', 'venv'):
            hint = ' (Debian and Ubuntu: apt-get install python3-venv)'
        sys.exit(f'{" ".join(map(str, command))} failed{hint}')


def main() -> int:
    VENVS.mkdir(exist_ok=True)
    faults = [fault for fault in map(make, sys.argv[1:] or PYTHONS) if fault]
    for fault in faults:
        print(f'envs: {fault}', file=sys.stderr)
    return len(faults)


if __name__ == '__main__':
    sys.exit(main())
