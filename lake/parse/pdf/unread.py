"""Words whose letters nobody can know, because their fonts do not state them: left out and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.parse.account import count_words
from lake.parse.canonical import one_line
from lake.parse.pdf.page_text import NO_LETTERS

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line
    from lake.parse.pdf.glyphs import PageGlyphs

_BLACK = re.compile(r"\S+")
_BULLET = re.compile(rf"\A{NO_LETTERS.pattern}(?=\s)")
#: A letter that nobody can know, behind one that is known; before one, code points for private use may be ornaments.
_INSIDE = re.compile(rf"(?<=[^\W\d_]){NO_LETTERS.pattern}|\ufffd(?=[^\W\d_])")
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


def words_with_gaps(glyphs: PageGlyphs) -> tuple[int, int]:
    """How many words are kept though letters in them can't be known, and how many of these are lost in the account.

    A word whose unknown letter the page's own text has as a replacement character is two words there too.
    """
    n_words = n_lost = 0
    for match in _BLACK.finditer(glyphs.text):
        if _INSIDE.search(match[0]) and not _is_unread(match[0]):
            n_words += 1
            n_lost += glyphs.raw_text[match.start() : match.end()] != match[0]
    return n_words, n_lost


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
