# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCP's answer: the same envelope around every result."""

from __future__ import annotations

import dataclasses
import getpass
import secrets
import socket
import time

from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _schema
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._errors import UNAVAILABLE, RequestError
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils._task_view import moment


@dataclasses.dataclass(frozen=True)
class Actor:
    """Who asks, and who answers."""

    creator: str
    executor: str
    server: str


def actor(variables):
    """Tell who runs this: AWX's user where there is one, and the controller's name and address."""
    creator = variables.get('awx_user_name') or variables.get('tower_user_name') or _user()
    server = socket.gethostname()
    return Actor(str(creator)[:255], _address() or server, server)


def _user():
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return 'unknown'


def _address():
    """Return the address by which this machine would reach others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('192.0.2.1', 9))
            return probe.getsockname()[0]
        except OSError:
            return None


class Envelope:
    """An answer in the making; it measures how long it took."""

    def __init__(self, server):
        self.trace_id = secrets.token_hex(8)
        self._server = server
        self._begun = time.monotonic()

    def _around(self, data, status, successful):
        return {
            'data': data, 'successful': successful, 'timestamp': moment(_schema.utc_now()),
            'duration': round((time.monotonic() - self._begun) * 1000), 'status': status,
            'traceId': self.trace_id, 'server': self._server,
        }

    def answer(self, data, **more):
        """Return a good answer."""
        return {**self._around(data, 200, True), **more}

    def failure(self, message, status=UNAVAILABLE, faults=(), data=None, **more):
        """Return an answer that says what went wrong, which Ansible takes for a failed task."""
        error = {'code': status, 'message': message, 'faults': list(faults)}
        return {**self._around(data, status, False), 'error': error, 'failed': True, 'changed': False, 'msg': message, **more}

    def refusal(self, error):
        """Return the answer to a request with faults, or to one for which the registry failed."""
        if isinstance(error, RequestError):
            return self.failure(str(error), error.status, [fault.as_dict() for fault in error.faults])
        return self.failure(str(error))
