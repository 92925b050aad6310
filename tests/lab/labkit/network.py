"""One network per lab, on the first 10.77.X.0/24 that nobody uses."""
from __future__ import annotations

import json
import subprocess

from podman import filters, labels, podman
from settings import OWNER, LabError


def ensure(lab: str) -> str:
    """The lab's network; the subnet without its last number, such as 10.77.3."""
    name = name_of(lab)
    for attempt in range(10):
        subnet = _subnet(name)
        if subnet:
            return subnet
        # Another lab may take the same one in the meantime: then look again.
        podman('network', 'create', '--disable-dns', '--subnet', f'{_free()}.0/24', *labels(lab), name, check=False)
    raise LabError(f'podman makes no network {name}, tried {attempt + 1} times')


def name_of(lab: str) -> str:
    return f'obproxy-{OWNER}-{lab}'


def _subnet(name: str) -> str:
    found = json.loads(podman('network', 'inspect', name, check=False) or '[]')
    return found[0]['subnets'][0]['subnet'].rsplit('.', 1)[0] if found else ''


def _free() -> str:
    taken = podman('network', 'ls', '--format', '{{.Name}}').split()
    in_use = podman('network', 'inspect', *taken, check=False)
    in_use += subprocess.run(['ip', '-4', 'route'], capture_output=True, text=True, check=False).stdout
    for number in range(1, 255):
        if f'10.77.{number}.' not in in_use:
            return f'10.77.{number}'
    raise LabError('no free subnet in 10.77.0.0/16')


def remove(lab: str | None) -> None:
    for name in podman('network', 'ls', '--quiet', *filters(lab)).split():
        podman('network', 'rm', '--force', name)
