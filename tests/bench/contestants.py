"""Those who are compared: the same servers added by the collection, by a plain playbook, and by one script per host."""
from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import tarfile
from pathlib import Path

import build
import envs
import jinja2
import large as large_rpm
from fleet import FILES, HERE, Fleet
from measure import Failed, measure
from settings import write

RPM = 'obproxy-ce-4.3.1.0-4.el8.x86_64.rpm'
PACKAGE = '/home/admin/obproxy-4.3.1.0'
CLUSTER, SQL, EXPORTER, RPC = 'bench', 2883, 2884, 2885
NAME = f'{CLUSTER}-{SQL}'
HOME, UNIT = f'/opt/obproxy/{NAME}', f'obproxy-{NAME}.service'
PASSWORD, PROXYRO = 'sys-bench-7f31d0c2', 'ro-bench-b04e99a1'
OB_CLUSTER, ROOT_SERVERS = 'hooray', '127.0.0.1:2881'
PARAMETERS = {'syslog_level': 'INFO', 'client_max_connections': '16384'}
SERVER = {'name': NAME, 'cluster_name': CLUSTER, 'sql_port': SQL, 'exporter_port': EXPORTER, 'rpc_port': RPC,
          'home': HOME, 'user': 'admin', 'package': {'version': '4.3.1.0'}}
TEMPLATES = build.REPOSITORY / 'roles' / 'prepare_create' / 'templates'
CONFIG = """[defaults]
forks = {forks}
gathering = explicit
retry_files_enabled = false
localhost_warning = false
nocows = true
display_skipped_hosts = false
internal_poll_interval = 0.01
timeout = 60
callback_plugins = {callbacks}
{enabled}
[ssh_connection]
pipelining = true
"""
MODULE = re.compile(r'ssh .*\bpython[\d.]*\b', re.DOTALL)
ADDRESS = re.compile(r'(?<![\d.])(?:\d+\.){3}\d+(?![\d.])')


class Bench:
    """One round: N hosts, over a line with or without delay, and where its files are."""

    def __init__(self, fleet: Fleet, folder: Path, core: str, packages: Path, forks: int = 0):
        self.fleet, self.core, self.packages, self.rpm = fleet, core, packages, RPM
        self.forks = forks or fleet.count
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.home = folder / 'ansible'

    def environment(self, enabled: str) -> dict[str, str]:
        config = self.folder / 'ansible.cfg'
        config.write_text(CONFIG.format(forks=self.forks, callbacks=HERE / 'callbacks', enabled=f'callbacks_enabled = {enabled}' if enabled else ''))
        self.calls, self.clock = self.folder / 'calls', self.folder / 'clock'
        self.calls.write_bytes(b'')
        self.clock.unlink(missing_ok=True)
        tools = self.fleet.tools
        return {
            **os.environ, 'PATH': f'{envs.VENVS / self.core / "bin"}{os.pathsep}{os.environ["PATH"]}', 'ANSIBLE_CONFIG': str(config),
            'ANSIBLE_HOME': str(self.home), 'ANSIBLE_COLLECTIONS_PATH': str(build.COLLECTIONS), 'BENCH_CALLS': str(self.calls),
            'BENCH_CLOCK': str(self.clock), 'ANSIBLE_SSH_EXECUTABLE': str(tools / 'ssh'), 'ANSIBLE_SFTP_EXECUTABLE': str(tools / 'sftp'),
            'ANSIBLE_SCP_EXECUTABLE': str(tools / 'scp'), 'ANSIBLE_SSH_CONTROL_PATH_DIR': str(self._control()), 'LC_ALL': 'C.UTF-8',
            'ANSIBLE_NOCOLOR': '1', 'PYTHONPATH': ''}

    def _control(self) -> Path:
        """A folder for sockets, whose names may not be long; everybody begins without connections."""
        folder = Path('/tmp') / f'obproxy-bench-{os.getpid()}-cp'
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def play(self, playbook: str, variables: dict, log: str, enabled: str = 'oceanbase.obproxy.dag', measured: bool = True) -> dict:
        given = self.folder / f'{log}.json'
        write(given, json.dumps(variables))
        tool = envs.VENVS / self.core / 'bin' / 'ansible-playbook'
        command = [str(tool), playbook, '-i', str(self.fleet.inventory), '-e', f'@{given}']
        environment = self.environment(enabled)
        if not measured:
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False, cwd=self.folder)
            if done.returncode:
                raise Failed(done.stdout[-3000:])
            return {}
        return self.counted(measure(command, self.fleet.counters, self.fleet.count, self.folder / f'{log}.log', environment))

    def counted(self, result: dict) -> dict:
        """Add what the counting ssh, sftp and scp have written down; a call names its host."""
        each = {address: [0, 0] for address, port in self.fleet.where.values()}
        for call in self.calls.read_text().split('\0'):
            named = [address for address in ADDRESS.findall(call) if address in each]
            if named:
                each[named[0]][0] += 1
                each[named[0]][1] += bool(MODULE.match(call))
        ssh_calls, modules = zip(*each.values())
        result.update(ssh_calls=statistics.median(ssh_calls), module_calls=statistics.median(modules), most_module_calls=max(modules))
        if self.clock.exists():
            result['callback'] = json.loads(self.clock.read_text())['seconds']
        return result

    def ours_variables(self) -> dict:
        return {
            'obproxy_package_dir': str(self.packages), 'obproxy_sys_password': PASSWORD, 'obproxy_monitoring_hosts': ['host1'],
            'obproxy_ob_clusters': {OB_CLUSTER: {'root_servers': [ROOT_SERVERS], 'proxyro_password': PROXYRO}}}


def prepare_ours(bench: Bench) -> None:
    """Make the cluster that the servers are to be added to, in a new registry."""
    shutil.rmtree(bench.home, ignore_errors=True)
    bench.play('oceanbase.obproxy.create', {**bench.ours_variables(), 'obproxy_request': {
        'name': CLUSTER, 'workMode': 'RS_LIST', 'obLinks': [{'clusterName': OB_CLUSTER, 'obClusterId': 7, 'username': 'proxyro'}],
        'parameters': [{'name': name, 'value': value} for name, value in PARAMETERS.items()]}}, 'create', measured=False)


def ours(bench: Bench, log: str = 'ours', enabled: str = 'clock,oceanbase.obproxy.dag', **variables) -> dict:
    request = {'hostIds': list(range(1, bench.fleet.count + 1)), 'sqlPort': SQL, 'exporterPort': EXPORTER, 'version': bench.rpm}
    return bench.play('oceanbase.obproxy.batch_add', {
        **bench.ours_variables(), 'obproxy_cluster_id': CLUSTER, 'obproxy_request': request, **variables}, log, enabled)


def again(bench: Bench) -> dict:
    """Run the same request once more: nothing is to be done."""
    return ours(bench, 'again')


def silent(bench: Bench) -> dict:
    """Run ours without the callback."""
    return ours(bench, 'silent', enabled='', obproxy_lease_seconds=3600)


def large(bench: Bench, log: str = 'large', **variables) -> dict:
    """Run ours with an RPM as large as the real one."""
    bench.packages = large_rpm.rpm(build.BUILD / 'bench' / 'packages', bench.rpm)
    return ours(bench, log, **variables)


def large_url(bench: Bench) -> dict:
    """Let the hosts fetch it themselves."""
    folder = large_rpm.rpm(build.BUILD / 'bench' / 'packages', bench.rpm)
    large_rpm.serve(bench.fleet, folder)
    checksum = f'sha256:{hashlib.sha256((folder / bench.rpm).read_bytes()).hexdigest()}'
    return large(bench, 'large_url', obproxy_package_source='url', obproxy_package_url=f'http://127.0.0.1:{large_rpm.PORT}/',
                 obproxy_package_checksum=checksum)


def large_repo(bench: Bench) -> dict:
    """Let dnf fetch it."""
    large_rpm.serve(bench.fleet, large_rpm.rpm(build.BUILD / 'bench' / 'packages', bench.rpm))
    return large(bench, 'large_repo', obproxy_package_source='repo')


def first_start() -> str:
    options = f'enable_metadb_used=false,enable_strict_kernel_release=false,obproxy_sys_password={hashlib.sha1(PASSWORD.encode()).hexdigest()}'
    return '\n'.join(['-r', ROOT_SERVERS, '-c', OB_CLUSTER, '-o', options]) + '\n'


def statements() -> str:
    lines = [f"alter proxyconfig set {name} = '{value}'" for name, value in PARAMETERS.items()]
    return '\n'.join([PASSWORD, *lines, f"alter proxyconfig set observer_sys_password = '{PROXYRO}'"]) + '\n'


def limits() -> str:
    return ''.join(f'admin {which} nofile 20000\n' for which in ('soft', 'hard'))


def targets(bench: Bench) -> str:
    return json.dumps([{'targets': [f'{address}:{EXPORTER}' for address in bench.fleet.addresses], 'labels': {'cluster': CLUSTER}}]) + '\n'


def check() -> str:
    return f'{PASSWORD}\nshow proxyinfo binary\n'


def plain(bench: Bench) -> dict:
    return bench.play(str(HERE / 'plain.yml'), {
        'bench_packages': str(bench.packages), 'bench_rpm': bench.rpm, 'bench_package': PACKAGE, 'bench_home': HOME, 'bench_unit': UNIT,
        'bench_templates': str(TEMPLATES), 'bench_first_start': first_start(), 'bench_limits': limits(), 'bench_statements': statements(),
        'bench_check': check(), 'bench_targets': targets(bench), 'obproxy_base': '/opt/obproxy', 'obproxy_server': SERVER}, 'plain', enabled='')


def empty(bench: Bench) -> dict:
    """Make as many module calls as ours does, which do nothing: what Ansible itself costs."""
    return bench.play(str(HERE / 'empty.yml'), {}, 'empty', enabled='')


def floor(bench: Bench) -> dict:
    environment = bench.environment('')
    bundles = [bundle(bench, f'bundle{index}', targets(bench) if index == 0 else '') for index in range(2)]
    control = Path(environment['ANSIBLE_SSH_CONTROL_PATH_DIR'])
    wanted = [(bench.fleet.words(name, control), str(bundles[min(index, 1)])) for index, name in enumerate(bench.fleet.names)]
    listed = bench.folder / 'floor.json'
    write(listed, json.dumps(wanted))
    command = [str(envs.VENVS / bench.core / 'bin' / 'python'), str(HERE / 'floor.py'), str(listed), str(bench.fleet.tools / 'ssh')]
    return bench.counted(measure(command, bench.fleet.counters, bench.fleet.count, bench.folder / 'floor.log', environment))


def bundle(bench: Bench, name: str, monitored: str) -> Path:
    """Pack what the floor sends to a host."""
    folder = bench.folder / name
    folder.mkdir(exist_ok=True)
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True)
    templates.filters['quote'] = shlex.quote
    said = {'rpm': bench.rpm, 'package': PACKAGE, 'home': HOME, 'name': NAME, 'cluster': CLUSTER, 'sql_port': SQL, 'exporter_port': EXPORTER}
    contents = {
        'settings': ''.join(f'{name}={shlex.quote(str(value))}\n' for name, value in said.items()),
        'obproxyd.sh': templates.get_template('obproxyd.sh.j2').render(obproxy_server=SERVER),
        'obproxy.service': templates.get_template('obproxy.service.j2').render(obproxy_server=SERVER),
        'first_start': first_start(), 'limits': limits(), 'statements': statements(), 'check': check(), 'targets.json': monitored}
    for file, text in contents.items():
        write(folder / file, text)
    path = folder.with_suffix('.tar')
    with tarfile.open(path, 'w') as archive:
        for source in (*sorted(folder.iterdir()), FILES / 'install.sh', bench.packages / bench.rpm):
            archive.add(source, source.name)
    return path


def verified(bench: Bench) -> None:
    name, value = next(iter(PARAMETERS.items()))
    bench.fleet.verify([UNIT, str(SQL), str(EXPORTER), bench.rpm, name, value], PASSWORD)


CONTESTANTS = {'ours': ours, 'again': again, 'plain': plain, 'floor': floor, 'empty': empty, 'silent': silent,
               'large': large, 'large_url': large_url, 'large_repo': large_repo}
