"""The steps of a start, in order. A step that fails ends the process, without a word to the caller."""
import fcntl
import os
import socket
import struct
import time
import traceback

from . import persistence, restart
from .config import Config, ConfigError
from .faults import Faults
from .listeners import Listeners
from .logs import Logs
from .loop import Loop
from .proxy import Proxy

SIOCGIFCONF = 0x8912
IFREQ = 40
FOLDERS = ('etc', 'log', '.conf', 'control-config', 'sharding-config')


class Failed(Exception):
    pass


def addresses():
    """The host's IPv4 addresses, asked of the kernel."""
    import array
    space = array.array('B', b'\0' * IFREQ * 256)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        location, length = space.buffer_info()[0], len(space)
        answer = fcntl.ioctl(sock.fileno(), SIOCGIFCONF, struct.pack('iL', length, location))
    used = struct.unpack('iL', answer)[0]
    raw = space.tobytes()
    return [socket.inet_ntoa(raw[at + 20:at + 24]) for at in range(0, used, IFREQ)]


def check_host(config):
    if config.boolean('enable_strict_kernel_release') and '.el' not in os.uname().release:
        raise Failed('kernel %s is not supported: enable_strict_kernel_release is true'
                     % os.uname().release)
    if all(address.startswith('127.') for address in addresses()):
        raise Failed('no address but loopback on this host')


def open_ports(config, listeners, faults, logs):
    wanted = [('SQL', 'listen_port')]
    if config.boolean('enable_obproxy_rpc_service'):
        wanted.append(('RPC', 'rpc_listen_port'))
    for kind, name in wanted:
        try:
            listeners.open(kind, config.running['local_bound_ip'], config.whole(name))
        except OSError as error:
            raise Failed('fail to listen on %s %s: %s' % (name, config.running[name], error))
    if 'no_metrics' in faults.now():
        return
    try:
        listeners.open('EXPORTER', '0.0.0.0', config.whole('prometheus_listen_port'))
    except OSError as error:
        logs.write('WARN', 'no metrics: prometheus_listen_port %s: %s' % (
            config.running['prometheus_listen_port'], error))


def configure(config, options, logs):
    try:
        ignored = config.load(os.environ, options.settings)
    except ConfigError as error:
        raise Failed('config: %s' % error)
    except persistence.Corrupt as error:
        raise Failed('persisted config is corrupt: %s' % error)
    for name in ignored:
        logs.write('WARN', 'unknown config item ignored: %s' % name)


def make_home():
    home = os.environ.get('OBPROXY_ROOT', '')
    if not os.path.isabs(home):
        home = os.getcwd()
    for folder in FOLDERS:
        path = os.path.join(home, folder)
        if not os.path.isdir(path):
            os.makedirs(path)
    return home


def start(program, options, release):
    home = make_home()
    logs = Logs(home)
    faults = Faults(home, os.environ)
    loop = Loop()
    listeners = Listeners(loop, os.environ)
    hot = listeners.inherited('SQL')
    cause = 'hot restart' if hot else 'start'
    logs.write('INFO', '%s starts in %s' % (release.text(), home))
    if 'die_at_start' in faults.now():
        os._exit(1)
    while 'hang_at_start' in faults.now():
        time.sleep(0.2)
    config = Config(release, persistence.Persistence(home, release))
    try:
        configure(config, options, logs)
        check_host(config)
        open_ports(config, listeners, faults, logs)
        config.save()
    except (Failed, OSError) as error:
        logs.write('ERROR', 'start failed: %s' % error)
        logs.verdict(cause, False)
        os._exit(1)
    proxy = Proxy(home, release, config, logs, faults, loop, listeners, program)
    proxy.serve()
    logs.verdict(cause, True)
    if hot:
        restart.tell_parent()
    try:
        loop.run()
    except Exception:
        logs.write('ERROR', 'the stand-in has a fault of its own:\n%s' % traceback.format_exc())
        os._exit(1)
