"""What was measured, as JSON, as a table and as a picture."""
from __future__ import annotations

import json
import statistics
from pathlib import Path

import jinja2
from settings import write

KEY = ('hosts', 'delay', 'contestant')
ORDER = ('floor', 'ours', 'again', 'empty', 'silent', 'plain', 'large', 'large_url', 'large_repo')
DRAWN = ('floor', 'ours', 'again', 'plain')
TITLES = {'floor': 'one script per host', 'ours': 'ours', 'again': 'ours again', 'empty': 'three empty calls',
          'silent': 'ours, no callback', 'plain': 'plain playbook',
          'large': 'ours, RPM of 60 MB', 'large_url': 'the same by URL', 'large_repo': 'the same by dnf'}
COLUMNS = (
    ('wall s', 'wall', 1, '.1f'), ('controller CPU s/host', 'controller_cpu', 1, '.2f'), ('target CPU s/host', 'target_cpu', 1, '.2f'),
    ('module calls/host', 'module_calls', 1, '.1f'), ('SSH calls/host', 'ssh_calls', 1, '.1f'), ('KB to a host', 'received', 1e3, '.0f'),
    ('controller MB', 'memory', 1e6, '.0f'))
PICTURE = '![Seconds until every server serves, by who adds them](images/performance.svg)'
MARKS = ('<!-- measured: written by make bench -->\n', '<!-- end of measured -->\n')


class Results:
    """The runs of a file; a new one replaces those of its kind, or is added to them."""

    def __init__(self, path: Path, add: bool):
        self.path, self.seen = path, add
        self.runs = json.loads(path.read_text()) if path.exists() else []
        self._fresh: set = set()

    def add(self, run: dict) -> None:
        key = tuple(run[name] for name in KEY)
        if not self.seen and key not in self._fresh:
            self.runs = [one for one in self.runs if tuple(one[name] for name in KEY) != key]
        self._fresh.add(key)
        self.runs.append({name: round(value, 4) if isinstance(value, float) else value for name, value in run.items()})
        write(self.path, json.dumps(self.runs, indent=1) + '\n')


def medians(runs: list[dict]) -> dict[tuple[int, int], dict[str, dict]]:
    """Return {(hosts, delay): {contestant: {measure: median}}}."""
    found: dict = {}
    for hosts, delay, contestant in sorted({tuple(run[name] for name in KEY) for run in runs}, key=lambda key: (key[1], key[0], ORDER.index(key[2]))):
        same = [run for run in runs if (run['hosts'], run['delay'], run['contestant']) == (hosts, delay, contestant)]
        numbers = {name for run in same for name, value in run.items() if isinstance(value, (int, float))}
        middle = {name: statistics.median(run[name] for run in same if name in run) for name in numbers}
        found.setdefault((hosts, delay), {})[contestant] = {**middle, 'rounds': len(same)}
    return found


def rows(runs: list[dict]) -> list[list[str]]:
    table = [['hosts', 'delay', 'what', 'rounds', *(column[0] for column in COLUMNS), 'x floor', 'x plain']]
    for (hosts, delay), group in medians(runs).items():
        for contestant, found in group.items():
            cells = [format(found[name] / unit, form) for title, name, unit, form in COLUMNS]
            table.append([str(hosts), f'{delay} ms', TITLES[contestant], str(found['rounds']), *cells,
                          *(ratio(found['wall'], group, other) for other in ('floor', 'plain'))])
    return table


def ratio(wall: float, group: dict, other: str) -> str:
    return f'{wall / group[other]["wall"]:.2f}' if other in group else '-'


def targets(runs: list[dict]) -> list[list[str]]:
    """Compare with what is to be reached; what was not measured is left out."""
    found = medians(runs)
    table = [['what', 'at most', 'measured', 'reached']]

    def tell(what, limit, value):
        table.append([what, f'{limit:g}', f'{value:.2f}', 'yes' if value <= limit else 'NO'])

    for (hosts, delay), group in found.items():
        where = f'{hosts} hosts{f", {delay} ms" if delay else ""}: '
        if 'ours' not in group:
            continue
        own = group['ours']
        if 'floor' in group:
            tell(f'{where}wall / floor', 2.5 if delay else 2.0, own['wall'] / group['floor']['wall'])
        if delay:
            continue
        tell(f'{where}module calls per host', 7, own['module_calls'])
        if 'plain' in group:
            tell(f'{where}wall / plain playbook', 0.5, own['wall'] / group['plain']['wall'])
        if 'again' in group:
            tell(f'{where}second run / first', 0.3, group['again']['wall'] / own['wall'])
        tell(f'{where}memory of the controller, MB', 400, own['memory'] / 1e6)
        tell(f'{where}callback / wall', 0.05, own['callback'] / own['wall'])
        least = found.get((10, 0), {}).get('ours')
        if least and hosts > 10:
            tell(f'{where}controller CPU per host / that of 10 hosts', 1.1, own['controller_cpu'] / least['controller_cpu'])
    return table


def aligned(table: list[list[str]]) -> str:
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def markdown(table: list[list[str]]) -> str:
    head, *body = ('| ' + ' | '.join(row) + ' |' for row in table)
    return '\n'.join([head, '|' + '-|' * len(table[0]), *body]) + '\n'


def text(runs: list[dict]) -> str:
    return f'{aligned(rows(runs))}\n\n{aligned(targets(runs))}'


def publish(runs: list[dict], docs: Path) -> None:
    """Write the picture, the numbers, and the tables into the page."""
    (docs / 'images' / 'performance.svg').write_text(picture(runs))
    (docs / 'performance.json').write_text(json.dumps(runs, indent=1) + '\n')
    page = docs / 'performance.md'
    before, rest = page.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(f'{before}{MARKS[0]}\n{PICTURE}\n\n{markdown(rows(runs))}\n{markdown(targets(runs))}\n{MARKS[1]}{after}')


def picture(runs: list[dict]) -> str:
    """Draw the seconds of each contestant as bars, a group for each number of hosts and delay."""
    groups = [(f'{hosts} hosts{f", {delay} ms" if delay else ""}', [(TITLES[name], name, one['wall']) for name, one in group.items() if name in DRAWN])
              for (hosts, delay), group in medians(runs).items()]
    template = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (Path(__file__).parent / 'files' / 'performance.svg.j2').read_text())
    groups = [(title, bars) for title, bars in groups if bars]
    return template.render(groups=groups, top=max(one[-1] for title, bars in groups for one in bars))
