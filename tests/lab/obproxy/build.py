"""Builds the stand-in OBProxy's RPMs into a folder: build.py OUTDIR

Only what is missing there, or older than the sources, is built. Prints each file's path.
"""
from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from obproxy_packages import HERE, PACKAGES, SOURCES, Package, compile_launcher, stage  # noqa: E402

NEEDED = {'gcc': 'gcc libc6-dev', 'rpmbuild': 'rpm', 'rpmsign': 'rpm', 'gpg': 'gnupg'}
PUBLIC_KEY = 'RPM-GPG-KEY-obproxy-standin'
KEY_NAME = 'OBProxy stand-in'


def check_tools() -> None:
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        names = ' '.join(sorted({NEEDED[tool] for tool in missing}))
        sys.exit(f"build.py needs {', '.join(missing)}: apt-get install {names}")


def run(*command: str, **more) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")


def fill(template: str, values: dict[str, str]) -> str:
    text = (HERE / template).read_text()
    for name, value in values.items():
        text = text.replace(f'@{name}@', value)
    return text


def build(package: Package, launcher: Path, work: Path) -> Path:
    """One RPM, in the work folder."""
    top = work / f'{package.name}-{package.version}-{package.release}.{package.arch}'
    root = top / 'stage'
    stage(package, root, launcher)
    values = {'NAME': package.name, 'VERSION': package.version, 'RELEASE': package.release,
              'FOLDER': package.folder, 'STAGE': str(root)}
    values['SCRIPTS'] = fill('scriptlets.in', values) if package.community else ''
    spec = top / 'package.spec'
    spec.write_text(fill('package.spec.in', values))
    defines = {
        '_topdir': top, '_rpmdir': top, '_rpmfilename': '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
        # the file is packed as it is, in a form that EL7's rpm reads
        '__os_install_post': '%{nil}', 'debug_package': '%{nil}', '_build_id_links': 'none',
        '_binary_payload': 'w6.gzdio',
    }
    options = [word for name, value in defines.items() for word in ('--define', f'{name} {value}')]
    run('rpmbuild', '-bb', '--target', package.arch, *options, str(spec))
    return top / package.file_name


def sign(path: Path, outdir: Path, work: Path) -> None:
    keys = outdir / 'gnupg'
    public = outdir / PUBLIC_KEY
    if not public.exists():
        shutil.rmtree(keys, ignore_errors=True)
    keys.mkdir(mode=0o700, exist_ok=True)
    # gpg-agent's socket lies in its home, and the path of a socket has to be short
    home = work / 'gnupg'
    home.symlink_to(keys)
    gpg = ('gpg', '--homedir', str(home), '--batch', '--yes')
    try:
        if not public.exists():
            run(*gpg, '--passphrase', '', '--quick-generate-key', KEY_NAME, 'rsa2048', 'sign', 'never')
            run(*gpg, '--armor', '--output', str(public), '--export', KEY_NAME)
        run('rpmsign', '--define', f'_gpg_name {KEY_NAME}', '--define', f'_gpg_path {home}',
            '--define', f"__gpg {shutil.which('gpg')}", '--addsign', str(path))
    finally:
        subprocess.run(['gpgconf', '--homedir', str(home), '--kill', 'gpg-agent'], check=False)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def outdated(package: Package, outdir: Path) -> bool:
    wanted = [outdir / package.file_name] + ([outdir / PUBLIC_KEY] if package.signed else [])
    if not all(path.exists() for path in wanted):
        return True
    newest = max(source.stat().st_mtime for source in SOURCES)
    return (outdir / package.file_name).stat().st_mtime < newest


def build_missing(outdir: Path) -> None:
    todo = [package for package in PACKAGES if outdated(package, outdir)]
    if not todo:
        return
    check_tools()
    with tempfile.TemporaryDirectory(prefix='standin-') as folder:
        work = Path(folder)
        launcher = compile_launcher(work / 'obproxy')
        for package in todo:
            path = build(package, launcher, work)
            if package.signed:
                sign(path, outdir, work)
            if package.truncated:
                truncate(path)
            # whoever looks at the folder meanwhile never sees half a file
            new = outdir / f'.{package.file_name}'
            shutil.copyfile(path, new)
            new.rename(outdir / package.file_name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('outdir', type=Path)
    outdir = parser.parse_args().outdir.resolve()
    outdir.mkdir(parents=True, exist_ok=True)
    with open(outdir / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_missing(outdir)
    for package in PACKAGES:
        print(outdir / package.file_name)


if __name__ == '__main__':
    main()
