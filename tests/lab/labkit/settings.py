"""Where things are, and what they are called."""
from __future__ import annotations

import hashlib
import os
import resource
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = Path(os.environ.get('OBPROXY_LAB_DIR') or REPOSITORY / '.lab').resolve()
RECIPES = Path(__file__).resolve().parents[1] / 'image'

LAB_LABEL = 'obproxy-lab'
# Two clones on one machine may use the same lab names: everything also says whose it is.
OWNER_LABEL = 'obproxy-lab-dir'
OWNER = hashlib.sha256(str(STATE).encode()).hexdigest()[:6]

USER = 'ops'
# A Python of this machine (its prefix) that hosts get beside their own, and where: Ansible's modules run with it.
PYTHON = os.environ.get('OBPROXY_LAB_PYTHON', '')
PYTHON_ON_HOSTS = '/opt/python'
ROOT = os.geteuid() == 0


class LabError(Exception):
    """Something the user has to know and can do something about."""


def systemd_runs_here() -> bool:
    return Path('/run/systemd/system').is_dir()


def containers_conf() -> Path:
    """Podman's settings for the lab, so that the machine's own stay as they are."""
    lines = ['[containers]', f'default_ulimits = [{_ulimits()}]', 'log_driver = "k8s-file"',
             '[engine]', 'events_logger = "file"']
    if not systemd_runs_here():
        lines.append('cgroup_manager = "cgroupfs"')
    # crun refuses a machine that has cgroups of both versions.
    if not Path('/sys/fs/cgroup/cgroup.controllers').exists():
        lines.append('runtime = "runc"')
    if any(Path(folder, 'netavark').exists() for folder in ('/usr/lib/podman', '/usr/libexec/podman')):
        lines += ['[network]', 'network_backend = "netavark"']
    path = STATE / 'containers.conf'
    write(path, '\n'.join(lines) + '\n')
    return path


def _ulimits() -> str:
    wanted = {'nofile': (resource.RLIMIT_NOFILE, 20000), 'nproc': (resource.RLIMIT_NPROC, 32768)}
    limits = []
    for name, (number, value) in wanted.items():
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        limits.append(f'"{name}={value}:{value}"')
    return ', '.join(limits)


def write(path: Path, text: str) -> None:
    """Write a private file, all of it or nothing; leave it alone when it already says so."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.read_text() == text:
        return
    new = path.with_name(f'{path.name}.{os.getpid()}')
    with open(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'w') as stream:
        stream.write(text)
    new.replace(path)
