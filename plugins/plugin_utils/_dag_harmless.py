# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a callback that only watches a run from disturbing it."""

from __future__ import annotations

import functools


def harmless(method):
    """Let no fault of this callback disturb the run that it only watches."""
    @functools.wraps(method)
    def guarded(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except Exception as exc:
            self.disabled = True
            self._let_go()
            self._display.warning(f'The callback oceanbase.obproxy.dag stopped in {method.__name__}: '
                                  f'{type(exc).__name__}: {self._mask(str(exc))}. The run itself goes on.')
    return guarded
