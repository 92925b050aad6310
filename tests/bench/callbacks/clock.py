"""Measures how long Ansible waits for the collection's callback. Has to be enabled before it."""
from __future__ import annotations

import functools
import json
import os
import time

from ansible.plugins.callback import CallbackBase
from ansible_collections.oceanbase.obproxy.plugins.callback import dag
from ansible_collections.oceanbase.obproxy.plugins.plugin_utils import _forks

DOCUMENTATION = '''
name: clock
type: notification
short_description: Measures how long Ansible waits for the collection's callback
description: [Writes the seconds to the file that the environment names in BENCH_CLOCK.]
'''
SPENT = {'seconds': 0.0, 'depth': 0}


def timed(method):
    @functools.wraps(method)
    def wrapper(*args, **kwargs):
        began = time.monotonic()
        SPENT['depth'] += 1
        try:
            return method(*args, **kwargs)
        finally:
            SPENT['depth'] -= 1
            if not SPENT['depth']:
                SPENT['seconds'] += time.monotonic() - began
                if method.__name__ == 'v2_playbook_on_stats':
                    write()
    return wrapper


def paused(method):
    """Don't count the time in which Ansible would look for a free fork itself."""
    @functools.wraps(method)
    def wrapper(*args, **kwargs):
        began = time.monotonic()
        try:
            return method(*args, **kwargs)
        finally:
            SPENT['seconds'] -= time.monotonic() - began
    return wrapper


def write():
    with open(os.environ['BENCH_CLOCK'], 'w', encoding='utf-8') as stream:
        json.dump(SPENT, stream)


for name in [name for name in dir(dag.CallbackModule) if name.startswith('v2_')]:
    if name in vars(dag.CallbackModule):
        setattr(dag.CallbackModule, name, timed(getattr(dag.CallbackModule, name)))

_forks.keep_one_free = paused(_forks.keep_one_free)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'clock'
    CALLBACK_NEEDS_ENABLED = True
