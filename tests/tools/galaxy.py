"""Looks at the built collection as Galaxy does when it takes one in, without a container or a network. A warning is a fault."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

import build
import envs

# ansible-lint has seen the sources already, with more rules.
CHECKS = {'GALAXY_IMPORTER_RUN_ANSIBLE_LINT': 'false', 'GALAXY_IMPORTER_CHECK_REQUIRED_TAGS': 'true'}


def main() -> int:
    tools = envs.VENVS / 'galaxy' / 'bin'
    tarball = next(build.BUILD.glob('oceanbase-obproxy-*.tar.gz'))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **CHECKS, 'ANSIBLE_HOME': folder, 'GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP': folder,
                       'PATH': f"{tools}{os.pathsep}{os.environ['PATH']}"}
        # It leaves its result where it is started.
        done = subprocess.run([tools / 'python', '-m', 'galaxy_importer.main', tarball], cwd=folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(done.stdout)
    return done.returncode or int(bool(re.search('^(WARNING|ERROR)', done.stdout, re.MULTILINE)))


if __name__ == '__main__':
    sys.exit(main())
