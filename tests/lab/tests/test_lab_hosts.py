"""The lab itself: what it makes, that it keeps it, and that it takes away exactly that."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

LAB_FOLDER = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LAB_FOLDER / 'labkit'))
import faults  # noqa: E402  pylint: disable=wrong-import-position
import podman  # noqa: E402  pylint: disable=wrong-import-position
from lab import Lab  # noqa: E402  pylint: disable=wrong-import-position


def tool(*words) -> subprocess.CompletedProcess:
    return subprocess.run([LAB_FOLDER / 'lab', *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=300)


def ssh(lab: Lab, index: int, command: str) -> str:
    done = tool('ssh', '--name', lab.name, index, command)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def everything(*names: str) -> set[str]:
    """The machine's containers and networks with one of these in their name: others come and go as they like."""
    found = set()
    for kind in ('ps --all --format {{.Names}}', 'network ls --format {{.Name}}'):
        found |= set(podman.podman(*kind.split()).split())
    return {one for one in found if any(name in one for name in names)}


@pytest.fixture(name='lab', scope='module')
def a_lab():
    lab = Lab(f'test-{uuid.uuid4().hex[:6]}')
    done = tool('up', 2, '--no-systemd', 1, '--name', lab.name)
    assert done.returncode == 0, done.stderr
    yield lab
    tool('down', '--name', lab.name)


def test_hosts_look_like_el_and_let_ansibles_user_be_root(lab):
    for index, first in ((1, 'systemd'), (2, 'tiny-init')):
        assert ssh(lab, index, 'hostname; cat /proc/1/comm; sudo id -u').split() == [f'host{index}', first, '0']
        assert 'ID="rocky"' in ssh(lab, index, 'cat /etc/os-release')
        assert ssh(lab, index, 'id admin 2>&1 || true').endswith('no such user')


def test_up_again_leaves_the_hosts_as_they_are(lab):
    before = [ssh(lab, index, 'cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1') for index in (1, 2)]
    inventory = lab.inventory.read_text()
    assert tool('up', 2, '--no-systemd', 1, '--name', lab.name).returncode == 0
    assert [ssh(lab, index, 'cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1') for index in (1, 2)] == before
    assert lab.inventory.read_text() == inventory


def test_another_kind_of_host_is_refused(lab):
    done = tool('up', 2, '--name', lab.name)
    assert done.returncode == 1
    assert 'host2' in done.stderr and 'down' in done.stderr


def test_secrets_are_private_and_the_hosts_keys_are_known(lab):
    for path in lab.folder.iterdir():
        assert path.is_dir() or path.name.endswith('.pub') or path.stat().st_mode & 0o077 == 0, path
    options = json.loads(lab.inventory.read_text())['all']['vars']['ansible_ssh_common_args']
    assert 'StrictHostKeyChecking=yes' in options


def test_a_host_with_another_key_is_refused(lab):
    known = lab.folder / 'known_hosts'
    kept = known.read_text()
    first, second = kept.splitlines()
    swapped = [f'{first.split()[0]} {" ".join(second.split()[1:])}', f'{second.split()[0]} {" ".join(first.split()[1:])}']
    try:
        known.write_text('\n'.join(swapped) + '\n')
        assert tool('ssh', '--name', lab.name, 1, 'true').returncode == 255
    finally:
        known.write_text(kept)


@pytest.mark.parametrize('index', [1, 2])
def test_a_reboot_ends_processes_and_keeps_files(lab, index):
    ssh(lab, index, 'touch ~/kept; nohup sleep 4242 > /dev/null 2>&1 & true')
    assert 'sleep 4242' in ssh(lab, index, 'ps -eo args')
    faults.reboot(lab, index)
    assert ssh(lab, index, 'ls ~/kept').endswith('kept')
    assert 'sleep 4242' not in ssh(lab, index, 'ps -eo args')


def test_power_off_and_on(lab):
    faults.kill(lab, 1)
    assert 'host1' in tool('status', '--name', lab.name).stdout
    assert tool('ssh', '--name', lab.name, 1, 'true').returncode != 0
    faults.start(lab, 1)
    assert ssh(lab, 1, 'hostname') == 'host1'


def test_up_again_after_a_stop_of_the_machine(lab):
    podman.podman('kill', *(host.container for host in lab.hosts()))
    assert tool('up', 2, '--no-systemd', 1, '--name', lab.name).returncode == 0
    assert ssh(lab, 2, 'hostname') == 'host2'


def seconds_to_send(lab: Lab, size: int) -> float:
    began = time.monotonic()
    subprocess.run(lab.ssh(1, 'cat > /dev/null'), input=b'x' * size, check=True, timeout=60)
    return time.monotonic() - began


@pytest.mark.skipif(os.geteuid() != 0, reason='only root reaches the network')
def test_a_slow_line(lab):
    before = seconds_to_send(lab, 40000)
    faults.line(lab, 1, 'tbf', 'rate', '256kbit', 'burst', '2kb', 'latency', '2s')
    try:
        assert seconds_to_send(lab, 40000) > before + 0.8
    finally:
        faults.line(lab, 1)
    assert seconds_to_send(lab, 40000) < before + 0.8


def test_down_takes_away_its_own_and_nothing_else(lab):
    other = Lab(f'{lab.name}-other')
    foreign = f'foreign-{uuid.uuid4().hex[:6]}'
    image = podman.podman('inspect', '--format', '{{.ImageName}}', lab.host(1).container).strip()
    podman.podman('create', '--name', foreign, image, 'true')
    before = everything(lab.name, foreign)
    assert len(before) >= 3
    try:
        assert tool('up', 1, '--name', other.name).returncode == 0
        # As after a crash half way: what was written is gone, the containers are there.
        for path in other.folder.iterdir():
            path.unlink()
        assert tool('down', '--name', other.name).returncode == 0
        assert everything(lab.name, foreign) == before
        assert not other.folder.exists()
        assert ssh(lab, 1, 'hostname') == 'host1'
    finally:
        podman.podman('rm', '--force', foreign)
        tool('down', '--name', other.name)
