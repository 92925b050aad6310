# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import shutil
import threading

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:  # Python 2.7
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

import pytest

from ansible_collections.oceanbase.obproxy.plugins.module_utils import _download
from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import PackageError, Rpm, parse_file_name
from ansible_collections.oceanbase.obproxy.tests.unit.plugins.host_support import build_rpm, run, write

HERE = os.uname()[4]


class Handler(BaseHTTPRequestHandler):
    """Serves a fixed content; /short promises more than it sends."""

    content = b'x' * 100000

    def do_GET(self):
        if self.path == '/none.rpm':
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(self.content) * (2 if 'short' in self.path else 1)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture(name='server')
def server_fixture(monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    server = HTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield '127.0.0.1:%d' % server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_folder_or_whole_url():
    assert _download.package_url('http://x/a', 'b.rpm') == 'http://x/a/b.rpm'
    assert _download.package_url('http://x/a/', 'b+c.rpm') == 'http://x/a/b%2Bc.rpm'
    assert _download.package_url('http://x/a/c.rpm', 'b.rpm') == 'http://x/a/c.rpm'


def test_url_is_downloaded(server, tmp_path):
    _download.from_url('http://%s/good.rpm' % server, str(tmp_path / 'x'))
    assert (tmp_path / 'x').read_bytes() == Handler.content


def test_missing_file_on_the_server(server, tmp_path):
    with pytest.raises(PackageError, match='none.rpm cannot be downloaded on this host: HTTP Error 404'):
        _download.from_url('http://%s/none.rpm' % server, str(tmp_path / 'x'))


def test_download_cut_short(server, tmp_path):
    with pytest.raises(PackageError, match='cut short|cannot be downloaded'):
        _download.from_url('http://%s/short.rpm' % server, str(tmp_path / 'x'))


def test_password_in_the_url_is_not_told(server, tmp_path):
    with pytest.raises(PackageError) as caught:
        _download.from_url('http://user:secret@%s/none.rpm' % server, str(tmp_path / 'x'))
    assert 'secret' not in str(caught.value)


@pytest.fixture(name='repository')
def repository_fixture(tmp_path):
    """dnf with a root, a repository and a package of its own; delivers the options and the unsigned package."""
    for command in ('dnf', 'createrepo_c'):
        assert any(os.access(folder + '/' + command, os.X_OK) for folder in ('/usr/bin', '/bin')), \
            command + ' is missing: install dnf and createrepo-c'
    (tmp_path / 'repo').mkdir()
    path = build_rpm(tmp_path / 'repo')
    other = build_rpm(tmp_path, version='4.2.3.0', release='3.el8')
    shutil.rmtree(str(tmp_path / 'repo' / 'top'))
    assert run(['createrepo_c', '-q', str(tmp_path / 'repo')])[0] == 0
    root = tmp_path / 'root'
    root.mkdir()
    (tmp_path / 'repos').mkdir()
    options = ['--installroot=%s' % root, '--setopt=reposdir=%s' % (tmp_path / 'repos'), '--releasever=8',
               '--forcearch=' + HERE, '--setopt=keepcache=0']

    def configure(gpgcheck):
        write(tmp_path / 'repos' / 'test.repo', '[test]\nname=test\nbaseurl=file://%s/repo\ngpgcheck=%d\n'
              'username=x\npassword=hidden\n' % (tmp_path, gpgcheck))
    Rpm(run, ['--root', str(root)], str(root)).install(other)
    return configure, options, path


@pytest.mark.skipif(os.geteuid() != 0, reason='dnf needs root')
def test_repository_delivers_another_version_beside_the_installed_one(repository, tmp_path):
    configure, options, path = repository
    nevra = parse_file_name(os.path.basename(path))
    configure(gpgcheck=0)
    (tmp_path / 'target').mkdir()
    found = _download.from_repo(nevra, str(tmp_path / 'target'), None, run, '/usr/bin/dnf', options)
    with open(found, 'rb') as delivered, open(path, 'rb') as original:
        assert delivered.read() == original.read()
    with pytest.raises(PackageError, match='did not deliver.*4.9.9.9'):
        _download.from_repo(nevra._replace(version='4.9.9.9'), str(tmp_path / 'target'), None, run, '/usr/bin/dnf',
                            options)


@pytest.mark.skipif(os.geteuid() != 0, reason='dnf needs root')
def test_repository_with_gpgcheck_does_not_deliver_an_unsigned_package(repository, tmp_path):
    configure, options, path = repository
    configure(gpgcheck=1)
    with pytest.raises(PackageError, match='did not deliver.*GPG') as caught:
        _download.from_repo(parse_file_name(os.path.basename(path)), str(tmp_path / 'root'), None, run,
                            '/usr/bin/dnf', options)
    assert 'hidden' not in str(caught.value)


@contextlib.contextmanager
def yum(tmp_path, gpgcheck):
    """A yum that delivers a file and stops before it checks signatures."""
    nevra = parse_file_name('obproxy-ce-4.3.1.0-4.el8.x86_64.rpm')
    write(tmp_path / 'x.repo', '[x]\nname=x\ngpgcheck = %s\n' % gpgcheck)
    write(tmp_path / 'yum.conf', '[main]\ngpgcheck=1\n')
    checked = []

    class FakeRpm(object):
        """Notes what is to be checked."""

        def check_signature(self, path):
            checked.append(os.path.basename(path))

    def answer(argv):
        if 'list' in argv:
            return 0, 'Available Packages\nobproxy-ce.x86_64\n      4.3.1.0-4.el8     \n   x\n', ''
        write(tmp_path / ('%s.rpm' % str(nevra)), 'package')
        return 1, '', 'exiting because "Download Only" specified'
    original = _download._demands_signature
    _download._demands_signature = lambda repository: original(
        repository, (str(tmp_path / 'yum.conf'),), str(tmp_path))
    try:
        _download.from_repo(nevra, str(tmp_path), FakeRpm(), answer, '/usr/bin/yum')
        yield checked
    finally:
        _download._demands_signature = original


@pytest.mark.parametrize('gpgcheck, signatures', [('1', 1), ('yes', 1), ('0', 0), ('False', 0)])
def test_yum_leaves_the_signature_to_us(tmp_path, gpgcheck, signatures):
    with yum(tmp_path, gpgcheck) as checked:
        assert len(checked) == signatures


@pytest.mark.parametrize('repository, main, demanded', [
    ('x', 'gpgcheck=0', False), ('x', 'gpgcheck=1', True), ('x', '', True), ('unknown', 'gpgcheck=0', True),
    (None, 'gpgcheck=0', True)])
def test_signature_is_demanded_by_default_of_the_main_configuration(tmp_path, repository, main, demanded):
    write(tmp_path / 'yum.conf', '[main]\n%s\n' % main)
    write(tmp_path / 'x.repo', '[x]\nname=x\n')
    write(tmp_path / 'broken.repo', 'nonsense\n')
    assert _download._demands_signature(repository, (str(tmp_path / 'yum.conf'),), str(tmp_path)) is demanded
