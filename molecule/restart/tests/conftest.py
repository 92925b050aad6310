"""Runs the collection's playbooks as a user would, and reads what the applications on the hosts have noticed."""
import json
import os

import playbooks
import pytest
from lab import Lab
from probe import Proxy, hosts

SYS = 'sys-mol-93b7e0c4'
LAB = Lab(os.path.basename(os.environ['LAB_STATE']))


@pytest.fixture
def play():
    def operation(name, *options, **variables):
        return playbooks.playbook(name, *options, obproxy_cluster_id='omega', **variables)
    return operation


@pytest.fixture
def registry():
    return playbooks.registry


@pytest.fixture
def proxies(host):
    """The proxies by their hosts' numbers."""
    return {number: Proxy(host.get_host(hosts(number)[0]), 2883) for number in (1, 2, 3)}


@pytest.fixture
def report():
    """What the application on a proxy's host has counted so far."""
    def read(proxy):
        return json.loads(proxy.host.check_output('cat /opt/application/report.json'))
    return read
