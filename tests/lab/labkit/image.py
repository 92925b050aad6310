"""The image that the hosts run: made once, found again by a hash of its recipe."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from podman import podman
from settings import LAB_LABEL, RECIPES, ROOT, LabError

NAME = 'localhost/obproxy-lab'
PACKAGES = ('systemd,systemd-sysv,dbus,openssh-server,python3,libpython3.11,sudo,iproute2,procps,ca-certificates,'
            'rpm,dnf,python3-dnf,python3-rpm,netcat-openbsd,curl,cron,gnupg,util-linux,bash')
MADE = 'made'
KNOWN = {'rockylinux:8': 'quay.io/rockylinux/rockylinux:8', 'rockylinux:9': 'quay.io/rockylinux/rockylinux:9'}


def image(name: str | None) -> str:
    """The image for NAME: of a registry, or made here ("made"); None: the first that works."""
    wanted = name or os.environ.get('OBPROXY_LAB_IMAGE')
    choices = [wanted] if wanted else [MADE, 'rockylinux:9']
    for choice in choices:
        if podman('images', '--quiet', _tag(choice)):
            return _tag(choice)
    faults = []
    for choice in choices:
        try:
            return _make(choice)
        except LabError as error:
            faults.append(f'{choice}: {error}')
    raise LabError('no image for the hosts:\n' + '\n'.join(faults))


def _tag(choice: str) -> str:
    recipe = hashlib.sha256(f'{choice} {PACKAGES}'.encode())
    for path in sorted(RECIPES.iterdir()):
        recipe.update(path.read_bytes())
    return f'{NAME}:{recipe.hexdigest()[:12]}'


def _make(choice: str) -> str:
    tag = _tag(choice)
    print(f'making the image of the hosts ({choice}): half a minute, once', flush=True)
    if choice != MADE:
        base = KNOWN.get(choice, choice)
        podman('build', '--pull', '--label', f'{LAB_LABEL}=image', '--build-arg', f'BASE={base}', '--tag', tag,
               RECIPES, timeout=600)
        return tag
    if not ROOT or not shutil.which('mmdebstrap'):
        raise LabError('only root can make it, and only with mmdebstrap')
    with tempfile.TemporaryDirectory(prefix='obproxy-lab-') as folder:
        archive = Path(folder, 'image.tar')
        _mmdebstrap(archive)
        podman('import', '--change', f'LABEL {LAB_LABEL}=image', archive, tag, timeout=300)
    return tag


def _mmdebstrap(archive: Path) -> None:
    command = ['mmdebstrap', '--quiet', '--variant=minbase', f'--include={PACKAGES}',
               f'--customize-hook={RECIPES}/dress "$1"', f'--customize-hook={RECIPES}/common "$1"',
               'bookworm', str(archive)]
    if os.environ.get('OBPROXY_LAB_MIRROR'):
        command.append(os.environ['OBPROXY_LAB_MIRROR'])
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise LabError(f'mmdebstrap failed:\n{done.stdout[-2000:]}')


def remove() -> None:
    """Take away the images; one that another clone's hosts run stays with them."""
    for number in podman('images', '--quiet', '--filter', f'label={LAB_LABEL}=image').split():
        podman('rmi', number, check=False)
