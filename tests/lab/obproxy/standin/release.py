"""Which OBProxy this package says it is: the VERSION file that the build wrote beside this code."""
import os


class Release(object):
    def __init__(self, name, version, release, arch):
        self.name = name
        self.version = version
        self.release = release
        self.arch = arch
        self.numbers = tuple(int(part) for part in version.split('.')[:3])

    def at_least(self, *numbers):
        return self.numbers >= numbers

    @property
    def product(self):
        return 'OceanBase CE' if self.name.endswith('-ce') else 'OceanBase'

    def text(self):
        """What -V and select proxy_version() tell."""
        build = self.release.split('.')[0]
        return '%s %s %s' % (self.product, self.version, build)

    def binary_info(self):
        """The info column of `show proxyinfo binary`."""
        return '\n'.join((
            'ObProxy-%s %s-%s' % (self.product, self.version, self.release),
            'version:RELEASE', 'MD5:', 'REVISION:stand-in', 'BUILD_TIME:stand-in'))


def read():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'VERSION')
    with open(path) as handle:
        return Release(*handle.read().split())
