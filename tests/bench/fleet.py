"""The hosts that take part: how they are reached, made clean, and looked at."""
from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faults
import hosts as lab_hosts
from lab import Lab
from measure import Failed, Hosts
from podman import podman
from settings import USER, LabError, write

HERE = Path(__file__).resolve().parent
FILES = HERE / 'files'
PERSIST = ['-C', '-o', 'ControlMaster=auto', '-o', 'ControlPersist=60s', '-o', 'BatchMode=yes']
# Each call is written down, with its arguments, and a NUL behind it.
COUNTER = """#!/bin/sh
printf '%s\\0' "{tool} $*" >>"$BENCH_CALLS"
exec {real} "$@"
"""


class Fleet:
    def __init__(self, name: str, count: int, folder: Path):
        self.lab, self.folder, self.count = Lab(name), folder, count
        self.folder.mkdir(parents=True, exist_ok=True)
        self.names = [f'host{index}' for index in range(1, count + 1)]
        known = self._running()
        # To find again what is up takes a minute with a hundred hosts.
        if not set(self.names) <= set(known) or not self.lab.inventory.exists():
            self.lab.up(count)
            known = self._running()
        found = podman('inspect', '--format', '{{.State.Pid}}', *(known[name] for name in self.names)).split()
        self.counters = Hosts([int(pid) for pid in found])
        inventory = json.loads(self.lab.inventory.read_text())['all']
        self.addresses = [inventory['hosts'][name]['ansible_host'] for name in self.names]
        self.shared, self.known_hosts = inventory['vars'], (self.lab.folder / 'known_hosts').read_text()
        self.tools = self._tools()
        self.inventory = self._inventory(dict(zip(self.names, ((address, 22) for address in self.addresses))))
        self.delayed: subprocess.Popen | None = None
        self.in_all('sudo install -m 755 /dev/stdin /usr/local/bin/admin_sql', b'#!/usr/bin/python3\n' + (FILES / 'admin_sql.py').read_bytes())

    def _running(self) -> dict[str, str]:
        return {host.name: host.container for host in self.lab.hosts() if host.running}

    def _tools(self) -> Path:
        folder = self.folder / 'bin'
        folder.mkdir(exist_ok=True)
        for tool in ('ssh', 'sftp', 'scp'):
            path = folder / tool
            path.write_text(COUNTER.format(tool=tool, real=f'/usr/bin/{tool}'))
            path.chmod(stat.S_IRWXU)
        return folder

    def _inventory(self, where: dict[str, tuple[str, int]]) -> Path:
        """An inventory for Ansible, and the same for the floor's ssh."""
        path = self.folder / 'inventory.yml'
        shared = dict(self.shared, ansible_ssh_common_args=shlex.join(lab_hosts.ssh_options(self.folder)))
        each = {name: {'ansible_host': address, 'ansible_port': port, 'obproxy_host_id': int(name[4:])}
                for name, (address, port) in where.items()}
        write(path, json.dumps({'all': {'vars': shared, 'hosts': each}}, indent=2))
        keys = {line.split()[0]: line.split(None, 1)[1] for line in self.known_hosts.splitlines()}
        lines = [f'[{address}]:{port} {keys[own]}\n' if port != 22 else f'{address} {keys[own]}\n'
                 for own, (address, port) in zip(self.addresses, where.values())]
        write(self.folder / 'known_hosts', ''.join(lines))
        self.where = where
        return path

    def words(self, name: str, control: Path) -> list[str]:
        """SSH's words for one host."""
        address, port = self.where[name]
        return [*PERSIST, '-o', f'ControlPath={control}/%C', *lab_hosts.ssh_options(self.folder), '-i', self.shared['ansible_ssh_private_key_file'],
                '-p', str(port), f'{USER}@{address}']

    def delay(self, milliseconds: int) -> str:
        """Make the way to the hosts long, from now on; return how that was done."""
        try:
            for index in range(1, self.count + 1):
                faults.line(self.lab, index, 'netem', 'delay', f'{milliseconds}ms')
            return 'netem'
        except LabError:
            where = {name: (f'127.77.{index // 250}.{index % 250 + 1}', 2222) for index, name in enumerate(self.names)}
            lines = [f'{near}:{port}={far}:22' for (near, port), far in zip(where.values(), self.addresses)]
            self.delayed = subprocess.Popen([sys.executable, HERE / 'delay.py', str(milliseconds), *lines], stdout=subprocess.PIPE, text=True)
            if self.delayed.stdout.readline() != 'ready\n':
                raise Failed('delay.py does not listen') from None
            self._inventory(where)
            return 'relay'

    def straight(self, how: str) -> None:
        """End the delay."""
        if how == 'netem':
            for index in range(1, self.count + 1):
                faults.line(self.lab, index)
        elif self.delayed:
            self.delayed.terminate()
            self.delayed.wait()
            self._inventory(dict(zip(self.names, ((address, 22) for address in self.addresses))))

    def reset(self) -> None:
        """Bring all hosts into the same clean state."""
        self.in_all('sudo sh', (FILES / 'reset.sh').read_bytes())

    def verify(self, arguments: list[str], secret: str) -> None:
        """Fail unless every host is as it is to be."""
        script = shlex.quote((FILES / 'verify.sh').read_text())
        self.in_all(f'sudo sh -c {shlex.quote(f"sh -c {script} verify " + shlex.join(arguments))}', (secret + '\n').encode())

    def in_all(self, command: str, stdin: bytes) -> None:
        """Run a command on every host, straight, and past what is measured."""
        control = Path('/tmp') / f'obproxy-bench-{os.getpid()}'
        control.mkdir(mode=0o700, exist_ok=True)

        def one(pair):
            name, address = pair
            words = ['ssh', *PERSIST, '-o', f'ControlPath={control}/%C', *lab_hosts.ssh_options(self.lab.folder),
                     '-i', self.shared['ansible_ssh_private_key_file'], f'{USER}@{address}', command]
            done = subprocess.run(words, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=300)
            return '' if not done.returncode else f'{name}: {command[:40]}: exit code {done.returncode}: {done.stderr.decode().strip()}'

        with ThreadPoolExecutor(16) as pool:
            faults_told = [told for told in pool.map(one, zip(self.names, self.addresses)) if told]
        if faults_told:
            raise Failed('\n'.join(faults_told))
