"""On hosts of the lab, with systemd and without: what survives a reboot, and what systemd is told."""
from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_service
from conftest import ROOT, wait_for

LAB = ROOT / 'tests' / 'lab'
SCRIPT = '/opt/obproxy/foo-2883/obproxyd.sh'
UNIT = 'obproxy-foo-2883.service'
WITH_SYSTEMD, WITHOUT = 1, 2


class Lab:
    def __init__(self, rpm: Path):
        self.name = f'boot-{uuid.uuid4().hex[:6]}'
        self.rpm = rpm

    def tool(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run([LAB / 'lab', words[0], '--name', self.name, *map(str, words[1:])],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)

    def ssh(self, host: int, command: str) -> str:
        return self.tool('ssh', host, command).stdout.strip()

    def play(self, wanted: str = 'started') -> str:
        inventory = ROOT / '.lab' / self.name / 'inventory.yml'
        collections = Path(obproxy_service.__file__).resolve().parents[5]
        done = subprocess.run(
            [Path(sys.executable).parent / 'ansible-playbook', '-i', inventory, '-e', f'rpm={self.rpm} wanted={wanted}',
             '-e', '{"systemd": "{{ inventory_hostname == \'host1\' }}"}', ROOT / 'tests' / 'supervisor' / 'boot.yml'],
            env={**os.environ, 'ANSIBLE_COLLECTIONS_PATH': str(collections)}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def proxies(self, host: int) -> list[str]:
        """Those that greet: their ids."""
        greeting = 'timeout 2 bash -c "head -c 1 </dev/tcp/127.0.0.1/2883" >/dev/null 2>&1 && pgrep -x obproxy'
        return self.ssh(host, greeting).split()

    def watchdog(self, host: int) -> str:
        return self.ssh(host, f'pgrep -o -f "bash {SCRIPT} -c run"')


@pytest.fixture(scope='module')
def lab(tmp_path_factory):
    out = tmp_path_factory.mktemp('rpm')
    subprocess.run([sys.executable, LAB / 'obproxy' / 'build.py', out], check=True, stdout=subprocess.DEVNULL)
    lab = Lab(out / 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm')
    up = subprocess.run([LAB / 'lab', 'up', '2', '--no-systemd', '1', '--name', lab.name], capture_output=True, text=True, check=False)
    assert up.returncode == 0, up.stderr
    yield lab
    lab.tool('down')


@pytest.fixture(scope='module')
def hosts(lab):
    lab.play()
    return lab


@pytest.fixture(params=[WITH_SYSTEMD, WITHOUT], ids=['systemd', 'cron'])
def host(request):
    return request.param


def test_a_second_play_changes_nothing(hosts):
    before = [hosts.proxies(host) for host in (WITH_SYSTEMD, WITHOUT)]
    assert all(len(pids) == 1 for pids in before)
    assert re.findall(r'changed=(\d+)', hosts.play()) == ['0', '0']
    assert [hosts.proxies(host) for host in (WITH_SYSTEMD, WITHOUT)] == before


def test_only_the_user_runs_things(hosts, host):
    owners = hosts.ssh(host, 'ps -o user= -p $(pgrep -d, -f foo-2883)').split()
    assert set(owners) <= {'admin', 'ops'} and 'admin' in owners


def test_the_proxy_outlives_its_watchdog(hosts):
    proxies, watchdog = hosts.proxies(WITH_SYSTEMD), hosts.watchdog(WITH_SYSTEMD)
    assert hosts.ssh(WITH_SYSTEMD, f'systemctl show -p MainPID --value {UNIT}') == watchdog
    for signal in ('KILL', 'TERM'):
        old = hosts.watchdog(WITH_SYSTEMD)
        hosts.ssh(WITH_SYSTEMD, f'sudo kill -{signal} {old}')
        wait_for(lambda: hosts.watchdog(WITH_SYSTEMD) not in ('', old), 20)
        wait_for(lambda: hosts.ssh(WITH_SYSTEMD, f'systemctl is-active {UNIT}') == 'active', 20)
        assert hosts.proxies(WITH_SYSTEMD) == proxies


def test_killed_proxies_come_back(hosts, host):
    before = hosts.proxies(host)
    hosts.ssh(host, f'sudo kill -9 {before[0]}')
    wait_for(lambda: hosts.proxies(host) not in ([], before), 10)


def test_systemctl_stops_and_starts(hosts):
    hosts.ssh(WITH_SYSTEMD, f'sudo systemctl stop {UNIT}')
    assert hosts.ssh(WITH_SYSTEMD, 'pgrep -x obproxy; pgrep -f obproxyd.sh') == ''
    assert hosts.ssh(WITH_SYSTEMD, f'systemctl is-failed {UNIT}') == 'inactive'
    hosts.ssh(WITH_SYSTEMD, f'sudo systemctl start {UNIT}')
    wait_for(lambda: hosts.proxies(WITH_SYSTEMD))


def test_the_script_goes_through_systemd_when_root_calls_it(hosts):
    assert 'is stopped' in hosts.ssh(WITH_SYSTEMD, f'sudo {SCRIPT} -c stop')
    assert hosts.ssh(WITH_SYSTEMD, f'systemctl is-active {UNIT}') == 'inactive'
    assert 'is running' in hosts.ssh(WITH_SYSTEMD, f'sudo {SCRIPT} -c start')
    assert hosts.ssh(WITH_SYSTEMD, f'systemctl show -p MainPID --value {UNIT}') == hosts.watchdog(WITH_SYSTEMD)


def test_a_reboot_brings_it_back(hosts, host):
    assert hosts.tool('reboot', host).returncode == 0
    wait_for(lambda: hosts.proxies(host), 90)
    assert hosts.watchdog(host)


def test_what_was_stopped_stays_so_over_a_reboot(hosts):
    hosts.play('stopped')
    for host in (WITH_SYSTEMD, WITHOUT):
        assert hosts.ssh(host, 'pgrep -x obproxy; pgrep -f obproxyd.sh') == ''
    assert hosts.ssh(WITH_SYSTEMD, f'systemctl is-enabled {UNIT}') == 'disabled'
    assert hosts.tool('reboot', WITH_SYSTEMD).returncode == 0
    wait_for(lambda: hosts.ssh(WITH_SYSTEMD, 'systemctl is-system-running') in ('running', 'degraded'), 60)
    assert hosts.proxies(WITH_SYSTEMD) == []
