"""One host: a container, its SSH keys and the way to it."""
from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from podman import labels, podman
from settings import OWNER, PYTHON, PYTHON_ON_HOSTS, ROOT, USER, LabError

INDEX_LABEL = 'obproxy-lab-host'
KIND_LABEL = 'obproxy-lab-kind'
SYSTEMD, PLAIN = 'systemd', 'plain'
WAIT = 60

AUTHORIZE = f"""
set -e
umask 077
cat > /home/{USER}/.ssh/authorized_keys
chown {USER}: /home/{USER}/.ssh/authorized_keys
until [ -s /etc/ssh/ssh_host_ed25519_key.pub ]; do sleep 0.05; done
if [ -d {PYTHON_ON_HOSTS} ]; then
    echo {PYTHON_ON_HOSTS}/lib > /etc/ld.so.conf.d/lab-python.conf
    ldconfig
    {PYTHON_ON_HOSTS}/bin/python3 -c 'import json, ssl'
fi
cat /etc/ssh/ssh_host_ed25519_key.pub
"""


@dataclass
class Host:
    lab: str
    index: int
    address: str = ''
    port: int = 22
    kind: str = SYSTEMD
    running: bool = True
    public_key: str = ''

    @property
    def name(self) -> str:
        return f'host{self.index}'

    @property
    def container(self) -> str:
        return f'obproxy-{OWNER}-{self.lab}-{self.name}'


def from_podman(entry: dict, lab: str) -> Host:
    """A host from a line of podman ps."""
    host = Host(lab, int(entry['Labels'][INDEX_LABEL]), kind=entry['Labels'][KIND_LABEL])
    host.running = entry['State'] == 'running'
    return host


def locate(host: Host) -> None:
    """Ask podman for the way to a running host."""
    if ROOT:
        host.address = podman('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
                              host.container).strip()
    else:
        host.address, port = podman('port', host.container, '22/tcp').split()[0].rsplit(':', 1)
        host.port = int(port)


def run(host: Host, image: str, network: str, subnet: str) -> None:
    """Start a new host. As root it has an address of its own, else a port on loopback."""
    way = ['--publish', '127.0.0.1::22']
    if ROOT:
        # A MAC of its own, too: with another one after a reboot, nobody would find it for a minute.
        number = host.index + 20
        way = ['--network', network, '--ip', f'{subnet}.{number}',
               '--mac-address', f'02:00:0a:4d:{int(subnet.rsplit(".", 1)[1]):02x}:{number:02x}']
    if PYTHON:
        way += ['--volume', f'{PYTHON}:{PYTHON_ON_HOSTS}:ro']
    start = ['--systemd=always', image, '/sbin/init'] if host.kind == SYSTEMD else [
        '--systemd=false', '--tmpfs', '/run', image, '/usr/local/sbin/tiny-init']
    podman('run', '--detach', '--name', host.container, '--hostname', host.name, *labels(host.lab),
           '--label', f'{INDEX_LABEL}={host.index}', '--label', f'{KIND_LABEL}={host.kind}',
           '--cap-add', 'AUDIT_WRITE', *way, *start)


def authorize(host: Host, public_key: str) -> None:
    """Let our key in, and learn the host's own key from inside, not by trust on first use."""
    host.public_key = ' '.join(podman('exec', '--interactive', host.container, '/bin/sh', '-c', AUTHORIZE,
                                      stdin=public_key, timeout=WAIT).split()[:2])


def ssh_options(folder: Path) -> list[str]:
    return ['-o', f'UserKnownHostsFile="{folder}/known_hosts"', '-o', 'GlobalKnownHostsFile=/dev/null',
            '-o', 'StrictHostKeyChecking=yes', '-o', 'IdentitiesOnly=yes']


def ssh_config(host: Host, folder: Path) -> str:
    return f"""Host {host.name}
  HostName {host.address}
  Port {host.port}
  User {USER}
  IdentityFile "{folder}/id_ed25519"
  IdentitiesOnly yes
  UserKnownHostsFile "{folder}/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
"""


def ssh_command(host: Host, folder: Path, *command: str) -> list[str]:
    return ['ssh', '-F', str(folder / 'ssh_config'), host.name, *command]


def wait_for_ssh(host: Host, folder: Path) -> None:
    """Until a login works: a banner alone says nothing while the system still starts."""
    command = ssh_command(host, folder, 'true')
    command[1:1] = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5']
    end = time.monotonic() + WAIT
    while True:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
        if time.monotonic() > end:
            raise LabError(f'{host.name} lets nobody in by SSH: {done.stderr.strip()}')
        time.sleep(0.1)
