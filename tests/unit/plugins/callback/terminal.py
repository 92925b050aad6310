# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A terminal: what a program leaves on it, and how it looked on the way."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PIECES = re.compile(r'\x1b\[([?0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)')
# ansible-core 2.16 begins some and gives them up, as a terminal then does, too.
BROKEN_OFF = re.compile(r'\x1b\[(?=[\x1b\r])')


class Terminal:
    """Keeps all lines, those that have scrolled away too; knows no more than a plain terminal must."""

    def __init__(self, columns, height):
        self.columns, self.height = columns, height
        self.lines, self.row, self.column = [''], 0, 0

    def feed(self, text):
        rest = PIECES.sub(self._piece, BROKEN_OFF.sub('', text))
        assert not rest, f'unknown to a terminal: {rest!r}'

    def _piece(self, match):
        number, command, control, text = match.groups()
        if command:
            self._command(int(number or 0) if command != 'm' else 0, command)
        elif control == '\r':
            self.column = 0
        elif control == '\n':
            self.row += 1
            self.lines += [''] * (self.row + 1 - len(self.lines))
        else:
            self._text(text)
        return ''

    def _command(self, number, command):
        if command == 'A':
            self.row = max(self.row - max(1, number), len(self.lines) - self.height, 0)
        elif command == 'J':
            self.lines[self.row:] = [self.lines[self.row][:self.column]]
        elif command == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
        else:
            assert command == 'm', f'unknown to a terminal: CSI {command}'

    def _text(self, text):
        for sign in text:
            if self.column == self.columns:
                self.row, self.column = self.row + 1, 0
                self.lines += [''] * (self.row + 1 - len(self.lines))
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + sign + line[self.column + 1:]
            self.column += 1

    @property
    def text(self):
        return '\n'.join(line.rstrip() for line in self.lines).rstrip()


class Session:
    """A program that runs on a terminal."""

    def __init__(self, command, folder, environment, columns=100, height=30):
        self.terminal = Terminal(columns, height)
        self.raw, self.looks, self._rest = '', [], b''
        self._deadline = time.monotonic() + 90
        self._pid, self._fd = pty.fork()
        if not self._pid:
            try:
                os.chdir(folder)
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)
        self.resize(columns, height)
        self.settings = termios.tcgetattr(self._fd)

    def resize(self, columns, height):
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack('HHHH', height, columns, 0, 0))

    def send(self, text):
        os.write(self._fd, text.encode())

    def wait_for(self, condition):
        """Read until a condition holds for the terminal's text."""
        while not condition(self.terminal.text):
            assert self._read(), self.terminal.text

    def _read(self):
        if time.monotonic() > self._deadline:
            os.kill(self._pid, signal.SIGKILL)
            return False
        if not select.select([self._fd], [], [], 0.3)[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        # What was cut in the middle of a sequence or a sign waits for its rest.
        self._rest += data
        cut = re.search(rb'(\x1b[^A-Za-z]*|[\xc0-\xff][\x80-\xbf]*)$', self._rest)
        whole = self._rest[:cut.start()] if cut else self._rest
        self._rest = self._rest[len(whole):]
        text = whole.decode()
        self.raw += text
        self.terminal.feed(text)
        self.looks.append(self.terminal.text)
        return bool(data)

    def end(self):
        """Read all that comes; return the exit code."""
        while self._read():
            pass
        same = termios.tcgetattr(self._fd) == self.settings
        _pid, status = os.waitpid(self._pid, 0)
        os.close(self._fd)
        assert same, 'the terminal has other settings than before'
        return os.waitstatus_to_exitcode(status)
