"""/metrics over HTTP, in Prometheus' text form."""
import time

from .stream import Stream

FAMILIES = (
    ('odp_transaction_total', 'counter', 'transactions of users'),
    ('odp_sql_request_total', 'counter', 'requests of users'),
    ('odp_sql_cost_total', 'gauge', 'time spent for requests'),
    ('odp_current_session', 'gauge', 'sessions at the moment'),
    ('odp_new_client_connections', 'counter', 'connections taken'),
    ('odp_request_byte', 'counter', 'bytes of requests'),
    ('odp_entry_total', 'counter', 'lookups of routing entries'),
)
# What the samples of a family have besides cluster and tenant.
LABELS = {
    'odp_sql_request_total': [{'sqlType': 'OTHERS'}],
    'odp_sql_cost_total': [{'sqlType': 'OTHERS', 'timeType': kind} for kind in ('prepare', 'server', 'total')],
    'odp_current_session': [{'sessionType': 'client'}],
}


class Exporter(object):
    def __init__(self, proxy):
        self.proxy = proxy
        self.page = b''
        self.drawn_at = None

    def accept(self, sock, _peer):
        Scrape(self, sock)

    def metrics(self):
        """Drawn anew only every prometheus_sync_interval, as the real one does."""
        now = time.monotonic()
        interval = self.proxy.config.seconds('prometheus_sync_interval')
        if self.drawn_at is None or now - self.drawn_at >= interval:
            self.drawn_at = now
            self.page = ''.join(self.lines()).encode('utf-8')
        return self.page

    def lines(self):
        labels = {'cluster': self.proxy.config.running['rootservice_cluster_name'],
                  'tenant': 'proxysys'}
        proxy = self.proxy
        values = {'odp_sql_request_total': proxy.queries, 'odp_request_byte': proxy.request_bytes,
                  'odp_current_session': len(proxy.sessions),
                  'odp_new_client_connections': proxy.connections}
        for name, kind, help_ in FAMILIES:
            yield '# HELP %s %s\n# TYPE %s %s\n' % (name, help_, name, kind)
            for more in LABELS.get(name, [{}]):
                text = ','.join('%s="%s"' % pair for pair in sorted(dict(labels, **more).items()))
                yield '%s{%s} %d\n' % (name, text, values.get(name, 0))


class Scrape(object):
    def __init__(self, exporter, sock):
        self.exporter = exporter
        self.request = b''
        self.stream = Stream(exporter.proxy.loop, sock, self.received, lambda: None)

    def received(self, data):
        self.request += data
        if b'\r\n\r\n' not in self.request and len(self.request) < 65536:
            return
        path = (self.request.split(b'\r\n')[0].split() + [b'', b''])[1].partition(b'?')[0]
        status, body = b'404 Not Found', b''
        if path == b'/metrics':
            status, body = b'200 OK', self.exporter.metrics()
        self.stream.write(
            b'HTTP/1.1 ' + status + b'\r\nContent-Type: text/plain; charset=utf-8\r\n'
            b'Content-Length: ' + str(len(body)).encode('ascii')
            + b'\r\nConnection: close\r\n\r\n' + body)
        self.stream.finish()
