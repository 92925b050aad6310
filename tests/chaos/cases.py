"""The matrix: what is done to a run, and what it has to say to that."""
from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from typing import Callable

import faults
from runs import PASSWORD, RPM

SUBTASKS = ('prepare_install', 'prepare_create', 'check_process', 'check_command', 'install_package', 'start_obproxy',
            'sync_parameters', 'set_credentials', 'refresh_agent', 'register_exporter', 'update_status', 'finish')
OLD_PASSWORD = 'sys-chaos-older-one'
FAULTS: dict[str, Case] = {}


def nothing(_site) -> None:
    """Leave everything as it is."""


@dataclass
class Case:
    """One fault: before the run, or once a subtask has begun; the words that the run has to say; how it is mended."""

    name: str
    says: str = ''
    at: str = ''
    before: Callable = nothing
    act: Callable | None = None
    after: Callable = nothing
    variables: dict = field(default_factory=dict)
    body: dict = field(default_factory=dict)
    # A first run that has to have gone well before.
    earlier: dict | None = None
    # Whether the host has first to be brought back by task_rollback, because the request itself was wrong.
    undo: bool = False
    may_succeed: bool = False
    # Whether the fault is one host's, and the others have to be done.
    rest: bool = True
    later: float = 0.2


def shell(command: str) -> Callable:
    return lambda site: site.lab.exec(site.index, command)


def fault(name: str, says: str, before: str = '', after: str = '', **more) -> None:
    acts = {'before': shell(before) if before else nothing, 'after': shell(after) if after else nothing, **more}
    FAULTS[name] = Case(name, says, **acts)


def killed(role: str) -> Case:
    return Case('controller killed', at=role, act=lambda site, run: run.kill(), may_succeed=True, rest=False)


def cut(role: str) -> Case:
    return Case('connection cut', at=role, may_succeed=True,
                act=lambda site, run: site.lab.exec(site.index, 'pkill -9 -u ops sshd; pkill -9 -f "[s]shd: ops"; true'))


def rebooted(role: str) -> Case:
    return Case('host rebooted', at=role, may_succeed=True, act=lambda site, run: faults.reboot(site.lab, site.index))


def off(site, run=None) -> None:
    faults.kill(site.lab, site.index)


def on(site) -> None:
    faults.start(site.lab, site.index)


def in_namespace(command: str) -> Callable:
    """Mount or unmount on a host, which a container may not do itself."""
    def act(site):
        container = site.lab.host(site.index).container
        pid = subprocess.run(['podman', 'inspect', '--format', '{{.State.Pid}}', container],
                             capture_output=True, text=True, check=True).stdout.strip()
        subprocess.run(['nsenter', '-t', pid, '-m', 'sh', '-c', command], check=True)
    return act


def packages(change: Callable) -> dict:
    """Give a folder of packages of the case's own, with one that is not as it should be."""
    def before(site):
        folder = site.home / 'packages'
        folder.mkdir(exist_ok=True)
        change(site.packages, folder / RPM)
    return {'before': before, 'variables': {'obproxy_package_dir': '{home}/packages'}, 'rest': False}


def lock_registry(site, run) -> None:
    """Hold the registry for longer than anybody waits for it."""
    with sqlite3.connect(site.registry, isolation_level=None) as connection:
        connection.execute('BEGIN EXCLUSIVE')
        try:
            run.process.wait(200)
        except subprocess.TimeoutExpired:
            pass
        connection.execute('ROLLBACK')
    connection.close()


def hide_registry(site, run) -> None:
    for path in site.registry.parent.glob('registry.db*'):
        path.rename(path.with_name(f'hidden-{path.name}'))
    site.registry.mkdir()


def show_registry(site) -> None:
    if site.registry.is_dir():
        site.registry.rmdir()
    for path in site.registry.parent.glob('hidden-*'):
        path.rename(path.with_name(path.name.removeprefix('hidden-')))


STRANGER = ('setsid python3 -c "import socket, time; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind((\'\', %d)); '
            's.listen(); time.sleep(9999)" >/dev/null 2>&1 </dev/null & echo $! >/run/stranger; '
            'until ss -Hltn "sport = :%d" | grep -q .; do sleep 0.1; done')
NO_STRANGER = 'kill $(cat /run/stranger); rm /run/stranger'
STANDIN, NO_STANDIN = 'echo %s >/etc/obproxy-standin.fault', 'rm /etc/obproxy-standin.fault'

fault('host down', 'unreachable', before='', after='')
FAULTS['host down'].before, FAULTS['host down'].after = off, on
FAULTS['host goes down'] = Case('host goes down', 'unreachable', at='install_package', act=off, after=on, later=0.0)
fault('key refused', 'Permission denied', 'mv /home/ops/.ssh/authorized_keys /root/', 'mv /root/authorized_keys /home/ops/.ssh/')
fault('sudo refused', 'sudo|password is required', 'mv /etc/sudoers.d/*ops* /root/', 'mv /root/*ops* /etc/sudoers.d/')
fault('python missing', r'needs Python [\d.]+ or newer.*2\.16', 'mv /usr/bin/python3 /root/', 'mv /root/python3 /usr/bin/')
fault('python too old', r'needs Python [\d.]+ or newer.*2\.16',
      'mv /usr/bin/python3 /root/; printf "%s\\n" "#!/bin/sh" '
      '"echo \'{\\"failed\\": true, \\"msg\\": \\"ansible-core requires a minimum of Python version 3.9. Current version: 3.6.8\\"}\'; exit 1" '
      '>/usr/bin/python3; chmod 755 /usr/bin/python3', 'mv /root/python3 /usr/bin/')
fault('disk full', 'space|room|full|MB', before='', after='')
FAULTS['disk full'].before = in_namespace('mount -t tmpfs -o size=256k tmpfs /opt')
FAULTS['disk full'].after = in_namespace('umount /opt')
FAULTS['package missing'] = Case('package missing', 'a folder on the controller that holds', variables={'obproxy_package_dir': '{home}'}, rest=False)
FAULTS['package cut short'] = Case('package cut short', 'RPM|rpm|package', **packages(
    lambda folder, path: path.write_bytes((folder / RPM).read_bytes()[:20000])))
FAULTS['other architecture'] = Case('other architecture', 'aarch64', **packages(
    lambda folder, path: shutil.copy(folder / RPM.replace('x86_64', 'aarch64'), path)))
FAULTS['wrong checksum'] = Case('wrong checksum', 'checksum|sha256', variables={'obproxy_package_checksum': f'sha256:{"0" * 64}'},
                                rest=False)
fault('rpm locked', 'timed out after 8 s|is locked',
      'setsid python3 -c "import fcntl, time; f = open(\'/var/lib/rpm/.rpm.lock\', \'w\'); fcntl.lockf(f, fcntl.LOCK_EX); '
      'time.sleep(9999)" >/dev/null 2>&1 </dev/null & echo $! >/run/stranger; sleep 0.5', NO_STRANGER,
      variables={'obproxy_timeouts': {'install_package': 8}})
fault('port taken', 'Port 2883', STRANGER % (2883, 2883), NO_STRANGER)
fault('exporter port taken', 'Port 2884', STRANGER % (2884, 2884), NO_STRANGER)
fault('dies at start', 'did not start|ends right after its start', STANDIN % 'die_at_start', NO_STANDIN)
fault('dies after start', 'obproxy', STANDIN % 'die_after=0.3', NO_STANDIN, variables={'obproxy_start_timeout': 8}, may_succeed=True)
fault('never answers', 'answer', STANDIN % 'never_answer', NO_STANDIN, variables={'obproxy_start_timeout': 6})
FAULTS['wrong password'] = Case('wrong password', 'old_sys_passwords', earlier={'obproxy_sys_password': OLD_PASSWORD}, rest=False)
FAULTS['no such parameter'] = Case('no such parameter', 'no_such_thing', undo=True, rest=False,
                                   body={'parameters': [{'name': 'no_such_thing', 'value': '1'}]})
FAULTS['value out of range'] = Case('value out of range', 'syslog_level|NOISE', undo=True, rest=False,
                                    body={'parameters': [{'name': 'syslog_level', 'value': 'NOISE'}]})
FAULTS['monitoring host down'] = Case('monitoring host down', 'Monitoring host gone: .*', variables={'obproxy_monitoring_hosts': ['host{other}', 'gone']})
# It may be free again before anything fails for it: then the states are written belatedly, and nothing is lost.
FAULTS['registry locked'] = Case(
    'registry locked', 'another process holds it', at='start_obproxy', act=lock_registry, rest=False, may_succeed=True)
FAULTS['registry gone'] = Case('registry gone', 'registry', at='start_obproxy', act=hide_registry, after=show_registry, rest=False)


def chosen(short: bool, only: str) -> list[Case]:
    """Return the cases to run."""
    if short:
        return [killed('start_obproxy'), cut('install_package'), FAULTS['exporter port taken'], FAULTS['sudo refused']]
    everything = [make(role) for role in SUBTASKS for make in (killed, cut, rebooted)] + list(FAULTS.values())
    return [case for case in everything if re.search(only, f'{case.name} {case.at}')]


def second_variables(case: Case) -> dict:
    """Return what the mended run is given beside the usual."""
    return {'obproxy_old_sys_passwords': [OLD_PASSWORD, PASSWORD]} if case.earlier else {}
