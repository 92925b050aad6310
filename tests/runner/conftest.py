"""Hosts of the lab, a registry on PostgreSQL, and AWX's way of running jobs."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / 'tests' / part) for part in ('runner', 'databases', 'lab/labkit')]

import servers  # noqa: E402  pylint: disable=wrong-import-position
from jobs import TEMPLATES, Awx  # noqa: E402  pylint: disable=wrong-import-position
from lab import Lab  # noqa: E402  pylint: disable=wrong-import-position

OPERATIONS = [name for name, made in TEMPLATES.items() if 'playbook' not in made]
SYS, PROXYRO = 'sys-awx-83b1c6fd', 'ro-awx-4be0927a'


@pytest.fixture(scope='module')
def lab(request):
    packages = REPOSITORY / '.build' / 'rpms'
    subprocess.run([sys.executable, REPOSITORY / 'tests/lab/obproxy/build.py', packages], check=True, stdout=subprocess.DEVNULL)
    hosts = Lab(f'runner-{Path(request.path).parent.name}')
    try:
        hosts.up(request.module.HOSTS)
        yield hosts
    finally:
        hosts.down()


@pytest.fixture(scope='module')
def awx(request, lab, tmp_path_factory):
    with servers.running(servers.PostgreSQL) as database:
        inputs = {'registry_url': database.create('obproxy'), 'sys_password': SYS, 'ob_passwords': f'{{hooray: {PROXYRO}}}'}
        variables = {
            'obproxy_package_dir': str(REPOSITORY / '.build' / 'rpms'), 'obproxy_monitoring_hosts': ['host1'],
            'obproxy_ob_clusters': {'hooray': {
                'root_servers': ['127.0.0.1:2881'], 'proxyro_password': '{{ (obproxy_awx_ob_passwords | from_yaml).hooray }}'}}}
        yield Awx(tmp_path_factory.mktemp('awx'), lab, inputs, variables, getattr(request.module, 'JOBS', OPERATIONS))
