# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a survey of a host means for a takeover: the server as it was found, and the rules that it breaks."""

from __future__ import annotations

import re

OLDEST = (1, 8, 0)
STRICT_FOLDER = '/opt/taobao/'
HOME = re.compile(r'(/[A-Za-z0-9_.@+-]+)+')


def instance_of(server, survey):
    """Return the surveyed instance that listens on the server's SQL port, or None."""
    found = (survey or {}).get('instances') or []
    return next((one for one in found if server['sql_port'] in (one['sql_port'], *one['silent_ports'])), None)


def surveyed(server, survey):
    """Complete what the plan says of a server by what was found out about it."""
    instance = instance_of(server, survey)
    if instance is None:
        return server
    package = instance['package'] or {
        'name': 'obproxy', 'version': instance['version'] or '', 'release': '', 'arch': survey['architecture'], 'file': ''}
    return {
        **server, 'exporter_port': instance['exporter_port'], 'rpc_port': instance['rpc_port'], 'package': package,
        'version': package['file'], 'home': instance['home'], 'user': instance['user'], 'pid': instance['pid'],
        'cluster_parameters': server['parameters'], 'parameters': _all_parameters(server),
    }


def _all_parameters(server):
    """List all that the cluster says of a proxy that will not be started by us: what needs a restart, too."""
    if server['work_mode'] == 'RS_LIST':
        own = {'rootservice_list': server['rs_list'], 'rootservice_cluster_name': server['ob_cluster_name']}
    else:
        own = {'obproxy_config_server_url': server['config_url']}
    return [*server['startup_parameters'], *server['parameters'],
            *({'name': name, 'value': value} for name, value in own.items() if value)]


def broken(servers, surveys, strict, user):
    """Return, by host, the rules that are broken there; hosts without a survey are left out."""
    found = {host: _Rules(server, surveys[host], strict, user).check()
             for host, server in servers.items() if surveys.get(host)}
    for host, words in _generations(servers, surveys).items():
        found[host].append(words)
    return {host: words for host, words in found.items() if words}


def _numbers(version):
    return tuple(int(part) for part in re.findall(r'\d+', version or '')[:4])


def _generations(servers, surveys):
    """4.x serves OceanBase 4.x, earlier ones earlier ones: a cluster holds one of both kinds."""
    running = {}
    for host, server in servers.items():
        instance = instance_of(server, surveys.get(host))
        if instance and _numbers(instance['version']) >= OLDEST:
            running[host] = instance['version']
    known = {version for server in servers.values() for version in server.get('cluster_versions') or ()}
    has_new = {_numbers(version) >= (4,) for version in known or running.values()}
    if len(has_new) > 1 and not known:
        listed = ', '.join(f'{host} {version}' for host, version in sorted(running.items()))
        return {host: _words('generation', listed, 'only 4.x, or only versions before 4, in one cluster') for host in running}
    expected = 'version 4.x, as the cluster has' if has_new == {True} else 'a version before 4, as the cluster has'
    return {host: _words('generation', version, expected) for host, version in running.items()
            if known and (_numbers(version) >= (4,)) not in has_new}


def _words(rule, found, expected):
    return f'{rule}: found {found}; expected {expected}'


class _Rules:
    """The rules for one host."""

    def __init__(self, server, survey, strict, user):
        self.server = server
        self.survey = survey
        self.strict = strict
        self.user = user
        self.words = []

    def _broken(self, rule, found, expected):
        self.words.append(_words(rule, found, expected))

    def check(self):
        """Return what is broken, in words."""
        if self.survey.get('failed'):
            return [_words('survey', self.survey.get('msg', 'no answer'), 'a host that can be surveyed')]
        port = self.server['sql_port']
        instance = instance_of(self.server, self.survey)
        if instance is None:
            self._broken('process', self._running(), f'an obproxy that listens on port {port}')
        elif instance['sql_port'] != port:
            self._broken('process', f"process {instance['pid']}, which takes connections on port {port} but says nothing",
                         f'an obproxy that answers on port {port}')
        else:
            self._instance(instance)
        if self.strict:
            self._ocp(instance)
        return self.words

    def _running(self):
        found = [f"process {one['pid']} on port {one['sql_port'] or one['ports'] or 'none'}" for one in self.survey['instances']]
        return ', '.join(found) or 'no obproxy process'

    def _instance(self, instance):
        if instance['version'] is None:
            self._broken('version', 'none that can be told', 'version 1.8.0 or later')
        elif _numbers(instance['version']) < OLDEST:
            self._broken('version', instance['version'], 'version 1.8.0 or later')
        self._login(instance)
        self._place(instance)
        if instance['exporter_port'] is None:
            self._broken('exporter', f"no metrics on the ports {', '.join(map(str, instance['ports']))}",
                         'an exporter (a proxy whose exporter port was taken at its start has none until it is restarted)')
        self._records(instance)

    def _login(self, instance):
        if instance['login'] == 'ok':
            self._mode(instance)
        elif instance['login'] == 'refused':
            self._broken('password', 'that root@proxysys refuses every password that was tried',
                         'its password in obproxy_current_sys_password')
        else:
            self._broken('login', instance.get('login_error', instance['login']), 'a login as root@proxysys')

    def _mode(self, instance):
        wanted = self.server['work_mode']
        if instance['work_mode'] != wanted:
            self._broken('work mode', instance['work_mode'] or 'neither a config server nor root servers',
                         f'{wanted}, as the cluster has')
            return
        served = {cluster['cluster_name'] for cluster in instance['ob_clusters']}
        linked = {link['cluster_name'] for link in self.server['ob_links']}
        if wanted == 'CONFIG_URL' and not served <= linked:
            self._broken('OB links', _listed(served), f"no others than the cluster's, which are {_listed(linked)}")
        elif wanted == 'RS_LIST' and served != linked:
            self._broken('OB links', _listed(served), f"the cluster's, which are {_listed(linked)}")
        elif wanted == 'RS_LIST' and not self._shares_servers(instance):
            self._broken('root servers', instance['rs_list'], f"some of the cluster's, which are {self.server['rs_list']}")

    def _shares_servers(self, instance):
        return bool(set(instance['rs_list'].split(';')) & set(self.server['rs_list'].split(';')))

    def _place(self, instance):
        if instance['deleted']:
            self._broken('executable', f"{instance['exe']} (deleted)",
                         'an executable that is still there: nothing could start this one again')
        elif not instance['exe']:
            self._broken('executable', 'none that can be seen', 'an executable')
        home = instance['home']
        if not home or not HOME.fullmatch(home):
            self._broken('home', home, 'a directory of letters, digits and _ . @ + -, which is not the root directory')
        elif home != instance['cwd']:
            self._broken('home', f"{home}, while the process works in {instance['cwd']}", 'a process that works in its home')
        others = [one for one in self.survey['instances'] if one['home'] == home and one['pid'] != instance['pid']]
        if others:
            self._broken('home', f"process {others[0]['pid']} on port {others[0]['sql_port']} in the same home {home}",
                         'one obproxy in one home: two share one configuration')
        if instance['user'].isdigit():
            self._broken('owner', f"user id {instance['user']}, which has no name", 'a user that the host knows')

    def _records(self, instance):
        name = self.server['name']
        for record in self.survey['records']:
            if record['name'] == name and record['home'] != instance['home']:
                self._broken('record', f"{name} in {record['home']}", f"none of that name but in {instance['home']}")
            elif record['name'] != name and record['home'] == instance['home']:
                self._broken('record', f"{record['name']}, of the cluster {record.get('cluster_name')}",
                             'an instance that is in no other cluster')
            elif record['name'] != name and record.get('cluster_name') == self.server['cluster_name']:
                self._broken('record', f"{record['name']}, of this cluster", 'one server of a cluster on one host')

    def _ocp(self, instance):
        """Check what only OCP needs."""
        pids = [pid for one in self.survey['instances'] for pid in one['pids']]
        if len(pids) != 1:
            self._broken('one process', f"{len(pids)} ({', '.join(map(str, pids)) or 'none'})", 'exactly one obproxy process')
        packages = [package['file'] for package in self.survey['packages']]
        if len(packages) != 1:
            self._broken('one package', f"{len(packages)} ({', '.join(packages) or 'none'})", 'exactly one obproxy RPM')
        if instance is None:
            return
        if not instance['package']:
            self._broken('package', f"{instance['exe']}, which is of no RPM", "an executable in the RPM's directory")
        elif not instance['exe'].startswith(STRICT_FOLDER):
            self._broken('path', instance['exe'], f'an executable in {STRICT_FOLDER}')
        if instance['user'] != self.user:
            self._broken('owner', instance['user'], self.user)


def _listed(names):
    return ', '.join(sorted(names)) or 'none'
