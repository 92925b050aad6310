"""The packages that the build makes, and the tree that each of them installs."""
from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = [HERE / name for name in ('build.py', 'obproxy_packages.py', 'launcher.c', 'broken_obproxyd',
                                    'package.spec.in', 'scriptlets.in')]
SOURCES += [path for path in sorted((HERE / 'standin').iterdir()) if path.is_file()]


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    release: str
    arch: str = 'x86_64'
    signed: bool = False
    truncated: bool = False

    @property
    def community(self) -> bool:
        return self.name == 'obproxy-ce'

    @property
    def folder(self) -> str:
        base = '/home/admin' if self.community else '/opt/taobao/install'
        return f'{base}/obproxy-{self.version}'

    @property
    def file_name(self) -> str:
        return f'{self.name}-{self.version}-{self.release}.{self.arch}.rpm'


PACKAGES = [
    Package('obproxy', '1.9.1.1', '1919579.el7'),
    Package('obproxy', '3.2.3', '20220310201314.el7'),
    Package('obproxy-ce', '4.2.3.0', '3.el8'),
    Package('obproxy-ce', '4.3.1.0', '4.el8'),
    Package('obproxy-ce', '4.3.1.0', '4.el7'),
    Package('obproxy-ce', '4.3.1.0', '4.el8', arch='aarch64'),
    Package('obproxy-ce', '4.3.2.0', '1.el8', signed=True),
    Package('obproxy-ce', '4.3.3.0', '1.el8', truncated=True),
]


def compile_launcher(target: Path) -> Path:
    """For x86_64 in a form that old hosts run too; launcher.c says how."""
    command = ['gcc', '-O2', '-Wall', '-o', str(target), str(HERE / 'launcher.c')]
    if platform.machine() == 'x86_64':
        command += ['-nostartfiles', '-Wl,--no-as-needed', '-l:libdl.so.2']
    else:
        command += ['-ldl']
    subprocess.run(command, check=True)
    return target


def stage(package: Package, root: Path, launcher: Path) -> Path:
    """Lays the package's files out under root, as rpm -i would under /. -> its own directory"""
    folder = root / package.folder.lstrip('/')
    binaries, library = folder / 'bin', folder / 'lib' / 'standin'
    binaries.mkdir(parents=True)
    shutil.copy(launcher, binaries / 'obproxy')
    shutil.copy(HERE / 'broken_obproxyd', binaries / 'obproxyd.sh')
    for path in binaries.iterdir():
        path.chmod(0o755)
    shutil.copytree(HERE / 'standin', library, ignore=shutil.ignore_patterns('__pycache__'))
    (library / 'VERSION').write_text(
        f'{package.name} {package.version} {package.release} {package.arch}\n')
    return folder
