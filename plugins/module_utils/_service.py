# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's processes and what keeps them running: obproxyd.sh, systemd, cron."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import re
import signal

from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import (
    Changes, HostError, ensure_file, opened, remove_file)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import unit_name
from ansible_collections.oceanbase.obproxy.plugins.module_utils._process import (
    WATCHDOG, instance_pids, listeners, process, processes, watchdog_pids)
from ansible_collections.oceanbase.obproxy.plugins.module_utils._record import Layout, program_of

# What obproxyd.sh says of each signal that it sends.
STEP = re.compile(r'^(SIG\w+) to ([\d ]+): (gone|still there) after ([\d.]+) s$', re.M)


def listener_words(port, entry):
    """Who holds a port, as a person would want to read it."""
    words = []
    for pid in entry['pids']:
        one = process(pid)
        if one is not None:
            words.append('%s (pid %d, %s, user %s)' % (one.comm, pid, one.exe or 'unknown file', one.user))
    return 'port %d is held by %s' % (port, ', '.join(words) or 'a process of user id %d' % entry['uid'])


class Instance(object):
    """One instance on its host, and files of its run directory."""

    def __init__(self, params):
        self.name = params['name']
        self.home = params['home']
        self.user = params['user']
        self.sql_port = params['sql_port']
        self.exporter_port = params.get('exporter_port')
        self.rpc_port = params.get('rpc_port')

    def pids(self):
        return instance_pids(self.home) if os.path.isdir(self.home) else []

    def owns(self, port):
        """Whether one of the instance's processes listens on a port."""
        return bool(set(listeners([port]).get(port, {'pids': ()})['pids']) & set(self.pids()))

    def has_rpc(self):
        """Whether the installed version has the RPC port, which came with 4.3."""
        package = os.path.basename(os.path.dirname(os.path.dirname(os.path.realpath(program_of(self.home)))))
        found = re.match(r'obproxy-(\d+)\.(\d+)', package)
        return found is None or (int(found.group(1)), int(found.group(2))) >= (4, 3)

    def foreign_listeners(self, with_exporter=True):
        """Words on everybody else who listens on the instance's ports."""
        ports = (self.sql_port, with_exporter and self.exporter_port, self.has_rpc() and self.rpc_port)
        mine = set(self.pids())
        return [listener_words(port, entry) for port, entry in sorted(listeners([port for port in ports if port]).items())
                if not mine & set(entry['pids'])]

    def owner(self):
        try:
            entry = pwd.getpwnam(self.user)
        except KeyError:
            raise HostError('There is no user %s on this host: prepare the instance (obproxy_instance) first.'
                            % self.user)
        return entry.pw_uid, entry.pw_gid

    def run_file(self, name):
        """The text of a file in run, None when it is missing."""
        with opened(self.home) as home:
            with opened('run', home) as folder:
                return folder.read(name)

    def write_run_file(self, name, text):
        with opened(self.home) as home:
            with opened('run', home) as folder:
                if folder.fd is None:
                    raise HostError('%s/run is missing: prepare the instance (obproxy_instance) first.' % self.home)
                ensure_file(Changes(), folder, name, text, 0o600, self.owner())

    def remove_run_file(self, name):
        with opened(self.home) as home:
            with opened('run', home) as folder:
                remove_file(Changes(), folder, name)

    def failed_launches(self):
        text = (self.run_file('launches_failed') or '').strip()
        return int(text) if text.isdigit() else 0


class Obproxyd(object):
    """The instance's own obproxyd.sh, kept by its systemd unit where systemd runs the host."""

    def __init__(self, instance, run_command, layout=None):
        self.instance = instance
        self.run_command = run_command
        self.script = os.path.join(instance.home, WATCHDOG)
        layout = layout or Layout()
        self.unit = unit_name(instance.name)
        self.by_unit = (os.path.isdir(layout.systemd)
                        and os.path.isfile(os.path.join(layout.units, self.unit)))

    def as_user(self, argv, **environment):
        """Run a command as the instance's user: root never carries out a file of that user's."""
        if os.geteuid() == 0 and self.instance.owner()[0] != 0:
            argv = ['runuser', '-u', self.instance.user, '--'] + argv
        return self.run_command(argv, cwd='/', environ_update=environment)

    def _systemctl(self, *arguments):
        rc, out, err = self.run_command(['systemctl'] + list(arguments))
        if rc != 0:
            raise HostError('systemctl %s failed with exit code %d: %s'
                            % (' '.join(arguments), rc, (err or out).strip()))
        return out

    def _unit_state(self):
        """(active, enabled) of the unit."""
        lines = self._systemctl('show', '-p', 'ActiveState', '-p', 'UnitFileState', self.unit).split()
        return 'ActiveState=active' in lines, 'UnitFileState=enabled' in lines

    def check(self):
        """Refuse what can't be started, before anything is touched."""
        if not os.path.isfile(self.script):
            raise HostError('%s is missing: prepare the instance (obproxy_instance) first.' % self.script)
        binary = program_of(self.instance.home)
        if not os.path.isfile(binary):
            raise HostError('%s is missing: install the package (obproxy_package) first.' % binary)

    def active(self):
        """Whether the instance is watched, and will be after a reboot."""
        watched = bool(watchdog_pids(self.instance.home)) and self.instance.run_file('stopped') is None
        return watched and (not self.by_unit or self._unit_state() == (True, True))

    def idle(self):
        """Whether nothing watches the instance, now or after a reboot."""
        if self.by_unit and self._unit_state() != (False, False):
            return False
        stopped = not os.path.isfile(self.script) or self.instance.run_file('stopped') is not None
        return stopped and not watchdog_pids(self.instance.home)

    def start(self, timeout):
        """Start watchdog and proxy; the words of obproxyd.sh when that failed, else None."""
        unit = []
        if self.by_unit:
            self._systemctl('enable', self.unit)
            self._systemctl('start', self.unit)
            unit = ['--unit']
        rc, out, err = self.as_user([self.script, '-c', 'start'] + unit, OBPROXYD_START_LIMIT=str(int(timeout)))
        return None if rc == 0 else (err or out).strip()

    def hand_over(self, cluster_name):
        """Where another watchdog is wanted it takes over here."""

    def stop(self, grace=0):
        """Stop both for good, over a reboot too; sessions have grace seconds to finish. The steps that it took."""
        steps = []
        if os.path.isfile(self.script):
            argv = [self.script, '-c', 'stop'] + (['-g'] if grace else [])
            rc, out, err = self.as_user(argv, OBPROXYD_GRACE_LIMIT=str(int(grace)))
            if rc != 0:
                raise HostError('%s -c stop failed with exit code %d: %s' % (self.script, rc, (err or out).strip()))
            steps = [dict(signal=name, pids=[int(pid) for pid in pids.split()], seconds=float(seconds), gone=end == 'gone')
                     for name, pids, end, seconds in STEP.findall(out)]
        elif self.instance.pids():
            raise HostError('%s is missing, so %s cannot be stopped: prepare the instance (obproxy_instance) first.'
                            % (self.script, self.instance.name))
        if self.by_unit:
            self._systemctl('stop', self.unit)
            self._systemctl('disable', self.unit)
        return steps


class PackageScript(Obproxyd):
    """The package's own obproxyd.sh. It can't do a first start safely, so ours does it and hands over."""

    def __init__(self, *arguments, **options):
        super(PackageScript, self).__init__(*arguments, **options)
        self.package_script = os.path.join(self.instance.home, 'bin', WATCHDOG)
        self.by_unit = False

    def _watchdogs(self):
        script = os.path.realpath(self.package_script)
        return [one.pid for one in processes((WATCHDOG,))
                if one.script and os.path.realpath(os.path.join(one.cwd or '/', one.script)) == script]

    def check(self):
        super(PackageScript, self).check()
        rc, out, err = self.run_command(['bash', '-n', self.package_script])
        if rc != 0:
            raise HostError('The obproxyd.sh of the package cannot be used, bash refuses it: %s. '
                            'Use the supervisor obproxyd instead.' % (err or out).strip())

    def active(self):
        return bool(self._watchdogs())

    def idle(self):
        return super(PackageScript, self).idle() and not self._watchdogs()

    def hand_over(self, cluster_name):
        """End our watchdog, not the proxy, and let the package's take its place."""
        # Ours stays away, yet nobody has stopped the proxy: for the monitoring only an empty file says that.
        self.instance.write_run_file('stopped', 'handed over\n')
        for pid in watchdog_pids(self.instance.home):
            os.kill(pid, signal.SIGTERM)
        command = 'cd "$1" && OBPROXY_ROOT="$1" exec "$2" -c start -n "$3" -p "$4"'
        rc, out, err = self.as_user(['bash', '-c', command, WATCHDOG, self.instance.home, self.package_script,
                                     cluster_name, str(self.instance.sql_port)])
        if rc != 0:
            raise HostError('%s -c start failed with exit code %d: %s'
                            % (self.package_script, rc, (err or out).strip()))

    def stop(self, grace=0):
        for pid in self._watchdogs():
            os.kill(pid, signal.SIGTERM)
        return super(PackageScript, self).stop(grace)


SUPERVISORS = {'obproxyd': Obproxyd, 'package': PackageScript}
