"""make bench: batchAdd by the collection, by a plain playbook and by one script per host, side by side. See README.md."""
from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(REPOSITORY / 'tests' / part) for part in ('tools', 'lab/labkit')]
import build  # noqa: E402  pylint: disable=wrong-import-position
import contestants  # noqa: E402  pylint: disable=wrong-import-position
import report  # noqa: E402  pylint: disable=wrong-import-position
from fleet import Fleet  # noqa: E402  pylint: disable=wrong-import-position
from measure import Failed  # noqa: E402  pylint: disable=wrong-import-position
from settings import LabError  # noqa: E402  pylint: disable=wrong-import-position

WORK = build.BUILD / 'bench'
FEW = 20
UNCLEAN = {'again', 'empty'}
WITH_REGISTRY = {'ours', 'silent', 'large', 'large_url', 'large_repo'}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def options() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    words.add_argument('--hosts', default='10,30,100', help='how many; several numbers with commas')
    words.add_argument('--only', default='floor,ours,again,empty,plain', help=f'of {", ".join(contestants.CONTESTANTS)}, in this order')
    words.add_argument('--repeat', type=int, default=3, help='rounds; medians are told')
    words.add_argument('--delay', default='0', metavar='MS', help='round-trip time of the way to the hosts; several numbers with commas')
    words.add_argument('--forks', type=int, default=0, help='how many hosts ours works on at once (0: one more than hosts where they are few, else 5)')
    words.add_argument('--core', default='core-new', choices=('core-new', 'core-2.16'))
    words.add_argument('--results', type=Path, default=WORK / 'results.json', help='what was measured, of several calls')
    words.add_argument('--add', action='store_true', help='add to the rounds that the results have, instead of replacing those of the same kind')
    words.add_argument('--publish', action='store_true', help='write the results into docs/, too')
    words.add_argument('--lab', default='bench', help='name of the lab')
    words.add_argument('--keep', action='store_true', help='leave the hosts up')
    words.add_argument('--report', action='store_true', help='measure nothing: tell what the results have')
    return words.parse_args()


def rounds(fleet: Fleet, chosen: argparse.Namespace, delay: int, results: report.Results) -> None:
    """Measure every contestant, one after the other, as often as wanted."""
    how = fleet.delay(delay) if delay else ''
    try:
        for number in range(1, chosen.repeat + 1):
            for name in chosen.only.split(','):
                began = time.monotonic()
                bench = one_bench(fleet, chosen, delay, name)
                if name not in UNCLEAN:
                    fleet.reset()
                if name in WITH_REGISTRY:
                    contestants.prepare_ours(bench)
                found = contestants.CONTESTANTS[name](bench)
                contestants.verified(bench)
                results.add({'hosts': fleet.count, 'delay': delay, 'delayed_by': how, 'contestant': name, 'core': chosen.core, 'forks': bench.forks, **found})
                say(f'{fleet.count} hosts{f", {delay} ms" if how else ""}, round {number}, {name}: {found["wall"]:.1f} s '
                    f'(with all around it {time.monotonic() - began:.0f} s)')
    finally:
        fleet.straight(how)


def advised(count: int) -> int:
    """The forks that docs/performance.md advises."""
    return count + 1 if count < FEW else 5


def one_bench(fleet: Fleet, chosen: argparse.Namespace, delay: int, name: str) -> contestants.Bench:
    """Give each a folder of its own; a second run goes on in that of the first."""
    folder = WORK / f'{fleet.count}-{delay}-{"ours" if name == "again" else name}'
    return contestants.Bench(fleet, folder, chosen.core, build.BUILD / 'rpms', 0 if name == 'plain' else chosen.forks or advised(fleet.count))


def main() -> int:
    chosen = options()
    results = report.Results(chosen.results, chosen.add)
    if not chosen.report:
        build.build()
        subprocess.run([sys.executable, REPOSITORY / 'tests/lab/obproxy/build.py', build.BUILD / 'rpms'], check=True, stdout=subprocess.DEVNULL)
        fleet = None
        try:
            for count in map(int, chosen.hosts.split(',')):
                began = time.monotonic()
                fleet = Fleet(chosen.lab, count, WORK)
                say(f'{count} hosts are up after {time.monotonic() - began:.0f} s')
                for delay in map(int, chosen.delay.split(',')):
                    rounds(fleet, chosen, delay, results)
        except (Failed, LabError) as error:
            say(f'bench: {error}')
            return 1
        finally:
            if fleet and not chosen.keep:
                fleet.lab.down()
    print(report.text(results.runs))
    if chosen.publish:
        report.publish(results.runs, REPOSITORY / 'docs')
    return 0


if __name__ == '__main__':
    sys.exit(main())
