"""Turns the lines of PDF pages into paragraphs and headings; independent of any PDF library."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.canonical import TextWriter

_DIGITS = re.compile(r"\d+")
_NOT_WORD = re.compile(r"[\W_]+")
_SENTENCE_ENDS = (".", "!", "?", ":", "”", '"')
_EDGE_LINES = 2
_LEAST_REPEATS = 3
_LEAST_DENSITY = 0.4
_LONGEST_TITLE_LINES = 4


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline: level from 1, title, page index from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class PlacedHeading:
    """A bookmark found on its page: lines ``first`` to ``last`` (exclusive) hold its words.

    Both are equal if the page does not show the title, which is then inserted before that line.
    """

    bookmark: Bookmark
    first: int
    last: int


Line = tuple[int, str]


def body_lines(pages: Sequence[Sequence[str]]) -> Iterator[list[Line]]:
    """Numbered lines of each page, without running headers and footers.

    An edge line counts as running if it recurs, digits aside, on at least three pages that are close enough together:
    a chapter's header recurs only in its own chapter.
    """
    running = _running_lines(pages)
    for lines in pages:
        edges = _edges(len(lines))
        yield [(i, line) for i, line in enumerate(lines) if i not in edges or _shape(line) not in running]


def _running_lines(pages: Sequence[Sequence[str]]) -> set[str]:
    seen: dict[str, list[int]] = defaultdict(list)
    for number, lines in enumerate(pages):
        for shape in {_shape(lines[i]) for i in _edges(len(lines))}:
            seen[shape].append(number)
    return {shape for shape, where in seen.items() if _is_running(where)}


def _is_running(where: Sequence[int]) -> bool:
    reach = where[-1] - where[0] + 1
    return len(where) >= _LEAST_REPEATS and len(where) / reach >= _LEAST_DENSITY


def _edges(n_lines: int) -> set[int]:
    return {i for i in range(n_lines) if i < _EDGE_LINES or i >= n_lines - _EDGE_LINES}


def _shape(line: str) -> str:
    return _DIGITS.sub("#", line).casefold()


def placed_headings(pages: Sequence[Sequence[str]], outline: Sequence[Bookmark]) -> dict[int, list[PlacedHeading]]:
    """Positions of the bookmarks' titles, by page; searched in order so that repeats stay distinct."""
    placed: dict[int, list[PlacedHeading]] = defaultdict(list)
    for bookmark in outline:
        before = placed[bookmark.page]
        begin = before[-1].last if before else 0
        first, last = _find_title(pages[bookmark.page], bookmark.title, begin)
        before.append(PlacedHeading(bookmark, first, last))
    return placed


def _find_title(lines: Sequence[str], title: str, begin: int) -> tuple[int, int]:
    """Lines that hold only the title, perhaps after a number or a word like "Chapter 3"."""
    wanted = _letters(title)
    for first in range(begin, len(lines)):
        joined = ""
        for last in range(first, min(first + _LONGEST_TITLE_LINES, len(lines))):
            joined += _letters(lines[last])
            if wanted and joined.endswith(wanted) and len(joined) <= len(wanted) + 12:
                return first, last + 1
            if len(joined) > len(wanted) + 12:
                break
    return begin, begin


def _letters(text: str) -> str:
    return _NOT_WORD.sub("", text).casefold()


def write_page(writer: TextWriter, lines: Sequence[Line], headings: Sequence[PlacedHeading], page: int) -> None:
    """Append one page: paragraphs between headings."""
    position = 0
    for heading in headings:
        _write_paragraphs(writer, [text for i, text in lines if position <= i < heading.first], page)
        writer.heading(heading.bookmark.title, heading.bookmark.level, page=page)
        position = heading.last
    _write_paragraphs(writer, [text for i, text in lines if i >= position], page)


def _write_paragraphs(writer: TextWriter, lines: Sequence[str], page: int) -> None:
    """Append paragraphs; a line that ends a sentence well before the right margin ends its paragraph."""
    margin = 0.85 * median(map(len, lines)) if lines else 0
    paragraph: list[str] = []
    for line in lines:
        paragraph.append(line)
        if len(line) < margin and line.endswith(_SENTENCE_ENDS):
            writer.add("\n".join(paragraph), page=page)
            paragraph = []
    writer.add("\n".join(paragraph), page=page)
