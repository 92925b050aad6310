"""An OceanBase that the lab's hosts reach, the two proxies, and the playbook as a user runs it."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import testinfra
from probe import Proxy, hosts

sys.path.insert(0, str(Path(os.environ['MOLECULE_PROJECT_DIRECTORY'], 'tests', 'seekdb')))
from kernel import PASSWORD, Kernel  # noqa: E402
from servers import running  # noqa: E402

STATE = os.environ['LAB_STATE']
SYS = [f'sys-mol-{number}-7be20d94' for number in range(6)]
RO = [f'ro-mol-{number}-c5f83e17' for number in range(6)]
ROWS = "select name, value from proxy_config where cluster_name = 'hooray' and config_level = 'LEVEL_CLUSTER'"


@pytest.fixture(scope='session')
def oceanbase():
    with running(Kernel) as kernel:
        kernel.rows(f"create user 'proxyro' identified by '{RO[1]}'")
        kernel.rows("grant select on *.* to 'proxyro'")
        yield kernel


@pytest.fixture(scope='session')
def proxies():
    return [Proxy(testinfra.get_host(name), 2883) for name in hosts(1, 2)]


@pytest.fixture
def rotate(oceanbase, proxies, tmp_path):
    """Run the playbook with the passwords of these numbers."""
    gateway = proxies[0].host.check_output("ip -4 route show default").split()[2]

    def run(number, **variables):
        cluster = {'root_servers': [f'{gateway}:{oceanbase.port}'], 'proxyro_password': RO[number], 'sys_password': PASSWORD}
        given = {'obproxy_cluster_id': 'rho', 'obproxy_sys_password': SYS[number], 'obproxy_old_sys_passwords': SYS[:number],
                 'obproxy_ob_clusters': {'hooray': cluster}, **variables}
        path = tmp_path / 'variables.json'
        path.write_text(json.dumps(given))
        inventory = os.path.join(os.environ['MOLECULE_EPHEMERAL_DIRECTORY'], 'inventory')
        done = subprocess.run(
            ['ansible-playbook', 'oceanbase.obproxy.credentials', '-i', inventory, '-e', f'@{path}', '--diff'], capture_output=True,
            text=True, check=False, stdin=subprocess.DEVNULL, timeout=300,
            env={**os.environ, 'ANSIBLE_HOME': f'{STATE}/ansible', 'ANSIBLE_CALLBACKS_ENABLED': 'oceanbase.obproxy.dag',
                 'ANSIBLE_TIMEOUT': '5', 'ANSIBLE_NOCOLOR': '1'})
        registry = Path(STATE, 'ansible', 'obproxy', 'registry.db').read_bytes().decode('latin-1')
        for secret in [*SYS, *RO, PASSWORD]:
            for form in (secret, hashlib.sha1(secret.encode()).hexdigest()):
                assert form not in done.stdout + done.stderr + registry
        return done
    return run


class Watch:
    """Looks again and again whether each proxy has a password that OceanBase takes, in sessions that stay."""

    def __init__(self, oceanbase, proxies, password):
        self.oceanbase, self.proxies, self.password = oceanbase, proxies, password
        self.looks, self.accounts, self.locked_out = 0, [], []
        self.over = threading.Event()

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.sessions = [self.stack.enter_context(proxy.login(self.password)) for proxy in self.proxies]
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.over.set()
        self.thread.join()
        self.stack.close()

    def look(self):
        while not self.over.is_set():
            for index, session in enumerate(self.sessions):
                # What changes between the two looks is not the proxy's fault: it looks afresh for each login.
                if not self.is_let_in(session) and not self.is_let_in(session):
                    self.locked_out.append(index)
            self.looks += 1
            self.over.wait(0.05)

    def is_let_in(self, session):
        with session.cursor() as cursor:
            cursor.execute(ROWS)
            stored = {value for _name, value in cursor.fetchall() if value}
        account = self.oceanbase.rows("select password from mysql.user where user = 'proxyro'")[0][0].lower()
        if account not in self.accounts:
            self.accounts.append(account)
        return account in {'*' + hashlib.sha1(bytes.fromhex(one)).hexdigest() for one in stored}


@pytest.fixture
def watch(oceanbase, proxies):
    return lambda number, *which: Watch(oceanbase, which or proxies, SYS[number])
