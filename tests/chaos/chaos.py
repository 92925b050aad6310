"""make chaos: breaks runs in every way that the issue names, runs them again, and compares the hosts with an undisturbed one."""
from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / 'tests' / part) for part in ('tools', 'lab/labkit', 'lab')]
import build  # noqa: E402  pylint: disable=wrong-import-position
import cases  # noqa: E402  pylint: disable=wrong-import-position
import view  # noqa: E402  pylint: disable=wrong-import-position
from lab import Lab  # noqa: E402  pylint: disable=wrong-import-position
from podman import podman  # noqa: E402  pylint: disable=wrong-import-position
from runs import LEASE, LIMIT, PASSWORD, Site, say  # noqa: E402  pylint: disable=wrong-import-position

RESET = """
systemctl stop 'obproxy-*'; rm -f /etc/systemd/system/obproxy-* /etc/systemd/system/*/obproxy-*; systemctl daemon-reload
pkill -9 -f '[o]bproxyd.sh'; pkill -9 -x obproxy; pkill -9 -fx /usr/bin/python3; rm -rf /run/stranger /etc/obproxy-standin.fault
rpm -qa 'obproxy*' | xargs -r rpm -e
rm -rf /opt/obproxy /etc/obproxy /etc/cron.d/obproxy-* /etc/security/limits.d/obproxy-* /run/obproxy* /home/admin /etc/prometheus
umount /opt; mv /root/authorized_keys /home/ops/.ssh/; mv /root/*ops* /etc/sudoers.d/; mv /root/python3 /usr/bin/
userdel -r admin; groupdel admin; mkdir -p /etc/prometheus/file_sd; true
"""
WRONG = ('', 'wrong')
STRUCK, OTHER = 'struck', 'other'
BOTH = STRUCK + OTHER


def look(site: Site, hosts: str = BOTH) -> dict[str, list[str]]:
    """Return what there is to be seen on the struck host, on the other, or on both."""
    found = {}
    for name, index in ((STRUCK, site.index), (OTHER, site.other)):
        if name in hosts:
            seen = view.of_host(site.lab, index, (PASSWORD,), (*WRONG, cases.OLD_PASSWORD))
            found.update({f'{name}: {question}': lines for question, lines in seen.items()})
    return found


def rest(wanted: dict) -> dict:
    """Return what the other host has to be after the first run: done. Which servers are scraped, it shares with the struck one."""
    return {question: lines for question, lines in wanted.items() if question.startswith(OTHER) and 'exporters' not in question}


def settled(site: Site, wanted: dict, hosts: str = BOTH) -> list[str]:
    """Return how the hosts differ, as soon as they don't, or when they have had time to."""
    end = time.monotonic() + 40
    while True:
        told = view.differences(wanted, look(site, hosts))
        if not told or time.monotonic() > end:
            return told
        time.sleep(0.5)


def fill(value, site: Site):
    if isinstance(value, dict):
        return {key: fill(inner, site) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, site) for inner in value]
    return value.format(home=site.home, other=site.other) if isinstance(value, str) else value


def carry_out(site: Site, case: cases.Case, pristine: dict, wanted: dict) -> tuple[str, str, list[str]]:
    """Return the verdicts of both runs, and what is wrong."""
    site.begin(re.sub(r'\W+', '-', f'{case.name} {case.at}').strip('-'))
    wrong = []
    if case.earlier is not None:
        site.run(variables=fill(case.earlier, site))
    case.before(site)
    at = (case.at, lambda run: case.act(site, run), case.later) if case.at else None
    first = site.run(body=case.body, variables=fill(case.variables, site), at=at)
    case.after(site)
    if first.hung:
        wrong.append(f'first run: hung, and was ended after {LIMIT} s: see {first.log}')
    if case.says and not re.search(case.says, ' '.join(first.output.split())) and not (case.may_succeed and first.code == 0):
        wrong.append(f'first run: does not say {case.says!r}')
    if first.verdict in ('SUCCESSFUL', 'FAILED') and not case.may_succeed:
        wrong.append(f'first run: {first.verdict}, without a FAILED subtask')
    if case.rest:
        wrong += [f'after the first run: {told}' for told in settled(site, rest(wanted), OTHER)]
    if first.verdict == 'killed' or first.code == 0 and case.at:
        time.sleep(LEASE + 1)
    if case.undo:
        site.run('task_rollback', options=('-e', 'obproxy_task_id=1'))
        wrong += [f'after the rollback: {told}' for told in settled(site, pristine)]
    second = site.run(variables=fill(cases.second_variables(case), site))
    wrong += settled(site, wanted)
    if second.code:
        wrong.append(f'second run: see {second.log}')
    struck = f' (struck: {first.struck})' if first.struck not in (None, case.at) else ''
    return f'{first.verdict}{struck}', second.verdict, wrong


def work(site: Site, todo: queue.Queue, pristine: dict, wanted: dict, rows: list) -> None:
    while True:
        try:
            case = todo.get_nowait()
        except queue.Empty:
            return
        began = time.monotonic()
        try:
            row = carry_out(site, case, pristine, wanted)
        except Exception:  # pylint: disable=broad-except
            row = ('?', '?', [traceback.format_exc()])
        rows.append((case, *row))
        say(f'{case.name} {case.at}: {row[0]}, {row[1]}, {time.monotonic() - began:.0f} s', *row[2])
        reset(site)


def reset(site: Site) -> None:
    if not all(host.running for host in site.lab.hosts() if host.index == site.index):
        cases.on(site)
    for index in (site.index, site.other):
        site.lab.exec(index, RESET, check=False)


def table(rows: list) -> int:
    """Print a row per case; return how many are not as they should be."""
    print(f'{"fault":<22}{"subtask":<18}{"first run":<48}{"second run":<40}differences')
    for case, first, second, wrong in sorted(rows, key=lambda row: (row[0].name, cases.SUBTASKS.index(row[0].at) if row[0].at else 0)):
        print(f'{case.name:<22}{case.at:<18}{first:<48}{second:<40}{len(wrong) or "none"}')
        for told in wrong:
            print(f'    {told}')
    return sum(bool(row[3]) for row in rows)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument('--short', action='store_true', help='a handful of cases')
    words.add_argument('--name', default='chaos', help='the lab')
    words.add_argument('--pairs', type=int, default=3, help='how many cases run side by side, on two hosts each')
    words.add_argument('--only', default='', help='those cases whose name and subtask match this')
    words.add_argument('--keep', action='store_true', help='leave the hosts up')
    options = words.parse_args()
    packages = build.BUILD / 'rpms'
    subprocess.run([sys.executable, REPOSITORY / 'tests/lab/obproxy/build.py', packages], check=True, stdout=subprocess.DEVNULL)
    chosen = cases.chosen(options.short, options.only)
    lab = Lab(options.name)
    count = min(options.pairs, len(chosen))
    try:
        lab.up(2 * count)
        os.environ['LAB_SSH_CONFIG'] = str(lab.folder / 'ssh_config')
        add_dead_host(lab)
        work_folder = lab.folder / 'runs'
        shutil.rmtree(work_folder, ignore_errors=True)
        # A copy, as make build or make test may bring another one meanwhile.
        collections = shutil.copytree(build.COLLECTIONS, work_folder / 'collections')
        sites = [Site(lab, index, work_folder / str(index), collections, packages) for index in range(1, 2 * count, 2)]
        for site in sites:
            reset(site)
        pristine = look(sites[0])
        odd = [f'host{site.index}: {told}' for site in sites[1:] for told in view.differences(pristine, look(site))]
        if odd:
            print('The hosts are not alike before the first case:', *odd, sep='\n    ')
            return 1
        undisturbed = sites[0].run()
        if undisturbed.code:
            print(undisturbed.output)
            return 1
        wanted = look(sites[0])
        reset(sites[0])
        left = view.differences(pristine, look(sites[0]))
        if left:
            print('The host could not be set back:', *left, sep='\n    ')
            return 1
        todo, rows = queue.Queue(), []
        for case in chosen:
            todo.put(case)
        threads = [threading.Thread(target=work, args=(site, todo, pristine, wanted, rows)) for site in sites]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        broken = table(rows)
        print(f'{len(rows)} cases, {broken} not as they should be')
        return 1 if broken or len(rows) < len(chosen) else 0
    finally:
        if not options.keep:
            lab.down()


def add_dead_host(lab: Lab) -> None:
    """Let the inventory have a host that nobody answers for."""
    text = lab.inventory.read_text()
    nobody = lab.hosts()[0]
    address = podman('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', nobody.container).strip()
    inventory = json.loads(text)
    inventory['all']['hosts']['gone'] = {'ansible_host': f'{address.rsplit(".", 1)[0]}.250', 'obproxy_host_id': 250}
    (lab.folder / 'inventory.yml').write_text(json.dumps(inventory))


if __name__ == '__main__':
    sys.exit(main())
