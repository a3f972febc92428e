"""Large first letters of chapters: they belong to the word beside them, and their size says nothing about the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line
    from lake.parse.pdf.glyphs import PageGlyphs

_LARGER = 1.7
_LEAST_LINES = 4
_INITIAL = re.compile(r"(?P<initial>[^\W\d_])(?P<space> ?)(?P<rest>[^\W\d_]\S*)")
#: Longest rest of a word whose first letter is a word by itself: "A" before "lamp", but "I" before "n".
_LONGEST_REST = 2


def join_initials(glyphs: PageGlyphs, lines: list[Line], spans: Sequence[tuple[Line, int]]) -> None:
    """Join large initials to their words; ``spans`` has each line with the index of its last glyph."""
    if len(spans) < _LEAST_LINES:
        return
    large = _LARGER * median(line.size for line, _ in spans)
    for number, (line, last) in enumerate(spans):
        if line.size < large or not line.is_upright or not line.text[:1].isupper():
            continue
        if len(line.text) == 1 and number + 1 < len(spans):
            _join_next(glyphs, lines, line, spans[number + 1][0])
        elif match := _INITIAL.match(line.text):
            _join_inside(glyphs, line, last, match)


def _join_inside(glyphs: PageGlyphs, line: Line, last: int, match: re.Match[str]) -> None:
    """The rest of the line is in smaller type."""
    size, bold, _ = glyphs.style(last)
    box = glyphs.box(last, last)
    if box is None or not 0 < size <= line.size / _LARGER:
        return
    line.size, line.bold, line.bottom, line.top = size, bold, box.bottom, box.top
    if match["space"] and not _is_word(match["initial"], match["rest"]):
        glyphs.correct(match[0], match["initial"] + match["rest"])
        line.text = match["initial"] + match["rest"] + line.text[match.end() :]


def _join_next(glyphs: PageGlyphs, lines: list[Line], initial: Line, line: Line) -> None:
    """The initial is a line of its own, right before its word."""
    is_beside = -0.1 * initial.size <= line.left - initial.right <= 0.3 * initial.size
    if not is_beside or line.size > initial.size / _LARGER or line.top < initial.bottom or not line.text[0].isalpha():
        return
    word = line.text.split(maxsplit=1)[0]
    if not _is_word(initial.text, word):
        glyphs.correct(f"{initial.text}\r\n{word}", initial.text + word)
        line.text = initial.text + line.text
    else:
        line.text = f"{initial.text} {line.text}"
    line.left = initial.left
    lines.remove(initial)


def _is_word(initial: str, rest: str) -> bool:
    """Whether the initial is a word by itself."""
    return initial in "AI" and len(rest) > _LONGEST_REST
