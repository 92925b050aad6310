"""The module obproxy_service, called for an instance of a test."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import Changes
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import Layout
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import Client
from ansible_collections.oceanbase.obproxy.plugins.modules import obproxy_service

PASSWORD = "it's %s, # and secret"


def command(argv, cwd=None, environ_update=None):
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(environ_update or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Service:
    """The module's calls for one instance, on a host whose root is a directory of the test."""

    def __init__(self, instance, root: Path):
        self.instance = instance
        self.layout = Layout(str(root))
        (root / 'run').mkdir(parents=True, exist_ok=True)
        self.result = None
        self.record = Path(self.layout.records) / f'{instance.name}.json'
        self.record.parent.mkdir(parents=True)
        self.record.write_text(json.dumps({
            'format': 1, 'name': instance.name, 'user': instance.user, 'home': str(instance.home),
            'sql_port': instance.sql, 'state': 'creating'}))

    def __call__(self, state='started', check_mode=False, **changed):
        one = self.instance
        params = {
            'state': state, 'name': one.name, 'home': str(one.home), 'user': one.user, 'sql_port': one.sql,
            'exporter_port': one.exporter, 'rpc_port': one.rpc, 'cluster_name': one.cluster, 'sys_password': PASSWORD,
            'old_sys_passwords': None, 'work_mode': 'RS_LIST', 'config_url': '', 'rs_list': '10.0.0.1:2881',
            'ob_cluster_name': 'ob', 'startup_parameters': None, 'supervisor': 'obproxyd',
            'timeout': 20, 'mode': 'hot', 'stop_timeout': 0, **changed}
        changes = Changes(check_mode)
        self.result = obproxy_service.run(params, changes, self.layout, command)
        return changes.changed

    def state(self) -> str:
        return json.loads(self.record.read_text())['state']

    def parameters(self, password: str = PASSWORD) -> dict:
        with Client(self.instance.sql, password) as client:
            return dict(row[:2] for row in client.query('show proxyconfig')[1])

    def nothing_is_left(self):
        assert not self.instance.pids() and not self.instance.watchdogs()
        assert not (self.instance.home / 'run' / 'first_start').exists()
