"""Page layouts drawn with characters: words where they stand, rules as ``---`` and ``|``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lake.parse.pdf.geometry import Box, PageLayout, PlacedWord

SIZE = 10.0
_STEP = 5.0
_LINE = 12.0
_RULE_LINE = 4.0
_TOP = 800.0
_LEFT = 60.0
_RULES = re.compile(r"[-=+| ]*-{3}[-=+| ]*")


def layout(drawing: str, bold: Sequence[str] = (), mono: bool = False) -> PageLayout:
    """The drawing as a page: a character is half a point size wide; lines of ``-``, ``+`` and ``|`` are rules.

    ``bold`` are words in bold. Words of an even length are a little narrower, as in a font that is not ``mono``.
    """
    words: list[PlacedWord] = []
    rules: list[Box] = []
    y = _TOP
    for line in drawing.strip("\n").splitlines():
        is_rule = bool(_RULES.fullmatch(line))
        height = _RULE_LINE if is_rule else _LINE
        for match in re.finditer(r"[-=+]{2,}" if is_rule else "(?!)", line):
            rules.append(Box(_x(match.start()), y - height / 2, _x(match.end() - 1), y - height / 2))
        for match in re.finditer(r"[|+]" if is_rule else r"\|", line):
            rules.append(Box(_x(match.start()), y - height, _x(match.start()), y))
        for match in re.finditer(r"[^\s|]+" if not is_rule else "(?!)", line):
            narrow = 1.0 if mono or len(match[0]) % 2 else 0.93
            left = _x(match.start())
            right = left + _STEP * len(match[0]) * narrow
            if not mono and _is_right_aligned(line, match.end()):
                left, right = left + _x(match.end()) - right - _LEFT + _LEFT, _x(match.end())
            box = Box(left, y - height + 1, right, y - 1)
            words.append(PlacedWord(match[0], box, SIZE, match[0] in bold))
        y -= height
    return PageLayout(595.0, 842.0, words, rules)


def _x(column: int) -> float:
    return _LEFT + _STEP * column


def _is_right_aligned(line: str, end: int) -> bool:
    return line[end : end + 2] in ("", "  ", " |") and line[:end].rstrip()[-1:].isdigit()


def table(text: str) -> list[list[str]]:
    """Rows written as lines of cells between ``|``."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
