# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who keeps an OBProxy running: a loop in a shell, a systemd unit, or nobody; and how to end exactly that."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import signal
import time

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _process
from ansible_collections.oceanbase.obproxy.plugins.module_utils._files import HostError
from ansible_collections.oceanbase.obproxy.plugins.module_utils._instance import unit_name

COLLECTION, COMMUNITY, ENTERPRISE, OBD, SYSTEMD, NONE = (
    'collection', 'community', 'enterprise', 'obd', 'systemd', 'none')
ENTERPRISE_FOLDER = '/opt/taobao/'
DROP_IN = '90-obproxy-take-over.conf'
# Stopping the unit must not stop the proxy.
LET_GO = '[Service]\nKillMode=none\nSendSIGKILL=no\nRestart=no\nExecStop=\nExecStopPost=\n'
GONE_WITHIN = 10


def watchdogs(proc=_process.PROC):
    """The shells of this host that carry out a file named obproxyd.sh."""
    return _process.processes((_process.WATCHDOG,), proc)


def watches(watchdog, instance, proc=_process.PROC):
    """Whether a watchdog is this instance's: by the port that it was given, else by where it works or its child."""
    arguments = _process.script_arguments(watchdog.pid, proc)
    port = _port(arguments)
    if port is not None:
        return port == instance['sql_port']
    if watchdog.pid in instance['parents']:
        return True
    folders = [os.path.realpath(folder) for folder in (watchdog.cwd, os.path.dirname(_script(watchdog))) if folder]
    home = os.path.realpath(instance['home'])
    return home in folders or os.path.join(home, 'bin') in folders


def _script(watchdog):
    return os.path.join(watchdog.cwd or '/', watchdog.script or '')


def _port(arguments):
    for before, argument in zip([''] + arguments, arguments):
        found = re.match(r'-p(\d+)\Z', argument)
        if found or (before == '-p' and argument.isdigit()):
            return int(found.group(1) if found else argument)
    return int(arguments[2]) if is_obd(arguments) else None


def is_obd(arguments):
    """OBD's script takes the home, the address and the port."""
    return len(arguments) >= 3 and arguments[0].startswith('/') and arguments[2].isdigit()


def describe(instance, found, record, run, proc=_process.PROC):
    """{kind, pids, script, unit} of an instance's supervisor; found are the host's watchdogs."""
    mine = [one for one in found if watches(one, instance, proc)]
    unit = _unit(instance['pids'] + [one.pid for one in mine], run, proc)
    script = _script(mine[0]) if mine else None
    return {'kind': _kind(instance, mine, script, unit, record, proc), 'pids': [one.pid for one in mine],
            'script': script, 'unit': unit}


def _kind(instance, mine, script, unit, record, proc):
    ours = record and script and os.path.realpath(script) == os.path.realpath(
        os.path.join(record['home'], _process.WATCHDOG))
    if ours or (record and unit == unit_name(record['name'])):
        return COLLECTION
    if unit:
        return SYSTEMD
    if not mine:
        return NONE
    if is_obd(_process.script_arguments(mine[0].pid, proc)):
        return OBD
    return ENTERPRISE if ENTERPRISE_FOLDER in os.path.realpath(script) + (instance['exe'] or '') else COMMUNITY


def _unit(pids, run, proc):
    """The systemd unit that keeps one of these processes, not one that it merely was started from, such as crond's."""
    if not os.path.isdir('/run/systemd/system'):
        return None
    for name in sorted(set(_cgroup_unit(pid, proc) for pid in pids) - set([None])):
        rc, out, _err = run(['systemctl', 'show', '-p', 'MainPID', '-p', 'ExecStart', '-p', 'LoadState', name])
        shown = dict(line.partition('=')[::2] for line in out.splitlines())
        keeps = shown.get('MainPID') in [str(pid) for pid in pids] or 'obproxy' in shown.get('ExecStart', '')
        if rc == 0 and shown.get('LoadState') == 'loaded' and keeps and _active(name, run):
            return name
    return None


def _active(name, run):
    return run(['systemctl', 'is-active', '--quiet', name])[0] == 0


def _cgroup_unit(pid, proc):
    try:
        with open('%s/%d/cgroup' % (proc, pid)) as source:
            lines = source.read().splitlines()
    except (IOError, OSError):
        return None
    for line in lines:
        _number, controllers, path = (line.split(':', 2) + ['', ''])[:3]
        names = [part for part in path.split('/') if part.endswith('.service')]
        if controllers in ('', 'name=systemd') and names:
            return names[-1]
    return None


def release(supervisor, run, runtime='/run/systemd/system'):
    """End what keeps an instance running, without a touch on the instance itself."""
    if supervisor['unit']:
        _release_unit(supervisor['unit'], run, runtime)
    for pid in supervisor['pids']:
        _end(pid)


def _release_unit(unit, run, runtime):
    folder = os.path.join(runtime, unit + '.d')
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o755)
    path = os.path.join(folder, DROP_IN)
    with open(path, 'w') as target:
        target.write(LET_GO)
    try:
        for arguments in (['daemon-reload'], ['stop', unit], ['disable', unit]):
            rc, out, err = run(['systemctl'] + arguments)
            if rc != 0:
                raise HostError('systemctl %s failed with exit code %d: %s'
                                % (' '.join(arguments), rc, (err or out).strip()))
    finally:
        os.unlink(path)
        try:
            os.rmdir(folder)
        except OSError:
            pass  # it holds somebody else's settings, too
        run(['systemctl', 'daemon-reload'])


def loop_of(supervisor, proc=_process.PROC):
    """How a package's watchdog was started; None for others: OBD's kills the proxy that it finds."""
    if supervisor['kind'] not in (COMMUNITY, ENTERPRISE) or not supervisor['pids']:
        return None
    one = _process.process(supervisor['pids'][0], proc)
    argv = _process.harmless_command(supervisor['pids'][0], proc)
    return {'argv': argv, 'cwd': one.cwd, 'user': one.user} if one and argv else None


def start_again(before, run):
    """Let what kept an instance running do so again, as far as the proxy is safe from it; words on who does now."""
    if before.get('unit'):
        run(['systemctl', 'enable', before['unit']])
        return ('The unit %s is enabled again, and keeps the proxy running from the next boot on. Nobody does until then, '
                'as the unit would start a second one.' % before['unit'])
    loop = before.get('loop')
    if loop:
        # The loop has to outlive this call, and may not hold its output open.
        command = 'cd "$1" && shift && exec setsid -f "$@" </dev/null >/dev/null 2>&1'
        rc, _out, err = run(['runuser', '-u', loop['user'], '--', 'bash', '-c', command, 'bash', loop['cwd']] + loop['argv'])
        if rc == 0:
            return 'Its own watchdog, %s, keeps the proxy running again.' % before['script']
        return 'Nobody keeps the proxy running: its watchdog %s could not be started again (%s).' % (before['script'], err.strip())
    if before['kind'] == NONE:
        return 'Nobody keeps the proxy running, as before the takeover.'
    return ('Nobody keeps the proxy running: its watchdog %s cannot be started again safely. Start it by hand.' % before['script'])


def _end(pid):
    """Kill one watchdog. Not by SIGTERM: what its script does then, nobody knows; it might stop the proxy."""
    before = _process.process(pid)
    if before is None:
        return
    os.kill(pid, signal.SIGKILL)
    deadline = time.time() + GONE_WITHIN
    while time.time() < deadline:
        now = _process.process(pid)
        if now is None or now.start_time != before.start_time:
            return
        time.sleep(0.05)
    raise HostError('The watchdog (process %d, %s) does not end.' % (pid, before.script))
