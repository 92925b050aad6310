# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request must obey, as far as the request alone can tell."""

from __future__ import annotations

import re

from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ProxysysError, quote
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _rpm

PORTS = range(1025, 65536)
ANY_PORTS = range(1, 65536)
CLUSTER_NAME = re.compile(r'(?!.*\.\.)[A-Za-z][A-Za-z0-9_.-]{0,63}')
OB_CLUSTER_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}')
ADDRESS = re.compile(r'(?!.*\.\.)[A-Za-z0-9:][A-Za-z0-9_.:-]{0,252}')
PARAMETER_NAME = re.compile(r'[A-Za-z0-9_]{1,128}')
CONTROL = re.compile('[\x00-\x1f\x7f\x85\u2028\u2029]')
RESERVED = (
    'app_name', 'listen_port', 'prometheus_listen_port', 'rpc_listen_port', 'obproxy_config_server_url',
    'rootservice_list', 'rootservice_cluster_name', 'proxy_local_cmd')


def install_path(request, *rest):
    """Return the path to where the servers are described: nested in create, at the top elsewhere."""
    return (('obproxy_install_param',) if request.operation == 'create' else ()) + rest


def check(request):
    """Add the faults of a request that was read."""
    if request.operation == 'create':
        _check_cluster(request)
        check_links(request)
        _check_parameters(request)
    if request.operation == 'take_over':
        _check_take_over(request)
    else:
        _check_servers(request)


def _check_cluster(request):
    name = request.get('name')
    if name is not None and not CLUSTER_NAME.fullmatch(name):
        request.fault(request.field('name'), name,
                      "1 to 64 letters, digits, '_', '.' and '-', a letter first, without '..'")
    check_address(request, request.get('address'), request.get('port'), request.field)


def check_address(request, address, port, field=str):
    """Check where clients find a cluster; field gives the names that the writer has for these two."""
    if address is not None and not ADDRESS.fullmatch(address):
        request.fault(field('address'), address, 'a host name or an IP address')
    if port is not None and port not in ANY_PORTS:
        request.fault(field('port'), port, 'a port from 1 to 65535')


def check_links(request):
    """Add the faults of OB links, as far as each request alone can tell."""
    links = request.get('ob_links')
    if links is None:
        return
    if request.get('work_mode') == 'RS_LIST' and len(links) != 1:
        request.fault(request.field('ob_links'), f'{len(links)} OB clusters', 'exactly one OB cluster when workMode is RS_LIST')
    for index, link in enumerate(links):
        def fault(key, expected, position=index, values=link):
            request.fault(request.field('ob_links', position, key), values[key], expected)
        if 'cluster_name' in link and not OB_CLUSTER_NAME.fullmatch(link['cluster_name']):
            fault('cluster_name', "1 to 128 letters, digits, '_', '.' and '-'")
        if 'ob_cluster_id' in link and not 0 < link['ob_cluster_id'] < 2 ** 63:
            fault('ob_cluster_id', 'a positive integer')
        if 'username' in link and link['username'] != 'proxyro':
            fault('username', 'proxyro, the only account with which OBProxy logs in to OB clusters')
    for key in ('cluster_name', 'ob_cluster_id'):
        _check_twice(request, links, 'ob_links', key)


def _check_twice(request, items, listed, key):
    seen = {}
    for index, item in enumerate(items):
        if key in item and seen.setdefault(item[key], index) != index:
            request.fault(request.field(listed, index, key), item[key],
                          f'each only once; it is also at {request.field(listed, seen[item[key]], key)}')


def _check_parameters(request):
    seen = {}
    for kind in ('startup_parameters', 'parameters'):
        for index, item in enumerate(request.get(kind) or ()):
            if 'name' not in item:
                continue
            field, name = request.field(kind, index, 'name'), item['name']
            expected = name_fault(name)
            first = seen.setdefault(name.lower(), field)
            if expected is None and first != field:
                expected = f'each parameter only once; it is also at {first}'
            if expected:
                request.fault(field, name, expected)
            elif 'value' in item:
                _check_value(request, kind, index, item['value'])


def name_fault(name):
    """Say what is expected of a parameter's name instead; None when it is fine."""
    if not PARAMETER_NAME.fullmatch(name):
        return "a parameter's name: letters, digits and '_'"
    if 'password' in name.lower():
        return ('no password in a request: set obproxy_sys_password, and proxyro_password in obproxy_ob_clusters, '
                'as variables (in a vault)')
    if name.lower() in RESERVED:
        return 'a parameter that is not set by the collection itself, from other fields and variables'
    return None


def _check_value(request, kind, index, value):
    field = request.field(kind, index, 'value')
    expected = value_fault(value)
    if expected and (kind == 'parameters' or CONTROL.search(value)):
        request.fault(field, value, expected)
    elif kind == 'startup_parameters' and ',' in value:
        request.fault(field, value, "a value without ',', at which OBProxy splits startup parameters; "
                                    f"put it in {request.field('parameters')}")


def value_fault(value):
    """Say what is expected of a parameter's value instead; None when SQL can set it."""
    if CONTROL.search(value):
        return 'a value without line breaks and control characters'
    if not can_be_told(value):
        return 'a value without a backslash, and not with both kinds of quotes, which OBProxy cannot be told'
    return None


def can_be_told(text):
    """Tell whether OBProxy's SQL can carry a text."""
    try:
        quote(str(text))
    except ProxysysError:
        return False
    return True


def check_port(request, *path):
    """Check one of a server's ports."""
    port = request.get(*path)
    if port is not None and port not in PORTS:
        request.fault(request.field(*path), port, 'a port from 1025 to 65535')


def _check_servers(request):
    sql, exporter, version = (install_path(request, key) for key in ('sql_port', 'exporter_port', 'version'))
    hosts = request.get(*install_path(request, 'host_ids'))
    if request.operation == 'batch_add' and hosts == []:
        request.fault(request.field('host_ids'), '[]', 'at least one host')
    if request.operation == 'create' and hosts:
        _require(request, (sql, exporter, version))
    check_port(request, *sql)
    check_port(request, *exporter)
    if request.get(*sql) is not None and request.get(*sql) == request.get(*exporter):
        request.fault(request.field(*exporter), request.get(*exporter), f'another port than {request.field(*sql)}')
    if request.get(*version) is not None:
        try:
            _rpm.parse(request.get(*version))
        except _rpm.NotAPackage as exc:
            request.fault(request.field(*version), request.get(*version), str(exc))


def _require(request, paths):
    for path in paths:
        expected = _rpm.FORM if path[-1] == 'version' else 'a port from 1025 to 65535'
        if request.get(*path) is None and not any(fault.field == request.field(*path) for fault in request.faults):
            request.fault(request.field(*path), None, expected, why='there are hosts to install')


def _check_take_over(request):
    hosts = request.get('hosts')
    if hosts == []:
        request.fault(request.field('hosts'), '[]', 'at least one host')
    for index in range(len(hosts or ())):
        check_port(request, 'hosts', index, 'sql_port')
