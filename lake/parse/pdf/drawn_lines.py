"""The lines of a page in the order in which it draws them, as pdfium parts them; without its stamps."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.parse.pdf.geometry import Line
from lake.parse.pdf.initials import join_initials
from lake.parse.pdf.page_text import LINE_END_HYPHEN
from lake.parse.pdf.raised import is_raised, joint
from lake.parse.pdf.spaced import close_up, may_be_spaced
from lake.parse.pdf.stamps import stamps_among
from lake.parse.pdf.word_lines import WIDE_GAP, shown

if TYPE_CHECKING:
    from lake.parse.pdf.glyphs import PageGlyphs

_BLACK = re.compile(r"\S+")
_LEAST_EM = 4.0
_WIDE_ADVANCE = 0.78
#: Height of a line, in sizes, from which on it may be tilted.
_TALL = 1.5
_SAME_TYPE = 0.97
_LEAST_WIDE = 8
_LEAST_CELL_LINES = 3
_LEAST_BESIDE_LINES = 3
_LEAST_WITH_MARGINS = 12
_LONGEST_LAST_CELL = 28.0
_TREE = re.compile("[\u2502\u251c\u2514]")
_BESIDE = 7.0
_SHORT_PIECE = 3.0
_INITIAL = 1.7
_CELL_ENDS = "0123456789)%-\u2013—"
_LEADERS = "...."
_LEADERS_APART = ". . ."
_MOST_MARGIN_LINES = 3


@dataclass(slots=True)
class DrawnLines:
    """Lines as the page draws them, and what their gaps look like."""

    lines: list[Line]
    cells: list[Line] = field(default_factory=list)
    n_beside: int = 0
    n_gapped: int = 0
    n_leaders: int = 0
    spaced: list[str] = field(default_factory=list)
    #: Stamps, which are none of the lines, lines that are tilted without being stamps, and the places of the first and
    #: last glyphs of both.
    stamps: list[Line] = field(default_factory=list)
    tilted: list[Line] = field(default_factory=list)
    whole: list[tuple[int, int]] = field(default_factory=list)

    @property
    def has_columns(self) -> bool:
        """Whether the gaps may be those between a table's cells or between columns of text.

        The outermost lines of a full page are mostly its header and footer, and a page of leaders is one of contents.
        """
        if self.n_beside >= _LEAST_BESIDE_LINES:
            return True
        cells = self.cells
        if len(cells) < _LEAST_CELL_LINES or 2 * self.n_leaders > len(self.lines):
            return False
        if len(self.lines) < _LEAST_WITH_MARGINS:
            return True
        outer = self.lines[0], self.lines[-1]
        return sum(line is not outer[0] and line is not outer[1] for line in cells) >= _LEAST_CELL_LINES


def drawn_lines(glyphs: PageGlyphs) -> DrawnLines:
    lines: list[Line] = []
    found = DrawnLines(lines)
    rows: list[tuple[float, float]] | None = None
    spans: list[tuple[Line, int]] = []
    turning: list[tuple[int, int]] = []
    tilted: set[int] = set()
    begins: list[int] = []
    end = 0
    for first, text in _raw_lines(glyphs.text):
        last = first + len(text) - 1
        place = glyphs.place(first, last)
        if place is None:
            continue
        edges, (size, bold, fixed), is_one = place
        if may_be_spaced(text) and (closed := close_up(glyphs, first, text)):
            glyphs.correct(text, closed)
            found.spaced.append(closed)
            text = closed
        elif not is_one and (parted := glyphs.parted(first, text)) is not text:
            glyphs.correct(text, parted)
            text = parted
        left, bottom, right, top = edges
        line = Line(text if text.isascii() else shown(text), left, bottom, right, top, size, bold)
        if fixed:
            line.is_fixed, line.starts = True, _word_starts(glyphs, first, last) if " " in text else ()
        is_long = last - first > 1
        if is_long and top - bottom > _TALL * size and glyphs.is_tilted(first) and not glyphs.is_upside_down:
            tilted.add(id(line))
        if is_long and top - bottom > 2.5 * size and top - bottom > _LEAST_EM:
            line.is_upright = False
            turning.append((first, last))
            ends = glyphs.box(first, first), glyphs.box(last, last)
            line.runs_down = bool(ends[0] and ends[1] and ends[1].bottom < ends[0].bottom)
        if lines and line.bottom < lines[-1].top and line.top > lines[-1].bottom and _is_fragment(line, lines[-1]):
            _attach(glyphs, line, lines[-1], first, has_space=bool(glyphs.text[end + 1 : first].strip("\r\n")))
            end = last
            continue
        end = last
        begins.append(first)
        lines.append(line)
        spans.append((line, last))
        if is_long and line.is_upright:
            if rows is None and not is_one:
                rows = glyphs.rows_with_gaps(WIDE_GAP * _LEAST_EM)
            _note_gaps(found, glyphs, line, first, last, () if is_one or rows is None else rows)
    if turning and glyphs.part_where_it_turns(turning):
        return drawn_lines(glyphs)
    _take_stamps(found, glyphs, tilted, spans, begins)
    join_initials(glyphs, lines, spans)
    if len(lines) > 2:
        _margins_last(lines)
    return found


def _take_stamps(
    found: DrawnLines, glyphs: PageGlyphs, tilted: set[int], spans: Sequence[tuple[Line, int]], begins: Sequence[int]
) -> None:
    """Part the stamps of a page from its lines; of a page that is tilted as a whole, nothing is a stamp for that."""
    if 2 * len(tilted) >= len(found.lines):
        tilted = set()
    ids = set(map(id, stamps_among(found.lines, tilted)))
    if not ids and not tilted:
        return
    for (line, last), first in zip(spans, begins, strict=True):
        if id(line) in ids and glyphs.style(last).size > _SAME_TYPE * line.size:
            line.is_upright, line.is_stamp = False, True
            found.stamps.append(line)
            found.whole.append((first, last))
        elif id(line) in tilted:
            found.tilted.append(line)
            found.whole.append((first, last))
    found.lines[:] = [line for line in found.lines if not line.is_stamp]


def _raw_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pdfium parts them, without white space around them, and where they begin."""
    start = 0
    for raw in text.replace("\r", "\n").replace(LINE_END_HYPHEN, f"{LINE_END_HYPHEN}\n").split("\n"):
        if line := raw.strip():
            yield (start if line is raw else start + len(raw) - len(raw.lstrip())), line
        start += len(raw) + (0 if raw[-1:] == LINE_END_HYPHEN else 1)


def _margins_last(lines: list[Line]) -> None:
    """Put a footer that is drawn first after the text, and a header that is drawn last before it."""
    if not all(line.is_upright for line in lines):
        return
    heights = [line.middle for line in lines]
    for _ in range(min(_MOST_MARGIN_LINES, len(lines) - 2)):
        low, high = heights.index(min(heights)), heights.index(max(heights))
        if low < min(_MOST_MARGIN_LINES, len(lines) - _MOST_MARGIN_LINES):
            lines.append(lines.pop(low))
            heights.append(heights.pop(low))
        elif high >= max(_MOST_MARGIN_LINES, len(lines) - _MOST_MARGIN_LINES):
            lines.insert(0, lines.pop(high))
            heights.insert(0, heights.pop(high))
        else:
            return


def _note_gaps(
    found: DrawnLines, glyphs: PageGlyphs, line: Line, first: int, last: int, rows: Sequence[tuple[float, float]]
) -> None:
    """Note a line's wide gaps; ``rows`` are the heights and widths of those between text objects."""
    em = line.size if line.size > _LEAST_EM else _LEAST_EM
    if last - first >= _LEAST_WIDE and line.right - line.left > _WIDE_ADVANCE * em * (last - first):
        gaps = _word_gaps(glyphs, first, last, WIDE_GAP * em)
    elif rows and any(
        gap >= WIDE_GAP * em for _, gap in rows[bisect_left(rows, (line.bottom,)) : bisect_left(rows, (line.top,))]
    ):
        gaps = glyphs.gaps(first, last, WIDE_GAP * em)
    else:
        return
    if not gaps:
        return
    line.has_gap = True
    line.begins_apart = gaps[0][0] - line.left < _SHORT_PIECE * em
    line.ends_apart = line.right - gaps[-1][1] < _SHORT_PIECE * em
    text = line.text
    if _LEADERS in text or _LEADERS_APART in text:
        found.n_leaders += 1
        return
    if not text.isascii() and _TREE.search(text):
        return
    if len(gaps) > 1 or (text[-1] in _CELL_ENDS and _is_short_cell(glyphs, line, last, gaps[-1][1])):
        found.cells.append(line)
    found.n_gapped += 1
    found.n_beside += gaps[0][0] - line.left > _BESIDE * em and line.right - gaps[-1][1] > _BESIDE * em


def _is_short_cell(glyphs: PageGlyphs, line: Line, last: int, left: float) -> bool:
    """Whether what follows a line's last gap may be a value: it is short, and no word divided at the line's end."""
    return line.right - left <= _LONGEST_LAST_CELL * max(line.size, 4.0) and glyphs.text[last] != LINE_END_HYPHEN


def _word_gaps(glyphs: PageGlyphs, first: int, last: int, least: float) -> list[tuple[float, float]]:
    """Gaps between words, for a line that is drawn in one piece with wide spaces."""
    boxes = [
        box
        for match in _BLACK.finditer(glyphs.text, first, last + 1)
        if (box := glyphs.box(match.start(), match.end() - 1))
    ]
    boxes.sort()
    return [(a.right, b.left) for a, b in pairwise(boxes) if b.left - a.right >= least]


def _word_starts(glyphs: PageGlyphs, first: int, last: int) -> tuple[float, ...]:
    """Left edges of the words of a line."""
    places = (match.start() for match in _BLACK.finditer(glyphs.text, first, last + 1))
    boxes = [glyphs.box(place, place) for place in places]
    return tuple(box.left for box in boxes if box)


def _is_fragment(line: Line, before: Line) -> bool:
    """Whether pdfium began a new line only because the type is raised, lowered or smaller."""
    if not line.text:
        return False
    em = max(line.size, before.size)
    if len(before.text) == 1 and before.size > _INITIAL * line.size:
        return False
    if abs(line.middle - before.middle) > 0.6 * em or not (line.is_upright and before.is_upright):
        return False
    return -0.4 * em <= line.left - before.right <= 0.7 * em


def _attach(glyphs: PageGlyphs, line: Line, before: Line, first: int, *, has_space: bool) -> None:
    em = max(line.size, before.size) or 1.0
    sign = " "
    if not has_space and not (line.size > before.size and line.text[0].isalnum()):
        box = glyphs.box(first, first)
        higher = box is not None and is_raised(line.size, box.bottom, before.size, before.bottom)
        sign = joint(before.text, line.text, (line.left - before.right) / em, is_raised=higher)
    if sign != " ":
        left, right = before.text.split()[-1], line.text.split()[0]
        glyphs.correct(f"{left}\r\n{right}", f"{left}{sign}{right}")
    before.text += sign + line.text
    before.starts = ()
    before.is_fixed = before.is_fixed and line.is_fixed
    before.right = max(before.right, line.right)
    if line.size > before.size:
        before.size, before.bottom, before.top = line.size, line.bottom, line.top
    before.bold = before.bold and line.bold
    before.ends_apart = False
