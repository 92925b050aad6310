"""Playbooks as a user would start them, one host and one registry for each case, and what they say on their way."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import envs

PASSWORD, PROXYRO = 'sys-chaos-5d0a97be', 'ro-chaos-61c2f08a'
RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
LEASE = 3
LIMIT = 300


class Site:
    """Two hosts of the lab, with a folder of their own for requests and the registry.

    Faults strike the first; the second has the monitoring, and is the rest of the hosts, that has to be done nevertheless.
    """

    def __init__(self, lab, index: int, folder: Path, collections: Path, packages: Path):
        self.lab, self.index, self.other, self.folder = lab, index, index + 1, folder
        self.collections, self.packages = collections, packages
        self.count = 0
        self.begin('start')

    def begin(self, name: str) -> None:
        """Take a new registry."""
        self.home = self.folder / name
        self.home.mkdir(parents=True, exist_ok=True)
        self.registry = self.home / 'ansible' / 'obproxy' / 'registry.db'

    def variables(self, **more) -> dict:
        return {
            'obproxy_package_dir': str(self.packages), 'obproxy_sys_password': PASSWORD, 'obproxy_lease_seconds': LEASE,
            'obproxy_monitoring_hosts': [f'host{self.other}'], 'obproxy_start_timeout': 20,
            'obproxy_ob_clusters': {'hooray': {'root_servers': ['127.0.0.1:2881'], 'proxyro_password': PROXYRO}}, **more}

    def request(self, **more) -> dict:
        return {
            'name': 'chi', 'workMode': 'RS_LIST', 'obLinks': [{'clusterName': 'hooray', 'obClusterId': 7, 'username': 'proxyro'}],
            'parameters': [{'name': 'syslog_level', 'value': 'INFO'}],
            'obproxyInstallParam': {'hostIds': [self.index, self.other], 'sqlPort': 2883, 'exportPort': 2884, 'version': RPM}, **more}

    def run(self, playbook='create', body=None, variables=None, options=(), at=None) -> Run:
        """Run a playbook to its end; at is (role, what to do when it has begun, seconds later)."""
        self.count += 1
        return Run(self, playbook, body or {}, variables or {}, options, at)


class Run:
    """One ansible-playbook: how it ended and what became of the host."""

    def __init__(self, site, playbook, body, variables, options, at):
        stem = site.home / f'{site.count:02}-{playbook}'
        self.struck: str | None = None
        self.events, self.log = stem.with_suffix('.jsonl'), stem.with_suffix('.log')
        write(stem.with_suffix('.vars.json'), site.variables(**variables))
        words = ['-e', f'@{stem.with_suffix(".vars.json")}']
        if playbook == 'create':
            write(stem.with_suffix('.json'), site.request(**body))
            words += ['-e', f'@{stem.with_suffix(".json")}']
        tool = envs.VENVS / 'core-new' / 'bin'
        environment = {
            **os.environ, 'PATH': f'{tool}{os.pathsep}{os.environ["PATH"]}', 'ANSIBLE_HOME': str(site.home / 'ansible'),
            'ANSIBLE_COLLECTIONS_PATH': str(site.collections), 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
            'OBPROXY_DAG_JSON': str(self.events), 'ANSIBLE_TIMEOUT': '8', 'ANSIBLE_NOCOLOR': '1', 'LC_ALL': 'C.UTF-8',
            'ANSIBLE_PIPELINING': 'true', 'ANSIBLE_LOCALHOST_WARNING': 'false',
            # A line of its own per case, so that the cutting of one is not the cutting of another.
            'ANSIBLE_SSH_CONTROL_PATH_DIR': str(site.home / 'cp')}
        with open(self.log, 'wb') as stream:
            self.process = subprocess.Popen(
                [tool / 'ansible-playbook', f'oceanbase.obproxy.{playbook}', '-i', site.lab.inventory, *words, *options],
                stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=environment, cwd=site.home, start_new_session=True)
        watcher = threading.Thread(target=self._watch, args=at, daemon=True) if at else None
        if watcher:
            watcher.start()
        self.hung = False
        try:
            self.code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.hung = True
            self.kill()
            self.code = self.process.wait()
        if watcher:
            watcher.join(LIMIT)
        self.output = self.log.read_text(errors='replace')

    def _watch(self, role, act, later):
        """Do what is to be done once a subtask has begun."""
        while self.process.poll() is None:
            if any(event.get('role') == role for event in self.told()):
                time.sleep(later)
                self.struck = self._running()
                act(self)
                return
            time.sleep(0.02)

    def _running(self) -> str:
        """Return the subtask that is RUNNING now: a quick one may have been over before the fault struck."""
        states = {event['role']: event['status'] for event in self.told() if event['event'] == 'subtask'}
        return ', '.join(role for role, status in states.items() if status == 'RUNNING') or 'none'

    def told(self) -> list[dict]:
        if not self.events.exists():
            return []
        lines = self.events.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith('}')]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def verdict(self) -> str:
        """Say in a few words how it ended."""
        if self.code == -signal.SIGKILL:
            return 'killed'
        finished = [event for event in self.told() if event['event'] == 'run_finished']
        failed = [host['subtask'] for event in finished for host in event['hosts'] if host['status'] != 'SUCCESSFUL']
        if failed:
            return f'FAILED in {failed[-1]}'
        return 'SUCCESSFUL' if self.code == 0 else 'FAILED' if finished else 'refused'


def write(path: Path, content) -> None:
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'w', encoding='utf-8') as stream:
        json.dump(content, stream)


def say(*lines: str) -> None:
    print(*lines, sep='\n    ', flush=True, file=sys.stderr)
