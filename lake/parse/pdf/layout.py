"""Turns the lines of PDF pages into paragraphs, tables and headings; independent of any PDF library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from lake.parse.pdf.hyphens import HYPHENS
from lake.parse.pdf.listings import follows, listing_text
from lake.parse.pdf.notes import NOTE_MARK

if TYPE_CHECKING:
    from lake.parse.canonical import TextWriter
    from lake.parse.pdf.bookmarks import PlacedHeading
    from lake.parse.pdf.geometry import Line
    from lake.parse.pdf.hyphens import Hyphens

_SENTENCE_ENDS = (".", "!", "?", ":", "”", '"')
_BULLET = re.compile(r"[•‣▪◦●○■□▪\u2013—*\-]\s|\(?[a-z\d]{1,2}[.)]\s|\[[x ]\] ")
_USUAL_PITCH = 1.2
_WIDER_PITCH = 1.3


def without_running(lines: Sequence[Line], running: dict[int, str]) -> list[Line]:
    """The lines of a page without its running lines, by index with what remains of each."""
    kept: list[Line] = []
    for i, line in enumerate(lines):
        remaining = running.get(i)
        if remaining is not None:
            line.text = remaining
        if line.text or line.table:
            kept.append(line)
    return kept


def join_divided(pages: Sequence[Sequence[Line]], hyphens: Hyphens) -> None:
    """Join words that go over the end of a line or of a page; a word stands where it begins."""
    before: Line | None = None
    note: Line | None = None
    for lines in pages:
        last: Line | None = None
        for line in lines:
            last = line if not (line.is_note and last and not last.is_note) else last
            if line.table or line.is_code or not line.text:
                continue
            if line.is_note and note is not None and (before is None or not before.is_note):
                before = note
            if before is not None and before.text[-1:] in HYPHENS and _is_similar(before, line):
                before.text, line.text = hyphens.joined(before.text, line.text) or (before.text, line.text)
            if line.text:
                before = line
        note = before if before is not None and before.is_note else None
        before = next((line for line in reversed(lines) if not line.is_note and line.text), None) if lines else before


def _is_similar(one: Line, other: Line) -> bool:
    return one.is_note == other.is_note and abs(one.size - other.size) <= 0.25 * max(one.size, other.size)


def write_page(writer: TextWriter, lines: Sequence[Line], headings: Sequence[PlacedHeading], page: int) -> None:
    """Append one page: its paragraphs and tables, between its headings."""
    position = 0
    for heading in headings:
        _write_blocks(writer, lines[position : heading.first], page)
        writer.heading(heading.title, heading.level, page=page)
        position = max(position, heading.last)
    _write_blocks(writer, lines[position:], page)


def _write_blocks(writer: TextWriter, lines: Sequence[Line], page: int) -> None:
    texts = [line for line in lines if line.text and not line.table]
    margin = 0.85 * median(len(line.text) for line in texts) if texts else 0.0
    pitch = _WIDER_PITCH * _pitch(texts)
    paragraph: list[Line] = []
    for line in lines:
        if line.table is None and not line.text:
            continue
        if paragraph and (line.table or _begins(paragraph[-1], line, margin, pitch)):
            _write_lines(writer, paragraph, page)
            paragraph = []
        if line.table:
            writer.table(line.table.rows, page=page)
        else:
            paragraph.append(line)
    _write_lines(writer, paragraph, page)


def _write_lines(writer: TextWriter, lines: Sequence[Line], page: int) -> None:
    if lines and lines[0].is_code:
        writer.code(listing_text(lines), page=page)
    else:
        writer.add("\n".join(line.text for line in lines), page=page)


def _pitch(lines: Sequence[Line]) -> float:
    """Usual distance of lines, in units of their size."""
    steps = list(_steps(lines))
    return min(2.5, max(1.0, median(steps))) if steps else _USUAL_PITCH


def _steps(lines: Sequence[Line]) -> Iterator[float]:
    height = 0.0
    for i, line in enumerate(lines):
        above, height = height, line.bottom + line.top
        if i and line.size and 0.8 < (step := (above - height) / (2 * line.size)) < 2.5:
            yield step


def _begins(before: Line, line: Line, margin: float, pitch: float) -> bool:
    """Whether ``line`` begins a new paragraph or listing after ``before``."""
    if before.is_code or line.is_code:
        return not (before.is_code and line.is_code and follows(before, line))
    if before.is_note != line.is_note or before.is_upright != line.is_upright:
        return True
    if line.is_note and NOTE_MARK.match(line.text):
        return True
    if before.text[-1:] == "-" and before.text[-2:-1].isalpha() and line.text[:1].islower():
        return False
    if _BULLET.match(line.text) or (len(before.text) < margin and before.text.endswith(_SENTENCE_ENDS)):
        return True
    if not line.is_upright:
        return False
    size = max(line.size, before.size)
    if abs(line.size - before.size) > 0.15 * size:
        return True
    step = before.middle - line.middle
    if step < -0.5 * size:
        return before.text.endswith(_SENTENCE_ENDS)
    return step > pitch * size or (line.left > before.left + size and before.text.endswith(_SENTENCE_ENDS))
