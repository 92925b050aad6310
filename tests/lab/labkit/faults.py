"""What can happen to a host. Tests import these; the tool offers the same by name."""
from __future__ import annotations

import subprocess

import hosts
from lab import Lab
from podman import podman
from settings import ROOT, LabError


def reboot(lab: Lab, index: int) -> None:
    """All processes gone, all files kept; returns when SSH works again."""
    host = lab.host(index)
    podman('restart', '--time', '5', host.container)
    _back(lab, index)


def kill(lab: Lab, index: int) -> None:
    """The power goes off."""
    podman('kill', '--signal', 'KILL', lab.host(index).container)


def start(lab: Lab, index: int) -> None:
    """Switch a host on again."""
    podman('start', lab.host(index).container)
    _back(lab, index)


def pause(lab: Lab, index: int) -> None:
    """The host stands still: it answers nothing, and its connections stay."""
    podman('pause', lab.host(index).container)


def unpause(lab: Lab, index: int) -> None:
    """The host goes on."""
    podman('unpause', lab.host(index).container)


def line(lab: Lab, index: int, *what: str) -> None:
    """Trouble on the line to a host, in tc's words: netem delay 200ms, tbf rate 64kbit ...; none: all well again."""
    if not ROOT:
        raise LabError('only root can disturb the network')
    host = lab.host(index)
    number = podman('exec', host.container, 'cat', '/sys/class/net/eth0/iflink').strip()
    links = subprocess.run(['ip', '-o', 'link'], capture_output=True, text=True, check=True).stdout
    veth = next(line.split()[1].split('@')[0] for line in links.splitlines() if line.startswith(f'{number}: '))
    action = ['replace', 'dev', veth, 'root', *what] if what else ['del', 'dev', veth, 'root']
    done = subprocess.run(['tc', 'qdisc', *action], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f'tc: {done.stderr.strip()}')


def _back(lab: Lab, index: int) -> None:
    hosts.wait_for_ssh(lab.host(index), lab.folder)
