# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OCP knows by itself and a request does not say: it comes from variables."""

from __future__ import annotations

import os
import re

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _timeouts
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import shown
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._exporters import BACKENDS
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._rules import can_be_told
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._variables import CANNOT_RESOLVE, UNRESOLVED, look_up

SERVER = re.compile(r'(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})')
IDC = re.compile(r'[\w.-]{1,64}')
SOURCES = ('file', 'url', 'repo')
# What is done once for all hosts of a run is done with these, so that they must be the same for all of them; some are secret.
MONITORING = {'obproxy_monitoring_backend': BACKENDS[0], 'obproxy_monitoring_hosts': [], 'obproxy_file_sd_dir': '/etc/prometheus/file_sd',
              'obproxy_consul_url': 'http://127.0.0.1:8500', 'obproxy_consul_token': ''}
SECRET = ('obproxy_consul_token',)
UNTELLABLE = 'one with a backslash or with both kinds of quotes, which OBProxy cannot be told'


class Settings:
    """The variables of the collection, as the planned hosts see them."""

    def __init__(self, own, inventory, base_dir='.'):
        """Take a function that looks a variable up on the controller, and the inventory for the hosts' own."""
        self._own = own
        self._inventory = inventory
        self._base_dir = base_dir
        self._variables = {}

    def get(self, name, hosts):
        """Return a variable of the controller, else the first host's that has it, else None."""
        value = look_up(self._own, name)
        if value is not None:
            return value
        for host in hosts:
            value = self._of_host(name, host)
            if value is not None:
                return value
        return None

    def _of_host(self, name, host):
        if host.name not in self._variables:
            self._variables[host.name] = self._inventory.variables[host.name]
        return look_up(self._variables[host.name].get, name, templated=False)

    def check(self, request, hosts, cluster, package):
        """Add what is missing for the work on these hosts; return what the plan takes from here."""
        found = {'config_url': self._config_url(request, hosts, cluster), 'rs_list': '', 'idc': {}, 'timeouts': self.timeouts(request, hosts),
                 'rollback_on_failure': self.flag(request, hosts, 'obproxy_rollback_on_failure')}
        if not hosts:
            return found
        found['idc'] = self._idc(request, hosts)
        self.check_monitoring(request, hosts)
        self.check_sys_password(request, hosts)
        found['rs_list'] = self.check_links(request, hosts, cluster)
        if package:
            self.check_package(request, hosts, package)
        return found

    def timeouts(self, request, hosts):
        """Return the seconds that are given for subtasks, by role."""
        return _timeouts.check(request, self.get(_timeouts.NAME, hosts))

    def flag(self, request, hosts, name):
        """Return whether a variable is true; add a fault where it is neither that nor false."""
        value = self.get(name, hosts)
        try:
            return value is not None and boolean(value)
        except TypeError:
            _faulty(request, name, value, 'true or false')
            return False

    def _config_url(self, request, hosts, cluster):
        if cluster['work_mode'] != 'CONFIG_URL':
            return ''
        url = self.get('obproxy_config_server_url', hosts) or cluster.get('config_url') or ''
        if not url and hosts:
            _missing(request, 'obproxy_config_server_url', 'the address from which OBProxy gets its OB clusters',
                     'workMode is CONFIG_URL')
        if url is UNRESOLVED or not re.fullmatch(r'https?://[^\s\x00-\x1f\x7f,]+', str(url) or 'http://x'):
            _faulty(request, 'obproxy_config_server_url', masked(url), 'an http or https URL without blanks and commas')
            return ''
        return str(url)

    def _idc(self, request, hosts):
        """Return the data centers of the hosts that name one."""
        given = {host.name: self._of_host('obproxy_idc', host) for host in hosts}
        for name, idc in given.items():
            if idc not in (None, '') and not IDC.fullmatch(str(idc)):
                request.fault('obproxy_idc', CANNOT_RESOLVE if idc is UNRESOLVED else idc,
                              "a data center's name: letters, digits, '_', '.' and '-', 64 at most", why=f'of {name}')
        return {name: str(idc) for name, idc in given.items() if idc not in (None, '')}

    def check_monitoring(self, request, hosts):
        """Add a fault where the hosts disagree about the monitoring that they are registered with."""
        backend = self.get('obproxy_monitoring_backend', hosts) or BACKENDS[0]
        if backend not in BACKENDS:
            _faulty(request, 'obproxy_monitoring_backend', backend, f"one of {', '.join(BACKENDS)}")
        for name, default in MONITORING.items():
            found = {}
            for host in hosts:
                value = self._of_host(name, host)
                found.setdefault(repr(default if value is None else value), (host.name, default if value is None else value))
            if len(found) > 1:
                (one, first), (other, second) = list(found.values())[:2]
                said = f'{one} and {other} have different ones' if name in SECRET else f'{one} has {shown(first)}, {other} has {shown(second)}'
                request.fault(name, f'{len(found)} values', 'one value for all hosts of a request',
                              why=f'{said}; make a request for the hosts of each')

    def find_file(self, path):
        """Return where a file of the user's is on the controller, or None."""
        path = os.path.expanduser(path)
        places = [os.path.abspath(path), os.path.abspath(os.path.join(self._base_dir, path))]
        return next((place for place in places if os.path.isfile(place)), None)

    def check_sys_password(self, request, hosts):
        """Add a fault where root@proxysys has no password for some host, or one that OBProxy cannot be told."""
        own = look_up(self._own, 'obproxy_sys_password')
        if own is UNRESOLVED:
            _faulty(request, 'obproxy_sys_password', own, 'a password')
        elif own in (None, ''):
            without = [host.name for host in hosts if self._of_host('obproxy_sys_password', host) in (None, '', UNRESOLVED)]
            if without:
                _missing(request, 'obproxy_sys_password', "the password that root@proxysys gets (it has no default)",
                         f"for {', '.join(without[:5])}{' and others' if len(without) > 5 else ''}")
        given = [own] if own not in (None, '') else [self._of_host('obproxy_sys_password', host) for host in hosts]
        if not all(map(can_be_told, given)):
            _faulty(request, 'obproxy_sys_password', UNTELLABLE, 'another password')

    def check_links(self, request, hosts, cluster, with_servers=False):
        """Add a fault for what is not known of a linked OB cluster; return the root servers for RS_LIST."""
        known = self.get('obproxy_ob_clusters', hosts)
        if known is UNRESOLVED or not isinstance(known or {}, dict):
            seen = UNRESOLVED if known is UNRESOLVED else f'a {type(known).__name__}'
            _faulty(request, 'obproxy_ob_clusters', seen, 'a dict of OB clusters, by name or by obClusterId')
            return ''
        known = {str(key): value for key, value in (known or {}).items()}
        rs_list = ''
        for link in cluster['ob_links']:
            names = [str(link[key]) for key in ('cluster_name', 'ob_cluster_id') if key in link]
            found = next((known[name] for name in names if name in known), None)
            if not names:
                continue
            if not isinstance(found, dict):
                _missing(request, f'obproxy_ob_clusters.{names[0]}',
                         'an entry with root_servers and proxyro_password for each linked OB cluster', 'it is in obLinks')
                continue
            if found.get('proxyro_password') in (None, '') or '{{' in str(found['proxyro_password']):
                _missing(request, f'obproxy_ob_clusters.{names[0]}.proxyro_password',
                         'the password of proxyro in the OB cluster', 'OBProxy logs in with it')
            elif not can_be_told(found['proxyro_password']):
                _faulty(request, f'obproxy_ob_clusters.{names[0]}.proxyro_password', UNTELLABLE, 'another password')
            if cluster['work_mode'] == 'RS_LIST':
                rs_list = _root_servers(request, names[0], found.get('root_servers'), 'workMode is RS_LIST')
            elif with_servers:
                _root_servers(request, names[0], found.get('root_servers'), 'it is looked there whether proxyro has its new password')
        return rs_list

    def check_package(self, request, hosts, package):
        """Add a fault where the package cannot be had."""
        source = self.get('obproxy_package_source', hosts) or 'file'
        if source not in SOURCES:
            _faulty(request, 'obproxy_package_source', source, f"one of {', '.join(SOURCES)}")
        elif source == 'url':
            self._check_url(request, hosts)
        elif source == 'file':
            self._check_file(request, self.get('obproxy_package_dir', hosts), package['file'])

    def _check_url(self, request, hosts):
        why = 'obproxy_package_source is url'
        if not self.get('obproxy_package_url', hosts):
            _missing(request, 'obproxy_package_url', 'the URL of the package or of its folder', why)
        checksum = self.get('obproxy_package_checksum', hosts)
        if not checksum:
            _missing(request, 'obproxy_package_checksum', "'sha256:' and the package's checksum in hex", why)
        elif checksum is UNRESOLVED or not re.fullmatch('sha256:[0-9A-Fa-f]{64}', str(checksum)):
            _faulty(request, 'obproxy_package_checksum', checksum, "'sha256:' and 64 hex digits")

    def _check_file(self, request, folder, name):
        if not folder or folder is UNRESOLVED:
            _missing(request, 'obproxy_package_dir', f'the folder on the controller that holds {name}',
                     'obproxy_package_source is file')
            return
        if not any(os.path.isfile(os.path.join(place, name)) for place in self._places(folder)):
            _faulty(request, 'obproxy_package_dir', folder, f'a folder on the controller that holds {name}')

    def _places(self, folder):
        folder = os.path.expanduser(str(folder))
        return [folder, os.path.join(self._base_dir, folder)]

    def package_files(self, hosts):
        """Return the names of the files in the folder with the packages."""
        folder = self.get('obproxy_package_dir', hosts)
        if not folder or folder is UNRESOLVED:
            return []
        return sorted({name for place in self._places(folder) if os.path.isdir(place) for name in os.listdir(place)})


def masked(url):
    """Hide a password in an address."""
    return re.sub('//[^/@]*@', '//***@', url) if isinstance(url, str) else url


def _missing(request, name, expected, why):
    request.fault(name, None, f'a variable with {expected}', why=why)


def _faulty(request, name, value, expected):
    given = CANNOT_RESOLVE if value is UNRESOLVED else value
    request.fault(name, given, expected)


def _root_servers(request, name, given, why):
    field = f'obproxy_ob_clusters.{name}.root_servers'
    servers = re.split('[;,]', given) if isinstance(given, str) else given
    if not servers or not isinstance(servers, (list, tuple)):
        _missing(request, field, 'a list of ip:port', why)
        return ''
    servers = [str(server).strip() for server in servers]
    for server in servers:
        found = SERVER.fullmatch(server)
        if not found or not 0 < int(found[2]) < 65536:
            request.fault(field, server, "'ip:port' for each root server")
    return ';'.join(servers)
