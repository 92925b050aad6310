"""Debian's Prometheus, exporters to scrape, and the modules as processes of their own."""
from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from consul_standin import ConsulStandin

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lab' / 'labkit'))

from ports import free_ports  # noqa: E402  pylint: disable=wrong-import-position

MODULE = 'ansible_collections.oceanbase.obproxy.plugins.modules.obproxy_exporter_target'
WAIT = 90


def until(condition, seconds=WAIT):
    """Return what the condition came to as soon as it is true; fail after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f'not true within {seconds} s: {condition}'
        time.sleep(0.1)


@contextlib.contextmanager
def serving(answer):
    """Serve what answer() returns, whatever is asked for; yield HOST:PORT."""
    class Handler(http.server.BaseHTTPRequestHandler):
        """One request."""

        def log_message(self, *_words):
            """Say nothing."""

        def do_GET(self):  # noqa: N802
            kind, text = answer()
            self.send_response(200)
            self.send_header('Content-Type', kind)
            self.end_headers()
            self.wfile.write(text.encode())

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f'127.0.0.1:{server.server_address[1]}'
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(name='exporters', scope='session')
def exporters_fixture():
    """Two exporters."""
    def page():
        return 'text/plain', 'odp_current_session{sessionType="client"} 1\n'
    with serving(page) as one, serving(page) as two:
        yield [one, two]


class Prometheus:
    """A Prometheus that runs."""

    def __init__(self, port):
        self.url = f'http://127.0.0.1:{port}'

    def ask(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)['data'] if path.startswith('/api') else answer.read()

    def ready(self):
        try:
            return self.ask('/-/ready')
        except OSError:
            return None

    def targets(self):
        """{address: (health, labels)} of what it scrapes."""
        return {urllib.parse.urlsplit(one['scrapeUrl']).netloc: (one['health'], one['labels'])
                for one in self.ask('/api/v1/targets?state=active')['activeTargets']}


@pytest.fixture(name='prometheus')
def prometheus_fixture(tmp_path):
    """Start one with a scrape configuration; it ends with the test."""
    with contextlib.ExitStack() as stack:
        def start(**scrape):
            port, = free_ports()
            settings = {'global': {'scrape_interval': '2s', 'scrape_timeout': '2s'},
                        'scrape_configs': [{'job_name': 'obproxy', **scrape}]}
            path = tmp_path / 'prometheus.yml'
            path.write_text(yaml.safe_dump(settings))
            log = stack.enter_context(open(tmp_path / 'prometheus.log', 'w', encoding='utf-8'))
            process = subprocess.Popen(
                ['prometheus', f'--config.file={path}', f'--storage.tsdb.path={tmp_path}/tsdb', f'--web.listen-address=127.0.0.1:{port}'],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            found = Prometheus(port)
            until(found.ready)
            return found
        yield start


@pytest.fixture(name='consul', scope='session')
def consul_fixture(tmp_path_factory):
    """A real Consul where the machine has one, else one that answers as it does; yield its URL."""
    program = shutil.which('consul')
    if program:
        yield from real_consul(program, tmp_path_factory.mktemp('consul'))
        return
    with standin('') as server:
        yield server.url


@contextlib.contextmanager
def standin(token):
    """Run a Consul that is none."""
    server = ConsulStandin(token)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(name='consul_with_token')
def consul_with_token_fixture():
    """One that lets in only those who have its token."""
    with standin('r1ght-t0ken') as server:
        yield server


def real_consul(program, folder):
    """Run a development agent."""
    port, server, serf_lan, serf_wan = free_ports(4)
    with open(folder / 'log', 'w', encoding='utf-8') as log, subprocess.Popen(
            [program, 'agent', '-dev', '-bind', '127.0.0.1', '-http-port', str(port), '-dns-port', '-1', '-grpc-port', '-1',
             '-server-port', str(server), '-serf-lan-port', str(serf_lan), '-serf-wan-port', str(serf_wan)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process:
        def leader():
            try:
                with urllib.request.urlopen(f'http://127.0.0.1:{port}/v1/status/leader', timeout=5) as answer:
                    return len(answer.read()) > 2
            except OSError:
                return False
        until(leader)
        yield f'http://127.0.0.1:{port}'
        process.kill()


def start_module(**arguments):
    """Start the module as Ansible does on a host."""
    process = subprocess.Popen([sys.executable, '-m', MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.PIPE)
    process.stdin.write(json.dumps({'ANSIBLE_MODULE_ARGS': {**arguments, '_ansible_remote_tmp': '/tmp'}}))
    process.stdin.close()
    process.stdin = None
    return process


def outcome(process):
    """Return what a module said."""
    out, err = process.communicate(timeout=WAIT)
    assert out, err
    return json.loads(out)


def register(**arguments):
    """Run the module to its end."""
    return outcome(start_module(**arguments))
