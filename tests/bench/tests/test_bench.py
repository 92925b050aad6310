"""The parts of the bench that can be wrong without anybody seeing it: its sums, and the long line."""
from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), *(str(BENCH.parent / part) for part in ('tools', 'lab/labkit'))]
import contestants  # noqa: E402  pylint: disable=wrong-import-position
import delay  # noqa: E402  pylint: disable=wrong-import-position
import report  # noqa: E402  pylint: disable=wrong-import-position


def run(contestant, wall, hosts=100, delayed=0, **more):
    return {'hosts': hosts, 'delay': delayed, 'contestant': contestant, 'wall': wall, 'controller_cpu': 1.0, 'target_cpu': 2.0,
            'module_calls': 7.0, 'ssh_calls': 8.0, 'received': 5e5, 'memory': 3e8, 'callback': 2.0, **more}


RUNS = [run('floor', 30.0), run('ours', 50.0), run('ours', 90.0), run('ours', 58.0), run('again', 20.0), run('plain', 100.0),
        run('ours', 10.0, hosts=10, controller_cpu=0.8), run('floor', 20.0, delayed=20), run('ours', 52.0, delayed=20)]


def told(runs):
    return {row[0]: row[1:] for row in report.targets(runs)}


def test_targets_are_of_medians():
    found = told(RUNS)

    assert found['100 hosts: wall / floor'] == ['2', '1.93', 'yes']
    assert found['100 hosts: wall / plain playbook'] == ['0.5', '0.58', 'NO']
    assert found['100 hosts: second run / first'] == ['0.3', '0.34', 'NO']
    assert found['100 hosts: module calls per host'] == ['7', '7.00', 'yes']
    assert found['100 hosts: memory of the controller, MB'] == ['400', '300.00', 'yes']
    assert found['100 hosts: callback / wall'] == ['0.05', '0.03', 'yes']
    assert found['100 hosts: controller CPU per host / that of 10 hosts'] == ['1.1', '1.25', 'NO']
    assert found['100 hosts, 20 ms: wall / floor'] == ['2.5', '2.60', 'NO']


def test_rounds_replace_those_of_their_kind_or_are_added(tmp_path):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(RUNS))
    replacing = report.Results(path, add=False)
    replacing.add(run('ours', 40.0))
    replacing.add(run('ours', 42.0))
    adding = report.Results(path, add=True)
    adding.add(run('ours', 44.0))

    found = [one['wall'] for one in json.loads(path.read_text()) if (one['hosts'], one['delay'], one['contestant']) == (100, 0, 'ours')]
    assert found == [40.0, 42.0, 44.0]
    assert len(adding.runs) == len(RUNS)


def test_the_page_and_the_picture_have_every_contestant(tmp_path):
    (tmp_path / 'images').mkdir()
    page = tmp_path / 'performance.md'
    page.write_text('before\n' + ''.join(report.MARKS) + 'after\n')

    report.publish(RUNS, tmp_path)
    report.publish(RUNS, tmp_path)

    lines = page.read_text().splitlines()
    assert lines[0] == 'before' and lines[-1] == 'after'
    assert len([line for line in lines if line.startswith('| 100 | 0 ms |')]) == 4
    drawn = [element.text for element in ElementTree.parse(tmp_path / 'images' / 'performance.svg').iter() if element.text]
    assert {'100 hosts', '100 hosts, 20 ms', 'plain playbook', '58.0', '100.0'} <= set(drawn)


def test_the_long_line_passes_on_every_byte_late_and_in_order():
    sent = os.urandom(3 << 20)

    async def echo(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def pass_through():
        far = await asyncio.start_server(echo, '127.0.0.1', 0)
        target = f'127.0.0.1:{far.sockets[0].getsockname()[1]}'
        near = await asyncio.start_server(lambda r, w: delay.connect(r, w, target, 0.05), '127.0.0.1', 0)
        began = time.monotonic()
        reader, writer = await asyncio.open_connection('127.0.0.1', near.sockets[0].getsockname()[1])
        writer.write(sent)
        writer.write_eof()
        first = await reader.read(1)
        return first + await reader.read(), time.monotonic() - began

    received, seconds = asyncio.run(asyncio.wait_for(pass_through(), 60))
    assert received == sent
    # Never sooner than the line allows: the handshake's half of it, there, and back.
    assert seconds >= 0.24


def test_calls_are_counted_by_their_hosts_and_by_what_runs_there(tmp_path):
    bench = object.__new__(contestants.Bench)
    # One address is the beginning of another.
    bench.fleet = SimpleNamespace(where={f'host{index}': (f'10.77.1.{index}', 22) for index in (2, 21, 22)})
    bench.calls, bench.clock = tmp_path / 'calls', tmp_path / 'clock'
    sudo = "/bin/sh -c 'sudo -H -S -n -u root /bin/sh -c 'echo BECOME; OBPROXY_TIMEOUT=30 /usr/bin/python3''"
    calls = ['ssh -o ControlPersist', f'ssh -C 10.77.1.21 {sudo}', f'ssh -C 10.77.1.22 {sudo}', "ssh -C 10.77.1.21 /bin/sh -c 'echo ~\n'",
             'sftp -b - [10.77.1.22]', f'ssh -C 10.77.1.22 {sudo}', f'ssh -C 10.77.1.2 {sudo}', 'ssh -C 10.77.1.2 true']
    bench.calls.write_text(''.join(f'{call}\0' for call in calls))
    bench.clock.write_text('{"seconds": 0.25}')

    found = {'ssh_calls': 2, 'module_calls': 1, 'most_module_calls': 2, 'callback': 0.25}
    assert bench.counted({'wall': 1.0}) == {'wall': 1.0, **found}
