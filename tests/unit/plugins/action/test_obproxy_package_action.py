# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.oceanbase.obproxy.plugins.action.obproxy_package import ActionModule

FILE = "obproxy-ce-4.3.1.0-4.el8.x86_64.rpm"
CONTENT = b"\xed\xab\xee\xdb" + b"x" * 100
SEEN = {"host": {"packages": [{"name": "obproxy-ce", "version": "4.3.1.0", "release": "4.el8", "arch": "x86_64",
                               "dir": "/home/admin/obproxy-4.3.1.0"}]}}


class Action(ActionModule):
    """The action with a host that is only a list of what was done to it."""

    def __init__(self, args, check_mode=False, answers=()):
        task = SimpleNamespace(args=args, check_mode=check_mode, async_val=0, action="obproxy_package")
        shell = SimpleNamespace(tmpdir=None, join_path=os.path.join)
        super().__init__(task, SimpleNamespace(_shell=shell), SimpleNamespace(check_mode=check_mode), None, None, None)
        self.shell = shell
        self.done = []
        self.answers = list(answers)

    def _make_tmp_path(self, remote_user=None):
        self.done.append("mkdir")
        self.shell.tmpdir = "/remote/tmp"

    def _remove_tmp_path(self, tmp_path, force=False):
        if tmp_path:
            self.done.append(f"rm {tmp_path}")

    def _transfer_file(self, local_path, remote_path):
        self.done.append(f"put {local_path} {remote_path}")

    def _fixup_perms2(self, remote_paths, remote_user=None, execute=True):
        self.done.append("chmod")

    def _execute_module(self, module_args=None, **kwargs):
        self.done.append(("module", module_args))
        return self.answers.pop(0) if self.answers else {"changed": True}


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
    (tmp_path / FILE).write_bytes(CONTENT)
    return tmp_path


def args(folder, **changed):
    return dict({"package": FILE, "src": str(folder)}, **changed)


@pytest.mark.parametrize("part", ["", FILE])
def test_package_travels_with_its_checksum_and_is_removed_afterwards(folder, part):
    action = Action(args(folder, src=os.path.join(folder, part)))
    action.run(task_vars={})
    checksum = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    assert action.done == [
        "mkdir", f"put {folder / FILE} /remote/tmp/{FILE}",
        ("module", {"package": FILE, "src": f"/remote/tmp/{FILE}", "checksum": checksum}), "rm /remote/tmp"]


def test_installed_package_does_not_travel(folder):
    action = Action(args(folder / "none"))
    action.run(task_vars={"obproxy_survey": SEEN})
    assert action.done == [("module", {"package": FILE})]


def test_other_version_travels_though_one_is_installed(folder):
    other = FILE.replace("4.el8", "5.el8")
    (folder / other).write_bytes(CONTENT)
    action = Action(args(folder, package=other))
    action.run(task_vars={"obproxy_survey": SEEN})
    assert f"put {folder / other} /remote/tmp/{other}" in action.done


def test_package_that_went_since_the_survey_travels_after_all(folder):
    action = Action(args(folder), answers=[{"failed": True, "transfer_needed": True}, {"changed": True}])
    assert action.run(task_vars={"obproxy_survey": SEEN}) == {"changed": True}
    assert [done for done in action.done if str(done).startswith("put")]


def test_temporary_directory_goes_also_after_a_failure(folder):
    action = Action(args(folder))
    action._execute_module = lambda **kwargs: 1 / 0
    with pytest.raises(ZeroDivisionError):
        action.run(task_vars={})
    assert action.done[-1] == "rm /remote/tmp"


def test_check_mode_transfers_nothing_but_looks_at_the_file(folder):
    action = Action(args(folder), check_mode=True)
    assert action.run(task_vars={}) == {"changed": True}
    assert action.done == [("module", {"package": FILE})]
    with pytest.raises(AnsibleActionFail, match="is not on the controller"):
        Action(args(folder / "none"), check_mode=True).run(task_vars={})


@pytest.mark.parametrize("changed, words", [
    ({"src": "/no/such/folder/"}, "is not on the controller: /no/such/folder/" + FILE),
    ({"src": None}, "src is missing"),
    ({"package": "bash.rpm"}, "is no OBProxy package"),
    ({"checksum": "sha256:" + "a" * 64}, "is expected"),
    ({"checksum": "md5:1"}, "is no checksum"),
])
def test_what_is_wrong_is_told_before_anything_travels(folder, changed, words):
    action = Action(args(folder, **changed))
    with pytest.raises(AnsibleActionFail, match=words):
        action.run(task_vars={})
    assert action.done == []


def test_file_that_is_no_package(folder):
    (folder / FILE).write_text("<html>")
    with pytest.raises(AnsibleActionFail, match="no RPM package .6 bytes"):
        Action(args(folder)).run(task_vars={})


@pytest.mark.parametrize("changed", [{"source": "url", "url": "http://x/"}, {"source": "repo"}, {"state": "absent"}])
def test_nothing_travels_for_other_sources_and_removal(folder, changed):
    action = Action(args(folder, **changed))
    action.run(task_vars={})
    assert action.done == [("module", args(folder, **changed))]
