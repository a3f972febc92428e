"""Footnotes: the small lines at the foot of a page's columns, also those that go on from the page before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

NOTE_MARK = re.compile(r"(?:\d{1,3}|[*\u2217†‡§¶#]{1,3}|[a-z]\)|\(\d{1,2}\)|\[\d{1,2}\])[.)]?\s*\S")
_SMALLER = 0.93
#: How a line ends whose note goes on; hardly any that is the last of its note ends in a letter.
_GOES_ON = re.compile(r"[^\W\d_][,;\-\u2010\u00ad]?\Z")
_SAME_SIZE, _SAME_EDGE, _PITCH = 0.04, 2.0, 1.7
_MOST_LINES = 15


def with_notes_last(pages: Sequence[Sequence[Line]], bodies: Sequence[float]) -> list[list[Line]]:
    """The lines of each page with its footnotes at the end; ``bodies`` are the sizes of the pages' type."""
    found = []
    before: Line | None = None
    for lines, body in zip(pages, bodies, strict=True):
        _mark_notes(lines, body, before)
        notes = [line for line in lines if line.is_note]
        found.append([line for line in lines if not line.is_note] + notes)
        before = notes[-1] if notes and _GOES_ON.search(notes[-1].text) and not notes[-1].is_fixed else None
    return found


def _mark_notes(lines: Sequence[Line], body: float, before: Line | None) -> None:
    """Mark the small lines at the foot of each column, from one that begins with a note's mark.

    Those above it go on a note that the page before does not end, whose last line is ``before``.
    """
    end = len(lines)
    while end > 0:
        first = end
        while (
            first > 0
            and _is_small(lines[first - 1], body)
            and (first == end or _is_below(lines[first], lines[first - 1]))
        ):
            first -= 1
        if 0 < first < end and (begin := _first_of_note(lines, first, end, before)) is not None:
            column = lines[begin]
            if not any(
                not line.table and line.size >= 0.97 * body and line.middle < column.middle and _overlaps(line, column)
                for line in lines
            ):
                for line in lines[begin:end]:
                    line.is_note = True
        end = first - 1 if first == end else first


def _first_of_note(lines: Sequence[Line], first: int, end: int, before: Line | None) -> int | None:
    """Where notes begin among small lines: at the first mark, or at lines that go on a note, which stand apart."""
    marked = next((i for i in range(first, end) if NOTE_MARK.match(lines[i].text)), None)
    if before is None:
        return marked
    begin = end if marked is None else marked
    while begin > first and _goes_on(before, lines[begin - 1], lines[begin] if begin < end else None):
        begin -= 1
    if begin == end:
        return None
    if (end if marked is None else marked) - begin > _MOST_LINES:
        return marked
    above, line = lines[begin - 1], lines[begin]
    is_apart = above.middle - line.middle > _PITCH * line.size or above.middle < line.middle
    return begin if begin == marked or is_apart else marked


def _goes_on(before: Line, line: Line, below: Line | None) -> bool:
    """Whether a line is set as a note's are, right above another line of notes or at their end."""
    if line.is_fixed or line.has_gap or abs(line.size - before.size) > _SAME_SIZE * before.size:
        return False
    if abs(line.left - before.left) > _SAME_EDGE * before.size:
        return False
    return below is None or 0 < line.middle - below.middle <= _PITCH * max(line.size, below.size)


def _is_small(line: Line, body: float) -> bool:
    return not line.table and line.is_upright and 0 < line.size <= _SMALLER * body


def _is_below(line: Line, before: Line) -> bool:
    return line.middle < before.middle + 0.3 * line.size


def _overlaps(one: Line, other: Line) -> bool:
    return min(one.right, other.right) - max(one.left, other.left) > 0
