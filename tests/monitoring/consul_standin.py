"""As much of a Consul agent's HTTP API as registering needs, and asking for a service; it answers as Consul 1.8 does."""
from __future__ import annotations

import json
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REGISTER, DEREGISTER = '/v1/agent/service/register', '/v1/agent/service/deregister/'


class ConsulStandin(ThreadingHTTPServer):
    """Services of one node, for whoever has the token."""

    daemon_threads = True

    def __init__(self, token=''):
        super().__init__(('127.0.0.1', 0), Handler)
        self.token = token
        self.services = {}

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}'

    def put(self, identifier, service):
        """Register a service, or with None deregister it; return whether that was possible."""
        known = self.services.pop(identifier, None)
        if service:
            self.services[identifier] = {
                'ID': identifier, 'Service': service['Name'], 'Tags': service.get('Tags') or [], 'Meta': service.get('Meta') or {},
                'Port': service['Port'], 'Address': service['Address'], 'EnableTagOverride': False,
                'Weights': {'Passing': 1, 'Warning': 1}}
        return bool(service or known)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, *_words):
        """Say nothing."""

    def answer(self, status, body):
        body = json.dumps(body).encode() if not isinstance(body, str) else body.encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def allowed(self):
        if self.headers.get('X-Consul-Token', '') == self.server.token:
            return True
        self.answer(403, 'Permission denied')
        return False

    def do_GET(self):  # noqa: N802
        if not self.allowed():
            return
        if self.path == '/v1/agent/services':
            self.answer(200, self.server.services)
        elif self.path.startswith('/v1/health/service/'):
            self.answer(200, [{'Node': {'Node': 'lab'}, 'Service': one, 'Checks': []} for one in self.server.services.values()
                              if one['Service'] == self.path.rsplit('/', 1)[1]])
        else:
            self.answer(404, 'Invalid URL path: not a recognized HTTP API endpoint')

    def do_PUT(self):  # noqa: N802
        given = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if not self.allowed():
            return
        if self.path == REGISTER:
            service = json.loads(given)
            self.server.put(service.get('ID') or service['Name'], service)
            self.answer(200, '')
        elif self.path.startswith(DEREGISTER):
            known = self.server.put(urllib.parse.unquote(self.path[len(DEREGISTER):]), None)
            self.answer(200 if known else 500, '' if known else 'Unknown service')
        else:
            self.answer(404, 'Invalid URL path: not a recognized HTTP API endpoint')
