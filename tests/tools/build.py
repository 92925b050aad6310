"""Builds the collection from a clean copy of the sources and installs it into .build/collections.

The demo and the scenarios so run what users get. Done again only when a source changed.
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / '.build'
COLLECTIONS = BUILD / 'collections'
GALAXY = REPOSITORY / '.venv' / 'core-new' / 'bin' / 'ansible-galaxy'


def sources() -> list[str]:
    """What git knows or would add: no environments, labs or leftovers."""
    done = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=REPOSITORY,
                          capture_output=True, text=True, check=True)
    return sorted(name for name in set(done.stdout.split('\0')) if name and (REPOSITORY / name).is_file())


def fingerprint(names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(f'{name}\0'.encode() + hashlib.sha256((REPOSITORY / name).read_bytes()).digest())
    return digest.hexdigest()


def copy(to: Path) -> Path:
    """A copy of the sources where ansible-test wants a collection to lie; what isn't a source goes."""
    target = to / 'ansible_collections' / 'oceanbase' / 'obproxy'
    shutil.rmtree(to, ignore_errors=True)
    for name in sources():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    return target


def build() -> None:
    BUILD.mkdir(exist_ok=True)
    stamp = BUILD / 'collections.stamp'
    with open(BUILD / '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint(sources())
        if stamp.exists() and stamp.read_text() == wanted and COLLECTIONS.exists():
            return
        source = copy(BUILD / 'source')
        for old in BUILD.glob('oceanbase-obproxy-*.tar.gz'):
            old.unlink()
        galaxy('build', '--force', '--output-path', BUILD, source)
        tarball = next(BUILD.glob('oceanbase-obproxy-*.tar.gz'))
        shutil.rmtree(COLLECTIONS, ignore_errors=True)
        galaxy('install', '--offline', '--force', '--pre', '-p', COLLECTIONS, tarball)
        stamp.write_text(wanted)
    print(f'built {tarball.relative_to(REPOSITORY)} and installed it into .build/collections')


def galaxy(*words) -> None:
    environment = dict(os.environ, ANSIBLE_HOME=str(BUILD / 'ansible'), ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS))
    done = subprocess.run([GALAXY, 'collection', *words], env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit(f'ansible-galaxy collection {words[0]} failed:\n{done.stdout}')


if __name__ == '__main__':
    build()
