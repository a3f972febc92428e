"""Listings: lines in type of one width, whose indentation is a matter of places on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_LEAST_LINES = 2
_MOST_FIXED = 0.5
_SAME_SIZE = 0.15
_WIDEST_STEP = 4.0
_USUAL_ADVANCE = 0.6
_LEAST_MEASURED = 6
_DEEPEST = 100
_MOST_BLANK = 2


def mark_listings(pages: Sequence[Sequence[Line]]) -> None:
    """Mark lines under each other in type of one width; none in a document that is mostly set in such type."""
    n_fixed = sum(len(line.text) for lines in pages for line in lines if line.is_fixed)
    if n_fixed > _MOST_FIXED * sum(len(line.text) for lines in pages for line in lines):
        return
    for lines in pages:
        for run in _runs(lines):
            if len(run) >= _LEAST_LINES:
                for line in run:
                    line.is_code = True


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        may_be_code = line.is_fixed and line.is_upright and not (line.table or line.is_note) and bool(line.text)
        if run and not (may_be_code and follows(run[-1], line)):
            yield run
            run = []
        if may_be_code:
            run.append(line)
    yield run


def follows(before: Line, line: Line) -> bool:
    """Whether a line stands right under another one in the same type."""
    return (
        abs(line.size - before.size) <= _SAME_SIZE * line.size and 0 < _step(before, line) <= _WIDEST_STEP * line.size
    )


def _step(before: Line, line: Line) -> float:
    return before.middle - line.middle


def listing_text(lines: Sequence[Line]) -> str:
    """The lines of a listing with the spaces and the blank lines that their places stand for."""
    advance = _advance(lines)
    left = min(line.left for line in lines)
    pitch = min((_step(a, b) for a, b in pairwise(lines)), default=0.0)
    written: list[str] = []
    for i, line in enumerate(lines):
        if i and pitch > 0:
            n_blank = round(_step(lines[i - 1], line) / pitch) - 1
            written += [""] * min(n_blank, _MOST_BLANK)
        indent = round((line.left - left) / advance) if advance else 0
        written.append(" " * min(indent, _DEEPEST) + line.text)
    return "\n".join(written)


def _advance(lines: Sequence[Line]) -> float:
    """The width of one letter; a line in which spaces are missing would give too much, so that a low one counts."""
    found = sorted((line.right - line.left) / len(line.text) for line in lines if len(line.text) >= _LEAST_MEASURED)
    return found[len(found) // 4] if found else _USUAL_ADVANCE * median(line.size for line in lines)
