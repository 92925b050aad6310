"""ansible-test sanity in the folder where it is started, without what it would fetch from elsewhere than the package index.

python3 tests/tools/sanity.py core-2.16|core-new
"""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import build
import envs

# Their verdict is the same under every core; they have most of the time.
ONCE = ('pylint', 'pep8', 'yamllint', 'shellcheck')

# ansible-test makes an environment per test, and fetches from a server of its own the script that
# puts pip into it. Python brings one along, and the index the version that ansible-test wants.
GET_PIP = '''
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if not word.startswith("--no-")]
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet"] + wanted)
'''


def home(core: str) -> Path:
    """A home for ansible-test's environments: nothing is left in the user's own."""
    folder = build.BUILD / 'sanity'
    cache = folder / '.ansible' / 'test' / 'cache'
    cache.mkdir(parents=True, exist_ok=True)
    package = next((envs.VENVS / core).glob('lib/python*/site-packages/ansible_test/_internal/python_requirements.py'))
    for version in re.findall(r"pip='([\d.]+)'", package.read_text()):
        (cache / f'get_pip_{version.replace(".", "_")}.py').write_text(GET_PIP)
    # ansible-test hands pip's settings on only by the home.
    settings = Path(os.environ.get('PIP_CONFIG_FILE') or Path.home() / '.config' / 'pip' / 'pip.conf')
    mine = folder / '.config' / 'pip' / 'pip.conf'
    mine.parent.mkdir(parents=True, exist_ok=True)
    if settings.is_file() and settings != mine:
        mine.write_text(settings.read_text())
    return folder


def main(core: str) -> int:
    command = [str(envs.VENVS / core / 'bin' / 'ansible-test'), 'sanity', '--color', 'no', '--truncate', '0']
    if core != 'core-new':
        command += [word for test in ONCE for word in ('--skip-test', test)]
    os.environ['HOME'] = str(home(core))
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
