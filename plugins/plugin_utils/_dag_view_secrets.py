# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps secrets out of what is shown: in messages, and in the command line that is repeated."""

from __future__ import annotations

import os
import re
import shlex

from ansible.module_utils.common.text.converters import to_text

SECRETIVE = re.compile(r'pass|pwd|secret|token|credential|key|(^|_)pin($|_)', re.IGNORECASE)
EXTRA_VARS = re.compile(r'^-[bCDKkJvh]*e')
PLAIN = re.compile(r'^[\w.,:/@%+-]*$')
SHORTEST = 4
MASK = '********'


def secrets_in(name, value, inherited=False):
    """Yield the secrets in a variable, by its name and the names within it."""
    secret = inherited or bool(SECRETIVE.search(to_text(name)))
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secrets_in(key, inner, secret)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from secrets_in(name, inner, secret)
    elif secret and value is not None and not isinstance(value, bool):
        text = to_text(value)
        if len(text) >= SHORTEST:
            yield text


def may_hold_secrets(name):
    """Tell whether a variable of this name is worth looking into."""
    return name == 'obproxy_ob_clusters' or (
        name.startswith(('obproxy_', 'ansible_')) and bool(SECRETIVE.search(name)))


class Masker:
    """Masks known secrets in texts."""

    def __init__(self):
        self._known = set()

    def learn(self, secrets):
        """Remember secrets."""
        self._known.update(secrets)

    def __call__(self, text):
        text = re.sub(r'(://[^/\s:@]*):[^@\s]*@', rf'\1:{MASK}@', text)
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


def _guarded_variables(text):
    """Return an -e argument with its values left out where they might be secret."""
    if text.startswith('@'):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        return '...'
    if not words or text.lstrip().startswith(('{', '[')) or not all('=' in word for word in words):
        return '...'
    return ' '.join(_guarded_pair(*word.split('=', 1)) for word in words)


def _guarded_pair(key, value):
    known = key.startswith('obproxy_') and not key.endswith(('_url', '_clusters')) and not SECRETIVE.search(key)
    return f'{key}={value}' if known and PLAIN.match(value) else f'{key}=...'


def _guarded_words(words):
    words = iter(words)
    for word in words:
        short = EXTRA_VARS.match(word)
        option, equals, value = word.partition('=')
        if short and not word.startswith('--'):
            value = word[short.end():]
            yield from [short.group(), _guarded_variables(value or next(words, ''))]
        elif len(option) > 3 and '--extra-vars'.startswith(option):
            yield from ['--extra-vars', _guarded_variables(value if equals else next(words, ''))]
        elif option.endswith('-args') and option.startswith('--'):
            value = value if equals else next(words, '')
            yield from [option, '...' if SECRETIVE.search(value) else value]
        else:
            yield word


def command_line(argv, masker):
    """Return a command line that can be pasted into a shell, without the secrets in it."""
    words = [os.path.basename(argv[0]), *_guarded_words(argv[1:])]
    return ' '.join(_quoted(masker(word)) for word in words)


def _quoted(word):
    return word if re.fullmatch(r'[\w@%+=:,./-]+', word) else shlex.quote(word)
