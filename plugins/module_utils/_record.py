# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record that each instance keeps on its own host, and where its files lie."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    Changes, HostError, ensure_file, opened)

FORMAT = 1
STATES = ('creating', 'running')
# The link to the package's programs. CURRENT is where a taken-over home has a bin of its own, and goes before that.
BIN, CURRENT = 'bin', 'current'
# In a record: the packages that the instance had before, the last one first; and an upgrade that is under way.
PREVIOUS, UPGRADE = 'previous_packages', 'upgrade'
NAME = re.compile(r'^(?!.*\.\.)[A-Za-z][A-Za-z0-9_.-]{0,63}-[1-9][0-9]{0,4}\Z')
FIELDS = ('cluster_id', 'cluster_name', 'server_id', 'host_id', 'sql_port', 'exporter_port',
          'rpc_port', 'version', 'work_mode', 'config_url', 'ob_links', 'parameter_version',
          'startup_parameters', 'parameters', 'own_parameters', 'request', 'idc')
# Templates of ansible-core up to 2.18 turn numbers into text.
NUMBERS = ('cluster_id', 'server_id', 'host_id', 'sql_port', 'exporter_port', 'rpc_port', 'parameter_version')
LINK_FIELDS = ('cluster_name', 'ob_cluster_id', 'username')


class Layout(object):
    """Where things lie on a host; tests give another root."""

    def __init__(self, root=''):
        self.records = root + '/etc/obproxy'
        self.limits = root + '/etc/security/limits.d'
        self.units = root + '/etc/systemd/system'
        self.cron = root + '/etc/cron.d'
        self.skeleton = root + '/etc/skel'
        self.systemd = root + '/run/systemd/system'
        self.lock = root + '/run/obproxy.lock'
        self.agent_script = root + '/usr/local/libexec/obproxy_agent.py'
        self.proc = '/proc'

    def lock_of(self, name):
        """The lock of one instance, where only root may write."""
        return '%s-%s.lock' % (self.lock[:-len('.lock')], name)


def check_name(name):
    """Refuse what is no instance name before it becomes part of a path."""
    if not NAME.match(name or ''):
        raise HostError("%r is no instance name: a cluster name (a letter, then letters, digits, '_', '.', "
                        "'-') and the SQL port are expected, such as foo-2883." % (name,))


def new_record(given, name, user, home, supervisor):
    """The record of an instance: the known fields of what is given, never anything secret."""
    missing = [field for field in ('cluster_id', 'sql_port') if (given or {}).get(field) is None]
    if missing:
        raise HostError('The record of %s lacks %s: give it the server as the plan describes it.'
                        % (name, ' and '.join(missing)))
    record = dict((field, given[field]) for field in FIELDS if given.get(field) is not None)
    for field in NUMBERS:
        if field in record:
            record[field] = _number(field, record[field], name)
    record['ob_links'] = [dict((field, link[field]) for field in LINK_FIELDS if field in link)
                          for link in given.get('ob_links') or ()]
    record.update(format=FORMAT, name=name, user=user, home=home, supervisor=supervisor)
    return record


def _number(field, value, name):
    try:
        return int(value)
    except (TypeError, ValueError):
        raise HostError('The record of %s has %r as %s: a whole number is expected.' % (name, value, field))


def _parse(text, path):
    advice = 'move it away, or restore it, and run this again.'
    try:
        record = json.loads(text)
    except ValueError as exc:
        raise HostError('The record %s is no JSON (%s): %s' % (path, exc, advice))
    if not isinstance(record, dict):
        raise HostError('The record %s holds no object: %s' % (path, advice))
    if record.get('format') != FORMAT:
        raise HostError('The record %s has format %r, this collection knows %d: use the version of the '
                        'collection that wrote it, or a newer one.' % (path, record.get('format'), FORMAT))
    missing = [field for field in ('name', 'user', 'home', 'sql_port') if field not in record]
    if missing:
        raise HostError('The record %s has no %s: %s' % (path, ', '.join(missing), advice))
    return record


def _text(record):
    return json.dumps(record, indent=2, sort_keys=True, separators=(',', ': ')) + '\n'


def read_record(name, folder=Layout().records):
    """The record of an instance, None when there is none; HostError when it can't be understood."""
    check_name(name)
    with opened(folder) as records:
        text = records.read(name + '.json')
    return None if text is None else _parse(text, os.path.join(folder, name + '.json'))


def read_records(folder=Layout().records):
    """(records, problems): every record of the host, and what is wrong with the others."""
    found, problems = [], []
    try:
        with opened(folder) as records:
            for entry in records.entries():
                if entry.startswith('.') or not entry.endswith('.json'):
                    continue
                try:
                    found.append(_parse(records.read(entry), records.shown(entry)))
                except (HostError, IOError, OSError) as exc:
                    problems.append(str(exc) if isinstance(exc, HostError)
                                    else 'The record %s cannot be read: %s.' % (records.shown(entry), exc))
    except (HostError, OSError) as exc:
        problems.append('The records in %s cannot be read: %s.' % (folder, exc))
    return found, problems


def write_record(changes, record, folder=Layout().records):
    """Write a record, root's alone; True when it changed."""
    with opened(folder) as records:
        return ensure_file(changes, records, record['name'] + '.json', _text(record), 0o600,
                           owner=(os.geteuid(), os.getegid()))


def set_state(name, state, folder=Layout().records, check_mode=False):
    """Set the state in an instance's record; True when it was another."""
    if state not in STATES:
        raise ValueError('%r is no state of an instance' % state)
    record = read_record(name, folder)
    if record is None:
        raise HostError('%s has no record in %s: prepare the instance (obproxy_instance) first.'
                        % (name, folder))
    return write_record(Changes(check_mode), dict(record, state=state), folder)


def home_of(name, base, home=None):
    """The home of an instance: as given, else below base; an absolute, plain path."""
    check_name(name)
    path = home or os.path.join(base, name)
    if not re.match(r'^(/[A-Za-z0-9_.@+-]+)+\Z', path) or '/../' in path + '/' or '/./' in path + '/':
        raise HostError('%r cannot be the home of %s: an absolute path of letters, digits and _ . @ + - '
                        'without . and .. is expected.' % (path, name))
    return path


def program_of(home):
    """The program that an instance is started as."""
    current = os.path.join(home, CURRENT, 'obproxy')
    return current if os.path.exists(current) else os.path.join(home, BIN, 'obproxy')


def users_of(package_dir, records, without=None):
    """Names of the recorded instances (but for one) that use a package's bin directory."""
    used = os.path.realpath(os.path.join(package_dir, BIN, 'obproxy'))
    return sorted(record['name'] for record in records if record['name'] != without
                  and os.path.realpath(program_of(record['home'])) == used)


def needing(package, records):
    """The recorded instances that use a package, have kept it for their way back, or are on their way from it."""
    users = users_of(package.dir, records) if package.dir else []
    return [record for record in records if record['name'] in users
            or str(package.nevra) in record.get(PREVIOUS, []) + [record.get(UPGRADE, {}).get('from')]]
