"""The floor: one shell script on every host at once. floor.py TARGETS SSH-WORDS...; each target is a host and what it is sent."""
from __future__ import annotations

import json
import subprocess
import sys

REMOTE = 'sudo sh -c "mkdir -m 700 /root/bench && tar -x -C /root/bench && sh /root/bench/install.sh && rm -rf /root/bench"'


def main(targets: str, *ssh: str) -> int:
    with open(targets, encoding='utf-8') as stream:
        wanted = json.load(stream)
    running = []
    for words, bundle in wanted:
        with open(bundle, 'rb') as stdin:
            running.append((words, subprocess.Popen([*ssh, *words, REMOTE], stdin=stdin)))
    failed = [words for words, process in running if process.wait()]
    print(f'{len(running) - len(failed)} of {len(running)} hosts done', *failed, sep='\n')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
