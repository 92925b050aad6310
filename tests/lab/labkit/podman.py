"""Podman, with the lab's own settings."""
from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from settings import LAB_LABEL, OWNER, OWNER_LABEL, LabError, containers_conf

_environment: dict[str, str] = {}


def environment() -> dict[str, str]:
    if not _environment:
        _environment.update(os.environ, CONTAINERS_CONF=str(containers_conf()))
    return _environment


def podman(*args, check=True, timeout=120, stdin=None) -> str:
    """Run podman; its output, or a LabError with what it said."""
    command = ['podman', *map(str, args)]
    try:
        done = subprocess.run(command, env=environment(), input=stdin or '', text=True, timeout=timeout,
                              capture_output=True, check=False)
    except FileNotFoundError:
        raise LabError('podman is not installed: run "tests/lab/lab prepare"') from None
    except subprocess.TimeoutExpired:
        raise LabError(f'{" ".join(command)}: no answer within {timeout} s') from None
    if check and done.returncode:
        raise LabError(f'{" ".join(command)}: {done.stderr.strip() or done.returncode}')
    return done.stdout if not done.returncode else ''


def labels(lab: str) -> list[str]:
    return ['--label', f'{LAB_LABEL}={lab}', '--label', f'{OWNER_LABEL}={OWNER}']


def filters(lab: str | None) -> list[str]:
    name = LAB_LABEL if lab is None else f'{LAB_LABEL}={lab}'
    return ['--filter', f'label={name}', '--filter', f'label={OWNER_LABEL}={OWNER}']


def containers(lab: str | None) -> list[dict]:
    """This clone's containers, of one lab or of all."""
    return json.loads(podman('ps', '--all', '--format', 'json', *filters(lab)) or '[]')


def in_parallel(function, items, at_once=8) -> list:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(function, items))
