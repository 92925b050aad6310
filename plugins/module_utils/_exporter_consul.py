# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrape targets as services of a Consul agent, which Prometheus' consul_sd asks."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re
import socket

try:
    from urllib.parse import quote
except ImportError:  # Python 2.7
    from urllib import quote

from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.urls import open_url
from ansible_collections.oceanbase.obproxy.plugins.module_utils._exporter import labels_of, server_of
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError

SERVICE = 'obproxy-exporter'
TIMEOUT = 10
URL = re.compile(r'^https?://[^/\s@]+/?\Z')
FIELDS = ('ID', 'Name', 'Address', 'Port', 'Tags', 'Meta')


class Consul(object):
    """The HTTP API of one agent."""

    def __init__(self, url, token):
        if not URL.match(url or ''):
            raise HostError("consul_url is %r: 'http://HOST:PORT' or 'https://HOST:PORT' is expected. A token "
                            'has its own option.' % re.sub('//[^/]*@', '//***@', url or ''))
        self.url = url.rstrip('/')
        self.headers = {'X-Consul-Token': token} if token else {}

    def call(self, method, path, body=None):
        """What the agent answers."""
        data = None if body is None else json.dumps(body)
        try:
            # A redirect or a proxy would get the token, too.
            return to_text(open_url(self.url + path, method=method, data=data, headers=self.headers, timeout=TIMEOUT,
                                    use_proxy=False, follow_redirects='none').read())
        except (IOError, OSError, ValueError, socket.timeout) as exc:
            # An answer has a status, wherever this Python has the HTTPError that tells of it.
            if not hasattr(exc, 'code'):
                raise HostError('Consul at %s does not answer: %s. Is its agent running there?' % (self.url, exc))
            words = ' '.join(to_text(exc.read(), errors='surrogate_or_replace').split())[:200]
            advice = ' Check obproxy_consul_token.' if exc.code in (401, 403) else ''
            raise HostError('Consul at %s answers %s %s with %d (%s).%s'
                            % (self.url, method, path.partition('?')[0], exc.code, words or 'no words', advice))

    def services(self):
        """{id: service} of our services, as they are registered."""
        try:
            found = json.loads(self.call('GET', '/v1/agent/services'))
            return dict((key, _plain(one)) for key, one in found.items() if one['Service'] == SERVICE)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise HostError('%s answers, but not as Consul does.' % self.url)

    def register(self, service):
        self.call('PUT', '/v1/agent/service/register', service)

    def deregister(self, identifier):
        try:
            self.call('PUT', '/v1/agent/service/deregister/' + quote(identifier, safe=''))
        except HostError as exc:
            # Somebody else was faster: it is gone, as wanted.
            if 'Unknown service' not in str(exc):
                raise


def _plain(found):
    """A service of the agent in the form in which it was registered."""
    service = dict(found, Name=found['Service'], Tags=found.get('Tags') or [], Meta=found.get('Meta') or {})
    return dict((field, service.get(field)) for field in FIELDS)


def _service(cluster, target):
    host, _colon, port = target['address'].rpartition(':')
    if not host or not port.isdigit():
        raise HostError('The target %r has no port: ADDRESS:PORT is expected.' % target['address'])
    return {'ID': '%s-%s' % (SERVICE, target['address']), 'Name': SERVICE, 'Address': host.strip('[]'), 'Port': int(port),
            'Tags': ['obproxy', cluster], 'Meta': labels_of(target)}


def _elsewhere(found, wanted):
    """The ids of what is registered of the same server under another address."""
    server = server_of(wanted['Meta'])
    return sorted(identifier for identifier, one in found.items() if server and identifier != wanted['ID']
                  and one['Tags'] == wanted['Tags'] and server_of(one['Meta']) == server)


def _shown(service):
    return json.dumps(service, indent=2, sort_keys=True, separators=(',', ': ')) + '\n' if service else ''


def merge(changes, consul, cluster, targets, present):
    """Register the targets, or deregister them; how many of the cluster's are registered afterwards."""
    found = consul.services()
    for target in targets:
        wanted = _service(cluster, target)
        for identifier in [wanted['ID']] + _elsewhere(found, wanted):
            before, after = found.pop(identifier, None), wanted if present and identifier == wanted['ID'] else None
            if after:
                found[identifier] = after
            if before == after:
                continue
            changes.add('Consul service ' + identifier, _shown(before), _shown(after))
            if not changes.check_mode:
                consul.register(after) if after else consul.deregister(identifier)
    return len([one for one in found.values() if cluster in one['Tags']])
