"""Builds the documentation's site into .build/site: make docs. A warning is a fault."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys

import build
import envs

SOURCE = build.BUILD / 'site-source'
SITE = build.BUILD / 'site'
# The pages and what they link to keep their places, so that their links lead there, too.
KEPT = ('docs/', 'playbooks/', 'execution-environment/', 'CONTRIBUTING.md', 'COPYING', 'README.md', '.pre-commit-config.yaml', 'tests/lab/README.md')

SETTINGS = {
    'project': 'oceanbase.obproxy', 'copyright': 'oceanbase.obproxy contributors', 'extensions': 'myst_parser,sphinx_antsibull_ext',
    'html_theme': 'alabaster', 'html_theme_options.page_width': '1100px', 'highlight_language': 'none',
    # The guides' links into each other's sections.
    'myst_heading_anchors': '3',
}


def collect() -> None:
    shutil.rmtree(SOURCE, ignore_errors=True)
    for name in build.sources():
        if name.startswith(KEPT) and not name.startswith('docs/site/'):
            (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(build.REPOSITORY / name, SOURCE / name)
    for path in (build.REPOSITORY / 'docs' / 'site').iterdir():
        shutil.copy2(path, SOURCE / path.name)
    (SOURCE / 'reference').mkdir()


def run(program: str, *words) -> None:
    tools = envs.VENVS / 'docs' / 'bin'
    environment = {**os.environ, 'ANSIBLE_COLLECTIONS_PATH': str(build.COLLECTIONS), 'LC_ALL': 'C.UTF-8',
                   'ANSIBLE_HOME': str(build.BUILD / 'ansible'), 'PATH': f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([tools / program, *map(str, words)], env=environment, check=False)
    if done.returncode:
        sys.exit(f'{program} failed')


def main() -> None:
    for name in ('core-new', 'docs'):
        fault = envs.make(name)
        if fault:
            sys.exit(fault)
    build.build()
    collect()
    run('antsibull-docs', 'collection', '--use-current', '--squash-hierarchy', '--fail-on-error', '--dest-dir', SOURCE / 'reference',
        'oceanbase.obproxy')
    settings = [word for name, value in SETTINGS.items() for word in ('-D', f'{name}={value}')]
    run('sphinx-build', '-q', '-W', '--keep-going', '-C', *settings, SOURCE, SITE)
    print(f'{SITE.relative_to(build.REPOSITORY)}/index.html')


if __name__ == '__main__':
    main()
