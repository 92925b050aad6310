"""Prometheus' file names every server once."""
import json

from probe import hosts

testinfra_hosts = hosts(1)


def test_prometheus_gets_every_server_once(host):
    entries = json.loads(host.file('/etc/prometheus/file_sd/obproxy-alpha.json').content_string)
    assert len({entry['targets'][0] for entry in entries}) == len(entries) == 3
    assert {entry['labels']['obproxy_cluster'] for entry in entries} == {'alpha'}
