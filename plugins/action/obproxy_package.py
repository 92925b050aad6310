# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.oceanbase.obproxy.plugins.module_utils._package import (
    PackageError, check_checksum, parse_file_name)

RPM_MAGIC = b"\xed\xab\xee\xdb"


class ActionModule(ActionBase):
    """Brings the package to the host first, where it lies on the controller and the host needs it."""

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        if args.get("source", "file") != "file" or args.get("state", "present") != "present":
            return self._execute_module(module_args=args, task_vars=task_vars)
        try:
            return self._install(args, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _remote_expand_user(self, path, sudoable=True, pathsep=None):
        """Leave ~ to the shell that makes the temporary folder, which spares a call: nothing else here has one."""
        return path

    def _install(self, args, task_vars):
        local = args.pop("src", None)
        # For an upgrade nobody has surveyed the host: the module is asked first.
        asked = self._task.check_mode or args.get("name")
        if not asked and not self._is_installed(args, task_vars):
            return self._execute_module(module_args=self._transfer(local, args), task_vars=task_vars)
        result = self._execute_module(module_args=args, task_vars=task_vars)
        if result.get("transfer_needed"):
            # There was no survey, or it was out of date: the package has gone since.
            result = self._execute_module(module_args=self._transfer(local, args), task_vars=task_vars)
        elif self._task.check_mode and result.get("changed") and not self._is_installed(args, task_vars):
            self._check(self._find(local, args), args)
        return result

    def _is_installed(self, args, task_vars):
        """Whether the survey that the role took has seen this very package."""
        survey = (task_vars or {}).get("obproxy_survey") or {}
        packages = (survey.get("host") or {}).get("packages") or []
        try:
            wanted = parse_file_name(args.get("package"))._asdict()
        except PackageError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        return any(all(package.get(key) == value for key, value in wanted.items()) for package in packages)

    def _find(self, local, args):
        """The package's file on the controller."""
        if not local:
            raise AnsibleActionFail("src is missing: with source=file it is the path of the package, or of its folder, "
                                    "on the controller.")
        given = Path(os.path.expanduser(local))
        path = given / args["package"] if given.is_dir() or local.endswith("/") else given
        if not path.is_absolute():
            try:
                path = Path(self._find_needle("files", str(path)))
            except AnsibleError as exc:
                raise AnsibleActionFail(f"The package {args['package']} is not on the controller: {exc}") from exc
        if not path.is_file():
            raise AnsibleActionFail(f"The package {args['package']} is not on the controller: {path} does not exist. "
                                    "Put the file there, or name the folder that holds it.")
        return path

    def _check(self, path, args):
        """Refuse, before it travels, what is no package or has another checksum than the one given."""
        try:
            with path.open("rb") as source:
                if source.read(len(RPM_MAGIC)) != RPM_MAGIC:
                    raise AnsibleActionFail(f"{path} is no RPM package ({path.stat().st_size} bytes): it is cut "
                                            "short or damaged, or something else.")
            if args.get("checksum"):
                check_checksum(str(path), args["checksum"])
        except PackageError as exc:
            raise AnsibleActionFail(f"{path}: {exc}") from exc
        except OSError as exc:
            raise AnsibleActionFail(f"The package cannot be read on the controller: {exc}.") from exc

    def _transfer(self, local, args):
        """The module's arguments, with the file on the host and a checksum that shows a transfer cut short."""
        path = self._find(local, args)
        self._check(path, args)
        checksum = args.get("checksum") or f"sha256:{_sha256(path)}"
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        remote = shell.join_path(shell.tmpdir, args["package"])
        # Nobody but root installs packages, and root needs no rights on the file: that saves a call.
        self._transfer_file(str(path), remote)
        return dict(args, src=remote, checksum=checksum)


def _sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as source:
        for chunk in iter(lambda: source.read(1024 * 1024), b""):
            digest.update(chunk)
    return digest.hexdigest()
