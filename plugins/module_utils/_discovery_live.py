# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running OBProxy says of itself to root@proxysys, and the same in the form of a create request."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _credentials, _parameters, _proxyro
from ansible_collections.oceanbase.obproxy.plugins.module_utils._proxysys import ServerError

CONFIG_URL, RS_LIST = 'CONFIG_URL', 'RS_LIST'
# What create sets from other fields, and what must not be the same in two servers.
NOT_EXPORTED = (
    'app_name', 'listen_port', 'prometheus_listen_port', 'rpc_listen_port', 'obproxy_config_server_url',
    'rootservice_list', 'rootservice_cluster_name', 'proxy_local_cmd', 'proxy_id')
METADB = 'MetaDataBase'


def ask(client):
    """The live facts, by one login."""
    live = _parameters.read(client)

    def value(name):
        return live[name].value if name in live else u''

    mode = CONFIG_URL if value('obproxy_config_server_url') else RS_LIST if value('rootservice_list') else None
    return {
        'version': '.'.join(str(part) for part in _credentials.version(client)),
        'app_name': value('app_name'),
        'work_mode': mode,
        'config_url': value('obproxy_config_server_url') if mode == CONFIG_URL else '',
        'rs_list': value('rootservice_list') if mode == RS_LIST else '',
        'ob_clusters': [{'cluster_name': value('rootservice_cluster_name')}] if mode == RS_LIST else _clusters(client),
        'rpc_port': _number(value('rpc_listen_port')),
        'differing': differing(client, live),
    }


def _number(text):
    return int(text) if text.isdigit() and int(text) else None


def differing(client, live):
    """The parameters that differ from their defaults, but for passwords and what create sets by itself."""
    columns, rows = client.query('show proxyconfig diff')
    at = [column.lower() for column in columns].index('name')
    names = [row[at] for row in rows]
    return [{'name': name, 'value': live[name].value, 'need_restart': live[name].need_reboot} for name in sorted(names)
            if name in live and name not in NOT_EXPORTED and 'password' not in name.lower()
            and live[name].visible_level != u'MEMORY']


def _clusters(client):
    """The OB clusters that a proxy with a config server is known to serve: those it has met or has a password for."""
    found = {}
    for row in _rows(client, 'show proxycluster') + _rows(client, _proxyro.ROWS % _proxyro.RO):
        name = row.get('cluster_name')
        if name and name != METADB:
            cluster = found.setdefault(name, {'cluster_name': name})
            if _number(row.get('cluster_id') or u''):
                cluster['ob_cluster_id'] = _number(row['cluster_id'])
    return [found[name] for name in sorted(found)]


def _rows(client, statement):
    """Rows by column; none where this version has no such statement."""
    try:
        columns, rows = client.query(statement)
    except ServerError:
        return []
    return [dict(zip([column.lower() for column in columns], row)) for row in rows]


def request(instance, record):
    """An instance in the form of create's body; what is not known is left out."""
    body = {
        'workMode': instance['work_mode'],
        'obLinks': links(instance['ob_clusters'], record),
        'obproxyInstallParam': _present(
            hostIds=[], sqlPort=instance['sql_port'], exportPort=instance['exporter_port'],
            version=(instance['package'] or {}).get('file')),
    }
    body.update(_parameters_of(instance['differing'], record or {}))
    if (record or {}).get('cluster_name') or instance['app_name']:
        body['name'] = (record or {}).get('cluster_name') or instance['app_name']
    return body


def _parameters_of(differing, record):
    """The cluster's parameters: not what this server alone has, but also what the cluster says and is the default."""
    own = set(item['name'] for item in record.get('own_parameters') or ())
    found = {'startupParameters': [], 'parameters': []}
    for one in differing:
        # OBProxy splits startup parameters at commas, and drops what is empty.
        at_start = one['need_restart'] and one['value'].strip() == one['value'] != '' and ',' not in one['value']
        if one['name'] not in own:
            found['startupParameters' if at_start else 'parameters'].append({'name': one['name'], 'value': one['value']})
    told = set(item['name'] for items in found.values() for item in items)
    for kind, recorded in (('startupParameters', 'startup_parameters'), ('parameters', 'parameters')):
        found[kind].extend(item for item in record.get(recorded) or () if item['name'] not in told)
    return found


def _present(**values):
    return dict((key, value) for key, value in values.items() if value is not None)


def links(clusters, record):
    """The OB links as the record has them: a proxy does not tell all, and remembers those that were taken away."""
    return [_present(clusterName=one['cluster_name'], obClusterId=one.get('ob_cluster_id'), username='proxyro')
            for one in (record or {}).get('ob_links') or clusters]


def variables(instance):
    """What create takes from variables instead of from its body."""
    if instance['work_mode'] == CONFIG_URL:
        return {'obproxy_config_server_url': instance['config_url']}
    if instance['work_mode'] == RS_LIST:
        servers = [server for server in instance['rs_list'].split(';') if server]
        return {'obproxy_ob_clusters': dict((one['cluster_name'], {'root_servers': servers})
                                            for one in instance['ob_clusters'])}
    return {}
