"""The tool's commands."""
from __future__ import annotations

import argparse
import os
import sys
import time

import faults
import lab as labs
import needs
from lab import Lab
from settings import LabError


def up(lab: Lab, options) -> None:
    needs.install(needs.NEEDS)
    began = time.monotonic()
    found = lab.up(options.count, options.no_systemd, options.image)
    for host in found:
        print(f'{host.name}  {host.address}:{host.port}  {host.kind}')
    print(f'lab {lab.name}: {len(found)} hosts in {time.monotonic() - began:.1f} s, inventory {lab.inventory}')


def status(lab: Lab, _options) -> None:
    found = lab.hosts()
    for host in found:
        where = lab.host(host.index) if host.running else host
        print(f'{host.name}  {where.address or "-"}:{where.port}  {host.kind}  '
              f'{"running" if host.running else "stopped"}')
    if not found:
        print(f'lab {lab.name} is not up')


def ssh(lab: Lab, options) -> None:
    command = lab.ssh(options.index, *options.command)
    sys.stdout.flush()
    os.execvp(command[0], command)


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog='lab', description='Test hosts that are reached by real SSH.')
    commands = main.add_subparsers(required=True, metavar='command')

    def command(name, function, help_text):
        added = commands.add_parser(name, help=help_text, description=help_text)
        added.add_argument('--name', default='lab', help='the lab (several may be up side by side)')
        added.set_defaults(function=function)
        return added

    added = command('up', up, 'bring up N hosts; those that are up stay as they are')
    added.add_argument('count', type=int, metavar='N')
    added.add_argument('--no-systemd', type=int, default=0, metavar='K', help='the last K of them without systemd')
    added.add_argument('--image', help='rockylinux:8, rockylinux:9, another of a registry, or made (here)')
    command('down', lambda lab, _: lab.down(), 'take away all that up made')
    command('status', status, 'say which hosts are there')
    added = command('ssh', ssh, 'log in to host I, or run a command there')
    added.add_argument('index', type=int, metavar='I')
    added.add_argument('command', nargs=argparse.REMAINDER)
    for fault in (faults.reboot, faults.kill, faults.start, faults.pause, faults.unpause):
        added = command(fault.__name__, lambda lab, options, run=fault: run(lab, options.index), fault.__doc__)
        added.add_argument('index', type=int, metavar='I')
    added = command('line', lambda lab, options: faults.line(lab, options.index, *options.what), faults.line.__doc__)
    added.add_argument('index', type=int, metavar='I')
    added.add_argument('what', nargs=argparse.REMAINDER)
    command('prepare', lambda *_: needs.install(needs.NEEDS), 'install what the lab needs on this machine')
    command('clean', lambda *_: labs.clean(), 'take away every lab of this clone and the image')
    return main


def main() -> int:
    options = parser().parse_args()
    try:
        options.function(Lab(options.name), options)
    except LabError as error:
        print(f'lab: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
