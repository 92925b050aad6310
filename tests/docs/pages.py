"""What the pages hold: commands with a word on who runs them, and files to be copied."""
from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / 'README.md', ROOT / 'docs' / 'quickstart.md', *sorted((ROOT / 'docs').glob('*.md'))]
BLOCK = re.compile(r'(?:^ *<!-- ((?:not )?run\b[^\n]*) -->\n)?^( *)```console\n(.*?)^\2```$', re.MULTILINE | re.DOTALL)
FILE = re.compile(r'^ *`([\w./]+\.(?:cfg|yml|json))`[^\n]*:[^\n]*\n(?:(?! *`)[^\n]+\n)*\n( *)```\w+\n(.*?)^\2```$', re.MULTILINE | re.DOTALL)
HERE = 'tests/docs'


class Block(NamedTuple):
    page: Path
    mark: str
    commands: list[str]

    @property
    def runner(self) -> str:
        """Who runs it: a scenario, or a folder of tests; nobody, where the mark says why not."""
        return self.mark.removeprefix('run by ') if self.mark.startswith('run by ') else ''


def blocks(pages=None) -> list[Block]:
    found = []
    for page in dict.fromkeys(pages or PAGES):
        for mark, _margin, text in BLOCK.findall(page.read_text(encoding='utf-8')):
            lines = textwrap.dedent(text).replace('\\\n', '')
            commands = [re.sub(r'\s+# .*', '', command) for command in re.findall(r'^[$#] (.+)$', lines, re.MULTILINE)]
            found.append(Block(page, mark, commands))
    return found


def files(page: Path) -> dict[str, str]:
    return {name: textwrap.dedent(text) for name, _margin, text in FILE.findall(page.read_text(encoding='utf-8'))}


def commands() -> list[str]:
    """The commands that the tests here run, each once."""
    return list(dict.fromkeys(command for block in blocks() if block.runner == HERE for command in block.commands))
