"""What is left out of a PDF's text, named in words: running lines by their pages, and letters that nobody can know."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.parse.account import count_words
from lake.parse.canonical import one_line
from lake.parse.document import Omission
from lake.parse.pdf.glyphs import NO_LETTERS

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line
    from lake.parse.pdf.glyphs import PageGlyphs
    from lake.parse.pdf.pages import Page

_NUMBERS = re.compile(r"\d+")
_BLACK = re.compile(r"\S+")
_BULLET = re.compile(rf"\A{NO_LETTERS.pattern}(?=\s)")
_SHORT_NAME = 4
_LONGEST_NAME = 60
_MOST_RANGES = 8
_MOST_ORNAMENTS = 8


def unread_words(glyphs: PageGlyphs) -> tuple[int, int]:
    """How many words of a page are unreadable, and how many glyphs; none if they may all be ornaments."""
    text = glyphs.text
    words = [match for match in _BLACK.finditer(text) if _is_unread(match[0])]
    n_glyphs = max(glyphs.n_unread, sum(len(NO_LETTERS.findall(match[0])) for match in words))
    n_words = sum(count_words(glyphs.raw_text[match.start() : match.end()]) for match in words)
    long_words = sum(len(NO_LETTERS.findall(match[0])) > 1 for match in words)
    is_named = n_words or long_words or glyphs.n_dropped > _MOST_ORNAMENTS
    return (max(n_words, long_words), n_glyphs) if is_named else (0, 0)


def without_unread(lines: Sequence[Line]) -> list[Line]:
    """The lines without words that are unreadable for the most part."""
    kept = []
    for line in lines:
        if line.table:
            rows = [[_BLACK.sub(_readable, cell) for cell in row] for row in line.table.rows]
            line.table = replace(line.table, rows=rows)
        elif NO_LETTERS.search(line.text):
            line.text = one_line(_BLACK.sub(_readable, _BULLET.sub("•", line.text)))
        if line.text or line.table:
            kept.append(line)
    return kept


def _readable(word: re.Match[str]) -> str:
    return "" if _is_unread(word[0]) else word[0]


def _is_unread(word: str) -> bool:
    return 2 * len(NO_LETTERS.findall(word)) >= len(word)


def running_omissions(pages: Sequence[Page], running: Sequence[dict[int, str]]) -> list[Omission]:
    """One omission for each text that is dropped, with its pages, and one for all page numbers."""
    where: dict[str, list[int]] = {}
    words: Counter[str] = Counter()
    for page, dropped in zip(pages, running, strict=True):
        for i, remaining in dropped.items():
            text = page.lines[i].text
            if remaining:
                text = text.replace(remaining, " ", 1)
            if n_words := count_words(text):
                name = _NUMBERS.sub("#", one_line(text))
                name = "page numbers" if len(name) < _SHORT_NAME or remaining else name[:_LONGEST_NAME]
                where.setdefault(name, []).append(page.number)
                words[name] += n_words
    return [Omission("running_line", words[name], f"{name}, {_ranges(numbers)}") for name, numbers in where.items()]


def _ranges(numbers: Sequence[int]) -> str:
    """Page numbers in words.

    >>> _ranges([3]), _ranges([1, 2, 3, 7]), _ranges([1, 3, 5])
    ('page 3', 'pages 1-3, 7', 'pages 1, 3, 5')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        elif not runs or number != runs[-1][-1]:
            runs.append([number])
    if len(runs) > _MOST_RANGES:
        return f"{len(set(numbers))} pages from {numbers[0]} to {numbers[-1]}"
    shown = ", ".join("-".join(map(str, run)) for run in runs)
    return f"page {shown}" if len(set(numbers)) == 1 else f"pages {shown}"
