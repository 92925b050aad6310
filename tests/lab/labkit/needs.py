"""What the lab needs on this machine."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from settings import ROOT, LabError

# command: the Debian packages that bring it. mmdebstrap and rpmbuild make the hosts' image,
# rpmbuild, rpmsign and createrepo_c the packages that the tests install.
NEEDS = {
    'podman': ['podman', 'netavark', 'runc'],
    'iptables': ['iptables'],
    'ssh': ['openssh-client'],
    'mmdebstrap': ['mmdebstrap'],
    'rpmbuild': ['rpm'],
    'rpmsign': ['rpm'],
    'gpg': ['gnupg'],
    'createrepo_c': ['createrepo-c'],
    'tc': ['iproute2'],
}


def missing(needs: dict[str, list[str]]) -> list[str]:
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    packages = [package for command, of in needs.items() if not shutil.which(command, path=path) for package in of]
    return sorted(set(packages))


def install(needs: dict[str, list[str]]) -> None:
    """Install what is missing by apt, or say what to install."""
    packages = missing(needs)
    if not packages:
        return
    wanted = ' '.join(packages)
    if not shutil.which('apt-get'):
        raise LabError(f'please install what Debian calls: {wanted}')
    if not ROOT:
        raise LabError(f'please run: sudo apt-get install --no-install-recommends {wanted}')
    print(f'installing {wanted}', flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND='noninteractive')
    command = ['apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends', '-y', 'install', *packages]
    for attempt in (['apt-get', '-qq', 'update'], command):
        done = subprocess.run(attempt, env=environment, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise LabError(f'{" ".join(command)} failed:\n{done.stdout[-2000:]}')


def room_for_systemd(hosts: int) -> None:
    """Each systemd needs a few inotify instances; the usual 128 suffice for some thirty."""
    limit = Path('/proc/sys/fs/inotify/max_user_instances')
    if hosts < 20 or int(limit.read_text()) >= 4096:
        return
    if not ROOT:
        raise LabError('so many hosts need: sudo sysctl fs.inotify.max_user_instances=4096')
    limit.write_text('4096\n')
    print('set sysctl fs.inotify.max_user_instances=4096')
