"""What a command costs the controller, and what the hosts have spent and received meanwhile: as the kernel counts it."""
from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

CGROUPS = Path('/sys/fs/cgroup')
UNIFIED = (CGROUPS / 'cgroup.controllers').exists()
EVERY = 0.1


class Cgroup:
    """The controller's processes, whatever they fork: their CPU time, and their memory with each shared page counted once."""

    def __init__(self, name: str):
        roots = [CGROUPS] if UNIFIED else [CGROUPS / 'cpuacct', CGROUPS / 'memory']
        self.folders = [root / name for root in roots]
        for folder in self.folders:
            folder.mkdir(exist_ok=True)

    def enter(self) -> None:
        for folder in self.folders:
            (folder / 'cgroup.procs').write_text(str(os.getpid()))

    def cpu(self) -> float:
        return cpu_seconds(self.folders[0])

    def memory(self) -> int:
        return fields(self.folders[-1] / 'memory.stat')['anon' if UNIFIED else 'total_rss']

    def close(self) -> None:
        """End what is left, which is SSH's masters."""
        end = time.monotonic() + 20
        while True:
            try:
                for folder in self.folders:
                    folder.rmdir()
                return
            except FileNotFoundError:
                self.folders = [folder for folder in self.folders if folder.exists()]
            except OSError:
                if time.monotonic() > end:
                    raise
                for pid in (self.folders[0] / 'cgroup.procs').read_text().split():
                    try:
                        os.kill(int(pid), signal.SIGTERM)
                    except ProcessLookupError:
                        pass
                time.sleep(0.1)


def fields(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}


def cpu_seconds(folder: Path) -> float:
    if UNIFIED:
        return fields(folder / 'cpu.stat')['usage_usec'] / 1e6
    return int((folder / 'cpuacct.usage').read_text()) / 1e9


class Hosts:
    """The counters of the hosts' containers."""

    def __init__(self, pids: list[int]):
        self.pids = pids
        self.folders = [self._folder(pid) for pid in pids]

    @staticmethod
    def _folder(pid: int) -> Path:
        for line in Path(f'/proc/{pid}/cgroup').read_text().splitlines():
            controllers, path = line.split(':', 2)[1:]
            if UNIFIED:
                # systemd has put itself into a group below the container's own.
                return CGROUPS / path.removesuffix('/init.scope').lstrip('/')
            if 'cpuacct' in controllers.split(','):
                return CGROUPS / 'cpuacct' / path.lstrip('/')
        raise LookupError(f'process {pid} has no cgroup that counts CPU time')

    def now(self) -> dict[str, float]:
        """Sums over all hosts: CPU seconds, and bytes received and sent."""
        received = sent = 0
        for pid in self.pids:
            line = next(line for line in Path(f'/proc/{pid}/net/dev').read_text().splitlines() if 'eth0:' in line)
            numbers = line.split(':')[1].split()
            received += int(numbers[0])
            sent += int(numbers[8])
        return {'cpu': sum(map(cpu_seconds, self.folders)), 'received': received, 'sent': sent}


class Failed(Exception):
    """A contestant that has not come to its end well."""


def measure(command: list[str], hosts: Hosts, count: int, log: Path, environment: dict[str, str], limit: int = 1800) -> dict:
    """Run a command in a group of its own; return what it took, of which the CPU times and bytes are per host."""
    group = Cgroup(f'obproxy-bench-{os.getpid()}')
    peak = [0]
    over = threading.Event()

    def sample():
        while not over.wait(EVERY):
            peak[0] = max(peak[0], group.memory())

    sampler = threading.Thread(target=sample, daemon=True)
    before = hosts.now()
    load = os.getloadavg()[0]
    began = time.monotonic()
    try:
        with open(log, 'wb') as stream, subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=environment, cwd=log.parent,
                preexec_fn=group.enter) as process:  # pylint: disable=subprocess-popen-preexec-fn
            sampler.start()
            try:
                process.wait(limit)
            except BaseException:
                process.kill()
                raise
        wall = time.monotonic() - began
        cpu = group.cpu()
    finally:
        over.set()
        if sampler.ident:
            sampler.join()
        group.close()
    after = hosts.now()
    if process.returncode:
        raise Failed(f'{" ".join(command)} ended with {process.returncode}: see {log}\n' + log.read_text(errors='replace')[-3000:])
    return {
        'wall': wall, 'controller_cpu': cpu / count, 'target_cpu': (after['cpu'] - before['cpu']) / count,
        'received': (after['received'] - before['received']) / count, 'sent': (after['sent'] - before['sent']) / count,
        'memory': peak[0], 'load_before': load,
    }
