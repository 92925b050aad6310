"""An RPM as large as OBProxy's own, and hosts that have it from elsewhere than the controller."""
from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import build
from fleet import Fleet

STANDIN = build.REPOSITORY / 'tests' / 'lab' / 'obproxy'
SIZE = 60 << 20
PORT = 8099
# Each host serves itself, so that what its link counts is the controller's.
SERVE = f"""set -e
rm -rf /srv/bench; mkdir -p /srv/bench /etc/yum.repos.d; tar -x -C /srv/bench
printf '[bench]\\nname=bench\\nbaseurl=file:///srv/bench\\ngpgcheck=0\\n' >/etc/yum.repos.d/bench.repo
systemctl -q is-active bench-serve || systemd-run -q --unit=bench-serve python3 -m http.server {PORT} --bind 127.0.0.1 --directory /srv/bench
"""


def rpm(folder: Path, name: str) -> Path:
    """Build the stand-in's package with padding that does not compress; return the folder with it and its index."""
    if (folder / 'repodata').exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(STANDIN))
    spec = importlib.util.spec_from_file_location('standin_build', STANDIN / 'build.py')
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    staged = maker.stage

    def padded(package, root, launcher):
        made = staged(package, root, launcher)
        (made / 'lib' / 'padding').write_bytes(os.urandom(SIZE))
        return made

    maker.stage = padded
    with tempfile.TemporaryDirectory() as work:
        launcher = maker.compile_launcher(Path(work) / 'obproxy')
        package = next(package for package in maker.PACKAGES if package.file_name == name)
        (folder / name).write_bytes(maker.build(package, launcher, Path(work)).read_bytes())
    subprocess.run(['createrepo_c', '-q', str(folder)], check=True)
    return folder


def serve(fleet: Fleet, folder: Path) -> None:
    """Give every host the package and a repository of its own."""
    path = folder.with_suffix('.tar')
    if not path.exists():
        with tarfile.open(path, 'w') as archive:
            for source in sorted(folder.iterdir()):
                archive.add(source, source.name)
    fleet.in_all(f'sudo sh -c {shlex.quote(SERVE)}', path.read_bytes())
