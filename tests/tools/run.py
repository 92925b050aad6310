"""Runs the parts of make test, all of them whatever fails, and says what each came to.

python3 tests/tools/run.py [units] [lab] [sanity] [lint] [molecule] [a part's name]
Without a word: all but those that take long (parts.LONG).
"""
from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import build
import envs
import parts
from parts import LOGS, REPOSITORY, Part

sys.path.insert(0, str(REPOSITORY / 'tests' / 'lab' / 'labkit'))
import needs  # noqa: E402  pylint: disable=wrong-import-position
import settings  # noqa: E402  pylint: disable=wrong-import-position

NEEDS = {'git': ['git'], 'shellcheck': ['shellcheck'], 'mariadbd': ['mariadb-server'], 'pg_ctlcluster': ['postgresql'], 'dnf': ['dnf'],
         'prometheus': ['prometheus'], 'prometheus-node-exporter': ['prometheus-node-exporter'],
         'chromium': ['chromium'], 'chromedriver': ['chromium-driver']}
LIVE = ('lab', 'molecule')
COLOUR = re.compile(r'\x1b\[[0-9;]*m')
SUMMARY = re.compile(r'^\W*(?:\d+ \w+, )*\d+ (?:passed|failed|errors?|skipped)\b.* in [\d.]+', re.MULTILINE)
COUNT = re.compile(r'(\d+) (passed|failed|error)')
RUNNING: set[subprocess.Popen] = set()
STOPPED = threading.Event()


@dataclass
class Result:
    part: Part
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: str = ''


def prepare(names: Iterable[str]) -> dict[str, str]:
    """Set up all that the tests need, with these environments. Returns why one could not be made, by its name."""
    needs.install({**needs.NEEDS, **NEEDS})
    wanted = list(dict.fromkeys(['core-new', *names]))
    without = {name: fault for name in wanted if (fault := envs.make(name))}
    if 'core-new' in without:
        raise settings.LabError(without['core-new'])
    build.build()
    parts.prepare_trees([name for name in wanted if name.startswith('core-')])
    LOGS.mkdir(exist_ok=True)
    return without


def run_all(chosen: list[Part], without: dict[str, str]) -> list[Result]:
    """One begins with what only computes, two with what brings up hosts, which waits as much. Who is done first helps."""
    computing, live = (deque(part for part in chosen if (part.group in LIVE) is is_live) for is_live in (False, True))
    workers = [(computing, live), (live, computing), (live, computing)]
    results = {}

    def work(own: deque, other: deque) -> None:
        while (own or other) and not STOPPED.is_set():
            try:
                part = own.popleft() if own else other.pop()
            except IndexError:  # The other was quicker.
                continue
            left_out = without.get(part.core, '')
            results[part.name] = Result(part, 0, 0, skipped=left_out) if left_out else run(part)

    with ThreadPoolExecutor(len(workers)) as pool:
        try:
            list(pool.map(lambda queues: work(*queues), workers))
        except KeyboardInterrupt:
            # They have sessions of their own: the terminal doesn't stop them.
            STOPPED.set()
            for process in list(RUNNING):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            raise
    return [results[part.name] for part in chosen]


def run(part: Part) -> Result:
    began = time.monotonic()
    end = began + part.limit
    code = 0
    log = LOGS / f'{part.name.replace(" ", "-").replace("/", "-")}.log'
    with open(log, 'w', encoding='utf-8') as stream:
        for command in part.commands:
            if STOPPED.is_set():
                break
            code = run_one(part, command, stream, end) or code
    result = Result(part, code, time.monotonic() - began)
    text = COLOUR.sub('', log.read_text(errors='replace'))
    count(result, text)
    print(f'{part.name}: {"ok" if not code else "FAILED"}, {result.passed} passed, {result.failed} failed, '
          f'{result.seconds:.0f} s', flush=True)
    if code:
        print('    ' + '\n    '.join(text.splitlines()[-60:]) + f'\n    all of it: {log}', flush=True)
    return result


def run_one(part: Part, command: list[str], stream, end: float) -> int:
    stream.write(f'$ {" ".join(command)}\n')
    stream.flush()
    try:
        process = subprocess.Popen(command, cwd=part.folder, env=parts.environment(part), stdin=subprocess.DEVNULL,
                                   stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        stream.write(f'{error}\n')
        return 127
    RUNNING.add(process)
    try:
        return process.wait(max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        stream.write(f'\nstopped after {part.limit} s\n')
        return 124
    finally:
        RUNNING.discard(process)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def count(result: Result, text: str) -> None:
    """Add up what pytest says; a part without pytest is one test."""
    for line in SUMMARY.findall(text):
        for number, what in COUNT.findall(line):
            if what == 'passed':
                result.passed += int(number)
            else:
                result.failed += int(number)
    if result.code and not result.failed:
        result.failed = 1
    if not result.code and not result.passed:
        result.passed = 1


def table(results: list[Result]) -> None:
    print(f'\n{"part":<32}{"result":<10}{"passed":>7}{"failed":>8}{"seconds":>9}')
    for result in results:
        said = 'skipped' if result.skipped else 'FAILED' if result.code else 'ok'
        print(f'{result.part.name:<32}{said:<10}{result.passed:>7}{result.failed:>8}{result.seconds:>9.0f}')
    for reason in sorted({result.skipped for result in results if result.skipped}):
        print(f'skipped: {reason}')
    print(f'logs: {LOGS}')
    print(f'{sum(result.passed for result in results)} passed, {sum(result.failed for result in results)} failed')


def main(wanted: list[str]) -> int:
    chosen = [part for part in parts.all_parts() if {part.group, part.name} & set(wanted) or not (wanted or part.name in parts.LONG)]
    if not chosen:
        print(f'no such part: {" ".join(wanted)}', file=sys.stderr)
        return 2
    try:
        without = prepare(part.core for part in chosen)
    except settings.LabError as error:
        print(f'tests: {error}', file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = run_all(chosen, without)
    except KeyboardInterrupt:
        return 130
    table(results)
    return next((result.code for result in results if result.code), 0)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
