"""A host without a monitoring agent is left as it is."""
from probe import hosts

testinfra_hosts = hosts(2)


def test_nothing_is_put_there(host):
    assert host.run('test -e /etc/obproxy/mu-2883.json').rc == 0
    assert host.check_output('find /etc/obproxy /usr/local /etc/systemd/system /etc/cron.d /home -name "*agent*"') == ''
