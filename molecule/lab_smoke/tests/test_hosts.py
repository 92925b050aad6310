"""The hosts are three, reached by their own keys, and look like EL servers."""
import os

import pytest

testinfra_hosts = [f"paramiko://host{number}?ssh_config={os.environ['LAB_SSH_CONFIG']}&sudo=true" for number in (1, 2, 3)]


@pytest.fixture
def number(host):
    return int(host.check_output("hostname").removeprefix("host"))


def test_ansible_was_there_as_root(host, number):
    assert host.file("/root/reached").content_string == f"host{number} {number}\n"
    assert host.file("/root/reached").user == "root"


def test_first_process(host, number):
    assert host.process.get(pid=1).comm == ("systemd" if number < 3 else "tiny-init")


def test_looks_like_el(host):
    assert host.system_info.distribution == "rocky"
    assert host.run("rpm -q --whatprovides /bin/sh").rc == 0
