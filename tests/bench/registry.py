"""The registry with a large fleet and a long history: how long its questions take, against the aims: make bench-registry."""
from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import registry_fill
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _plan, _schema, _states, _task_admin
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._envelope import Actor
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._inventory import Inventory
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._registry import Registry
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / '.build' / 'bench-registry'
COLLECTIONS = REPOSITORY / '.build' / 'collections'
CORES = ('core-2.16', 'core-new')
SIZE = registry_fill.Size()
ACTOR = Actor('admin', '192.0.2.9', 'controller')
TRACE = '0123456789abcdef'
TIMES = 5
AT_ONCE = 100
# Hosts beside the fleet's, for as many plans as are measured.
NEW_HOSTS = 40 * AT_ONCE
PLAN, INVENTORY, TASK_INFO = 1.0, 5.0, 0.2
# Check mode copies a SQLite registry into memory.
CHECK_MODE = 3.0


@dataclass
class Bench:
    """Takes the times of what is done to one registry."""

    url: str
    missed: list[str] = field(default_factory=list)

    def measure(self, name: str, limit: float | None, work: Callable[[], object], times: int = TIMES) -> None:
        """Print the medians of how long something takes and of the CPU time in that, its children's too; the first time warms up.

        Without a limit it is told only to compare.
        """
        work()
        taken = [self._seconds(work) for turn in range(times)]
        seconds, cpu = (statistics.median(column) for column in zip(*taken))
        # Beside the work of others only the CPU time tells something.
        is_missed = limit is not None and (seconds if os.getloadavg()[0] < (os.cpu_count() or 1) else cpu) > limit
        aim = f'   at most {limit:.1f} s{"   MISSED" if is_missed else ""}' if limit is not None else ''
        print(f'{name:<60} {seconds:8.3f} s {cpu:8.3f} s CPU{aim}', flush=True)
        self.missed += [name] if is_missed else []

    @staticmethod
    def _seconds(work: Callable[[], object]) -> tuple[float, float]:
        begun, used = time.perf_counter(), os.times()
        work()
        now = os.times()
        return time.perf_counter() - begun, sum(now[:4]) - sum(used[:4])


def registry_file() -> Path:
    """Return a registry of this size to work in, made anew from one that is kept."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept, copy = FOLDER / f'filled-{_schema.VERSION}.db', FOLDER / 'registry.db'
    if not kept.exists():
        print(f'Filling a registry with {SIZE.clusters} clusters, {SIZE.servers} servers, {SIZE.tasks} tasks ...', flush=True)
        fresh = FOLDER / 'new.db'
        fresh.unlink(missing_ok=True)
        registry_fill.fill(fresh, SIZE)
        fresh.rename(kept)
    for path in FOLDER.glob('registry.db*'):
        path.unlink()
    shutil.copyfile(kept, copy)
    return copy


@dataclass
class Requests:
    """Requests to add hosts that no cluster has yet, each to a cluster that nobody works on."""

    clusters: Iterator[int] = field(default_factory=lambda: iter(range(1, SIZE.clusters)))
    first: Iterator[int] = field(default_factory=lambda: iter(range(SIZE.servers + 1, SIZE.servers + NEW_HOSTS, AT_ONCE)))

    def next(self, count: int) -> tuple[int, dict]:
        """Return a cluster's id and the body of a batchAdd."""
        begin = next(self.first)
        return next(self.clusters), {
            'hostIds': list(range(begin, begin + count)), 'sqlPort': 2883, 'exporterPort': 2884, 'version': registry_fill.RPM}


def settings() -> dict:
    """Return the variables that a batchAdd needs."""
    packages = FOLDER / 'packages'
    packages.mkdir(exist_ok=True)
    (packages / registry_fill.RPM).touch()
    return {
        'obproxy_sys_password': 'sys-password', 'obproxy_package_dir': str(packages),
        'obproxy_config_server_url': 'http://ocp.example.com:8080/services?Action=GetObProxyConfig',
        'obproxy_ob_clusters': {f'ob{number}': {'root_servers': ['192.0.2.1:2881'], 'proxyro_password': 'proxyro-password'}
                                for number in range(100)}}


def hosts_file(name: str, first: int) -> Path:
    """Write an inventory of the hosts from a number to the last."""
    path = FOLDER / name
    path.write_text(''.join(f'{registry_fill.host_name(number)} obproxy_host_id={number}\n'
                            for number in range(first, SIZE.servers + NEW_HOSTS + 1)), encoding='utf-8')
    return path


def plans(bench: Bench, requests: Requests) -> None:
    """Plan batchAdd of more and more new hosts beside the fleet's; ansible-core's inventory names all of them."""
    variables, loader = settings(), DataLoader()
    manager = InventoryManager(loader, sources=[str(hosts_file('everybody.ini', 1))])
    hostvars = HostVars(manager, VariableManager(loader, manager), loader)

    def plan(count: int, check_mode: bool = False) -> None:
        inventory = Inventory(manager.hosts, hostvars)
        cluster, body = requests.next(count)
        _plan.plan('batch_add', body, cluster, inventory, Settings(variables.get, inventory), Registry(bench.url), ACTOR, TRACE, check_mode)

    for count in (1, 10, AT_ONCE):
        bench.measure(f'plan a batchAdd of {count} hosts', PLAN, lambda count=count: plan(count))
    bench.measure('plan a batchAdd of 10 hosts in check mode', CHECK_MODE, lambda: plan(10, True), 1)


def questions(bench: Bench) -> None:
    """Ask for tasks as obproxy_task_info does, and for what every run asks."""
    registry = Registry(bench.url)
    middle = SIZE.tasks // 2

    def find(**wanted: object) -> Callable[[], None]:
        def ask() -> None:
            with registry.transaction(writes=False) as store:
                found = _task_admin.find(store, **wanted)
            if not found:
                raise SystemExit(f'there is no task for {wanted}')
        return ask

    host = registry_fill.host_name(SIZE.servers // 2)
    for words in ({'task_id': middle}, {'run_id': 1}, {'status': _states.FAILED}, {'status': _states.SUCCESSFUL}, {'cluster_id': '7'},
                  {'cluster_id': 'cluster0500', 'status': _states.FAILED}, {'host': host}, {'host': host, 'cluster_id': '500'}, {}):
        name = ', '.join(f'{key} {value}' for key, value in words.items()) or 'the latest'
        bench.measure(f'task_info: {name}', TASK_INFO, find(**words))
    with registry.transaction(writes=False) as store:
        run = store.tasks.last_run()
    bench.measure(f'the {len(registry.tasks(run["id"]))} tasks of the last run', TASK_INFO, lambda: registry.tasks(run['id']))
    bench.measure('prolong its lease', TASK_INFO, lambda: registry.renew(run['id'], TRACE))
    bench.measure('find who holds a cluster', TASK_INFO, lambda: _holder(registry, 500))
    steps = iter(row['id'] for task in registry.tasks(run['id']) for row in task['subtasks'] if row['status'] == _states.READY)
    bench.measure('a subtask begins', TASK_INFO, lambda: registry.set_subtask(next(steps), _states.RUNNING))
    runs = iter(range(run['id'], 0, -1))
    bench.measure('close such a run', PLAN, lambda: registry.finish_run(next(runs), TRACE))


def _holder(registry: Registry, cluster_id: int) -> None:
    with registry.transaction(writes=False) as store:
        store.tasks.holder(cluster_id)


def processes(bench: Bench, requests: Requests) -> None:
    """Start what people start, on each core: ansible-inventory as they and AWX do, and a playbook that plans with that inventory."""
    source, play, new = FOLDER / 'fleet.obproxy.yml', FOLDER / 'plan.json', hosts_file('new.ini', SIZE.servers + 1)
    source.write_text('plugin: oceanbase.obproxy.registry\n', encoding='utf-8')
    for core in CORES:
        tools = REPOSITORY / '.venv' / core / 'bin'

        def plan(tools: Path = tools) -> None:
            cluster, body = requests.next(AT_ONCE)
            task = {'oceanbase.obproxy.obproxy_batch_add': {'cluster_id': cluster, 'request': body}}
            play.write_text(json.dumps([{'hosts': 'localhost', 'gather_facts': False, 'vars': settings(), 'tasks': [task]}]), encoding='utf-8')
            run(bench, [tools / 'ansible-playbook', '-i', source, '-i', new, play])

        # The first one's time is ansible-core's own, which looks at every host's variables again.
        for name, limit, command in (('ansible-inventory --list', None, ['ansible-inventory', '--list']),
                                     ('ansible-inventory --list --export', INVENTORY, ['ansible-inventory', '--list', '--export']),
                                     ('read the inventory', INVENTORY, ['ansible', 'all', '--list-hosts'])):
            bench.measure(f'{name}, {core}', limit,
                          lambda tool=tools / command[0], options=command[1:]: run(bench, [tool, '-i', source, *options]), 3)
        bench.measure(f'read it and plan a batchAdd of {AT_ONCE} hosts, {core}', INVENTORY + PLAN, plan, 3)


def run(bench: Bench, command: list[str | Path]) -> str:
    """Run a tool of ansible-core on the registry; return what it prints."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=FOLDER, env={
        **os.environ, 'ANSIBLE_COLLECTIONS_PATH': str(COLLECTIONS), 'ANSIBLE_HOME': str(FOLDER / 'home'), 'OBPROXY_REGISTRY_URL': bench.url,
        'PYTHONPATH': '', 'ANSIBLE_NOCOLOR': 'true'})
    if done.returncode:
        raise SystemExit(f'{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}')
    return done.stdout


def main() -> int:
    """Take all the times; return 1 where something takes longer than it may."""
    bench = Bench(f'sqlite:///{registry_file()}')
    print(f'Others on this machine meanwhile: a load of {os.getloadavg()[0]:.1f}')
    requests = Requests()
    plans(bench, requests)
    questions(bench)
    processes(bench, requests)
    if bench.missed:
        print(f"Missed: {', '.join(bench.missed)}")
    return 1 if bench.missed else 0


if __name__ == '__main__':
    sys.exit(main())
