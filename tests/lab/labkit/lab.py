"""A lab: N hosts with a name. Bring it up, look at it, take it down."""
from __future__ import annotations

import fcntl
import json
import re
import shlex
import shutil
import subprocess
from contextlib import contextmanager

import hosts
import image as images
import needs
import network
from hosts import PLAIN, SYSTEMD, Host
from podman import containers, filters, in_parallel, podman
from settings import PYTHON, PYTHON_ON_HOSTS, ROOT, STATE, USER, LabError, write


class Lab:
    def __init__(self, name='lab'):
        if not re.fullmatch(r'[a-z0-9][a-z0-9_-]{0,39}', name):
            raise LabError(f'lab name {name!r}: small letters, digits, - and _, at most 40')
        self.name = name
        self.folder = STATE / name
        self.inventory = self.folder / 'inventory.yml'

    def hosts(self) -> list[Host]:
        found = [hosts.from_podman(entry, self.name) for entry in containers(self.name)]
        return sorted(found, key=lambda host: host.index)

    def host(self, index: int) -> Host:
        for host in self.hosts():
            if host.index == int(index):
                if host.running:
                    hosts.locate(host)
                return host
        raise LabError(f'lab {self.name} has no host {index}')

    def up(self, count: int, plain: int = 0, image: str | None = None) -> list[Host]:
        """Bring up hosts 1 to COUNT, the last PLAIN of them without systemd."""
        if not 1 <= count <= 200 or not 0 <= plain <= count:
            raise LabError('a lab has 1 to 200 hosts')
        needs.room_for_systemd(count)
        with self._alone():
            chosen = images.image(image)
            known = self._known(count, plain)
            subnet = network.ensure(self.name) if ROOT else ''
            key = self._key()

            def bring_up(index):
                host = known.get(index)
                if host is None:
                    host = Host(self.name, index, kind=PLAIN if index > count - plain else SYSTEMD)
                    hosts.run(host, chosen, network.name_of(self.name), subnet)
                elif not host.running:
                    podman('start', host.container)
                hosts.authorize(host, key)
                hosts.locate(host)
                return host

            wanted = in_parallel(bring_up, sorted(set(known) | set(range(1, count + 1))))
            self._write(wanted)
            in_parallel(lambda host: hosts.wait_for_ssh(host, self.folder), wanted)
        return wanted

    def down(self) -> None:
        with self._alone():
            take_down(self.name)
            shutil.rmtree(self.folder, ignore_errors=True)

    def exec(self, index: int, command: str, check=True) -> str:
        """Run a shell command on a host, as root and past SSH: for tests to look from outside."""
        return podman('exec', self.host(index).container, '/bin/sh', '-c', command, check=check)

    def ssh(self, index: int, *command: str) -> list[str]:
        return hosts.ssh_command(self.host(index), self.folder, *command)

    def _known(self, count: int, plain: int) -> dict[int, Host]:
        known = {host.index: host for host in self.hosts()}
        for host in known.values():
            kind = PLAIN if host.index > count - plain else SYSTEMD
            if host.index <= count and host.kind != kind:
                raise LabError(f'{host.name} of lab {self.name} is there as a {host.kind} host: take the lab down first')
        return known

    @contextmanager
    def _alone(self):
        STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(STATE / f'.{self.name}.lock', 'w', encoding='utf-8') as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _key(self) -> str:
        private = self.folder / 'id_ed25519'
        if not private.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', f'lab {self.name}', '-f', private],
                           stdin=subprocess.DEVNULL, check=True)
        return private.with_suffix('.pub').read_text()

    def _write(self, wanted: list[Host]) -> None:
        lines = []
        for host in wanted:
            where = host.address if host.port == 22 else f'[{host.address}]:{host.port}'
            lines.append(f'{where} {host.public_key}\n')
        write(self.folder / 'known_hosts', ''.join(lines))
        write(self.folder / 'ssh_config', ''.join(hosts.ssh_config(host, self.folder) for host in wanted))
        write(self.inventory, json.dumps(self._inventory(wanted), indent=2) + '\n')

    def _inventory(self, wanted: list[Host]) -> dict:
        shared = {
            'ansible_user': USER,
            'ansible_become': True,
            'ansible_ssh_private_key_file': str(self.folder / 'id_ed25519'),
            'ansible_ssh_common_args': shlex.join(hosts.ssh_options(self.folder)),
            'ansible_python_interpreter': f'{PYTHON_ON_HOSTS}/bin/python3' if PYTHON else '/usr/bin/python3',
        }
        each = {host.name: {'ansible_host': host.address, 'ansible_port': host.port, 'obproxy_host_id': host.index}
                for host in wanted}
        return {'all': {'vars': shared, 'hosts': each}}


def take_down(name: str | None) -> None:
    """Take away this clone's containers and networks, of one lab or of all; found by their labels only."""
    found = podman('ps', '--all', '--quiet', *filters(name)).split()
    if found:
        podman('rm', '--force', '--time', '0', '--volumes', *found)
    network.remove(name)


def clean() -> None:
    """Take away every lab of this clone, the image, and all that was written."""
    take_down(None)
    images.remove()
    shutil.rmtree(STATE, ignore_errors=True)
