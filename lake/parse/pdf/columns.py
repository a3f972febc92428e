"""Columns by white space, and rows out of lines: the inside of a table whose cells have no borders."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from lake.parse.pdf.geometry import PlacedWord
from lake.parse.pdf.segments import FIGURES_GAP, Segment, SegmentLine, is_currency, is_figure, is_figure_cell, is_tail

_LEAST_GUTTER = 0.45
_LEAST_CUT = 0.8
_CROSSED = 0.08
_LEAST_RICH = 5
_LONGEST_HEAD = 5
_INSIDE = 0.25
_OVERLAP = 0.75
_TIGHT = 1.45
_JUMP = 1.18
_LINKS = re.compile(
    r"of|and|the|in|to|for|on|with|by|from|or|an?|at|per|under|as|its|our|und|der|die|de|la|et", re.IGNORECASE
)

Cell = list[PlacedWord]
Cells = dict[int, Cell]


@dataclass(slots=True)
class CellRow:
    """Cells by column, out of one or more lines. ``spans`` says that a cell reaches over several columns."""

    cells: Cells
    last: Cells
    middle: float
    spans: bool = False


def columns_of(lines: Sequence[SegmentLine]) -> list[float]:
    """Where the columns part, from left to right: the middles of the gutters, without the outer edges."""
    most = max((len(line.segments) for line in lines), default=0)
    rich = [line for line in lines if len(line.segments) >= max(2, (most + 1) // 2)]
    if not rich:
        return []
    least = _LEAST_GUTTER * median(line.size for line in rich)
    edges = sorted(
        edge
        for line in rich
        for segment in line.segments
        for word in segment.words
        for edge in ((word.box.left, 1), (word.box.right, -1))
    )
    crossed = int(_CROSSED * len(rich))
    gutters = _gutters(edges, crossed, least)
    if len(rich) >= _LEAST_RICH and any(len(line.segments) < most for line in rich):
        spanned = _gutters(edges, crossed + 1, least)
        gutters += [(a, b) for a, b in spanned if not any(a < right and left < b for left, right in gutters)]
    return sorted((left + right) / 2 for left, right in gutters if _parts(left, right, rich))


def _parts(left: float, right: float, lines: Sequence[SegmentLine]) -> bool:
    """Whether hardly any line with words on both sides has a segment that reaches from one to the other."""
    inside = beside = 0
    for line in lines:
        segments = line.segments
        if segments[0].left < left and segments[-1].right > right:
            beside += 1
            inside += any(segment.left < left and segment.right > right for segment in segments)
    return beside > 0 and inside <= _INSIDE * beside


def _gutters(edges: Sequence[tuple[float, int]], crossed: int, least: float) -> list[tuple[float, float]]:
    """Upright strips, of a least width, that words of at most ``crossed`` lines reach into."""
    found = []
    depth = 0
    since: float | None = None
    for x, step in edges:
        before = depth
        depth += step
        if before > crossed >= depth:
            since = x
        elif before <= crossed < depth:
            if since is not None and x - since >= least:
                found.append((since, x))
            since = None
    return found


def place(line: SegmentLine, gutters: Sequence[float]) -> tuple[Cells, bool]:
    """The line's words by column, and whether one of its segments spans columns: it then stands in the first."""
    cells: Cells = {}
    spans = False
    for segment in line.segments:
        first, last = bisect_right(gutters, segment.left), bisect_right(gutters, segment.right)
        if first == last:
            cells.setdefault(first, []).extend(segment.words)
            continue
        for words in _parted(segment, gutters):
            left, right = words[0].box.left, words[-1].box.right
            first, last = bisect_right(gutters, left), bisect_right(gutters, right)
            if first != last:
                first = _nearest(left, right, first, last, gutters)
                spans = spans or bisect_right(gutters, left) != bisect_right(gutters, right)
            cells.setdefault(first, []).extend(words)
    return cells, spans


def _nearest(left: float, right: float, first: int, last: int, gutters: Sequence[float]) -> int:
    """The first column that the words reach into by more than a sliver."""
    while first < last and gutters[first] - left < 0.12 * (right - left):
        first += 1
    return first


def _parted(segment: Segment, gutters: Sequence[float]) -> list[Cell]:
    """A segment's words, cut at the gutters that lie in gaps wider than a space."""
    pieces = [segment.words[:1]]
    for before, word in pairwise(segment.words):
        gap = word.box.left - before.box.right
        cut = bisect_right(gutters, (before.box.left + before.box.right) / 2) != bisect_right(
            gutters, (word.box.left + word.box.right) / 2
        )
        figures = is_figure(before.text) and is_figure(word.text)
        if cut and gap >= (0.9 * FIGURES_GAP if figures else _LEAST_CUT) * segment.size:
            pieces.append([word])
        else:
            pieces[-1].append(word)
    return pieces


def figure_columns(rows: Sequence[Cells], n_columns: int) -> set[int]:
    """Columns whose cells are values for the most part, heads aside."""
    found = set()
    for column in range(n_columns):
        cells = [row[column] for row in rows if row.get(column)]
        figures = sum(is_figure_cell([word.text for word in cell]) for cell in cells)
        if figures >= 2 and figures >= 0.6 * (len(cells) - 1):
            found.add(column)
    return found


def rows_of(lines: Sequence[SegmentLine], gutters: Sequence[float]) -> list[CellRow]:
    """Rows: lines that continue cells of the line above are joined to it."""
    placed = [place(line, gutters) for line in lines]
    figures = figure_columns([cells for cells, _ in placed], len(gutters) + 1)
    rights = _right_edges(lines, placed, len(gutters) + 1)
    if len(lines) > 2 and (heads := _heads_in_order(lines[0], placed, figures)):
        placed[0] = heads, False
    pitches = [above.middle - below.middle for above, below in pairwise(lines)]
    tight = _tight_pitch(pitches)
    rows: list[CellRow] = []
    for i, (line, (cells, spans)) in enumerate(zip(lines, placed, strict=True)):
        pitch = pitches[i - 1] if i else 0.0
        if rows and _continues(rows[-1], cells, pitch / line.size, pitch <= tight, tight > 0, figures, rights, spans):
            row = rows[-1]
            for column, words in cells.items():
                row.cells[column] = row.cells.get(column, []) + words
            row.last = {**row.last, **cells}
            row.middle = line.middle
        else:
            rows.append(
                CellRow({column: list(words) for column, words in cells.items()}, dict(cells), line.middle, spans)
            )
    return rows


def _heads_in_order(line: SegmentLine, placed: Sequence[tuple[Cells, bool]], figures: set[int]) -> Cells | None:
    """The heads of columns one by one, if there is one for each but they stand beside the values that they are of.

    So they do in sheets, in which words begin at the left of a cell and figures end at its right.
    """
    if any(len(segment.words) > _LONGEST_HEAD or segment.words[0].fixed for segment in line.segments):
        return None
    used = sorted({column for cells, _ in placed[1:] for column in cells})
    if 0 not in figures and len(line.segments) == len(used) - 1:
        labels = [cells[0][-1].box.right for cells, _ in placed[1:] if 0 in cells]
        if not labels or line.segments[0].left <= max(labels):
            return None
        used = used[1:]
    if len(line.segments) != len(used) or sorted(placed[0][0]) == used or not figures - {0}:
        return None
    return {column: list(segment.words) for column, segment in zip(used, line.segments, strict=True)}


def _tight_pitch(pitches: Sequence[float]) -> float:
    """The largest distance of lines within a row, if there are two kinds of distances; else 0."""
    ordered = sorted(pitches)
    if len(ordered) < 3:
        return 0.0
    jump, at = max((b / max(a, 0.1), i) for i, (a, b) in enumerate(pairwise(ordered)) if i < len(ordered) - 1)
    n_tight = at + 1
    if jump < _JUMP or n_tight < 2 or len(ordered) - n_tight < 2:
        return 0.0
    return ordered[at] * 1.02


def _right_edges(lines: Sequence[SegmentLine], placed: Sequence[tuple[Cells, bool]], n_columns: int) -> list[float]:
    rights = [0.0] * n_columns
    for cells, spans in placed:
        if not spans:
            for column, words in cells.items():
                rights[column] = max(rights[column], words[-1].box.right)
    return rights


def _continues(
    row: CellRow,
    cells: Cells,
    pitch: float,
    tight: bool,
    two_pitches: bool,
    figures: set[int],
    rights: Sequence[float],
    spans: bool,
) -> bool:
    """Whether a line belongs to the row above it. ``pitch`` is their distance in sizes of the font."""
    if pitch < _OVERLAP:
        return True
    if any(column in figures and row.cells.get(column) and _is_value(words) for column, words in cells.items()):
        return False
    if row.spans or spans:
        return False
    if two_pitches:
        both = [column for column in cells if column in row.last]
        starts_anew = 0 in both and not any(fills(row.last[c], cells[c], rights[c]) for c in both)
        return tight and not starts_anew
    if pitch > _TIGHT:
        return False
    label, label_above = cells.get(0), row.last.get(0)
    has_values = any(column in cells for column in figures)
    if label is None:
        if set(row.cells) == {0} and has_values:
            return not row.cells[0][-1].text.endswith(":")
        return all(
            column not in figures and column in row.cells and _goes_on(row.last.get(column), words, rights[column])
            for column, words in cells.items()
        )
    if label_above is None:
        return False
    only_label_above = set(row.cells) == {0}
    if only_label_above and not has_values and len(cells) == 1:
        return False
    if len(cells) == 1 or only_label_above:
        return _label_goes_on(label_above, label, rights[0])
    return False


def _is_value(words: Cell) -> bool:
    return is_figure_cell([word.text for word in words])


def fills(above: Cell, below: Cell, right: float) -> bool:
    """Whether the first word below would not have fitted behind the words above."""
    first = below[0].box
    return above[-1].box.right + 0.2 * above[-1].size + (first.right - first.left) > right + 0.5


def _goes_on(above: Cell | None, below: Cell, right: float) -> bool:
    return bool(above) and above is not None and fills(above, below, right)


def _label_goes_on(above: Cell, below: Cell, right: float) -> bool:
    if above[-1].text.endswith(":") or not fills(above, below, right) or above[-1].bold != below[0].bold:
        return False
    indented = below[0].box.left > above[0].box.left + 0.4 * above[0].size
    starts_low = below[0].text[:1].islower() or below[0].text[:1] in "(&"
    open_end = bool(_LINKS.fullmatch(above[-1].text)) or above[-1].text[-1] in ",-\u2013/&"
    return indented or starts_low or open_end


def merged_signs(rows: Sequence[Cells], n_columns: int) -> list[list[Cell]]:
    """Cells by row, without columns of currency signs, which go to the right, or of marks, which go to the left."""
    target = list(range(n_columns))
    for column in range(n_columns):
        cells = [[word.text for word in row[column]] for row in rows if row.get(column)]
        if not cells:
            continue
        if column < n_columns - 1 and all(map(is_currency, cells)):
            target[column] = column + 1
        elif column and all(map(is_tail, cells)):
            target[column] = column - 1
    kept = [column for column in range(n_columns) if target[column] == column]
    table = []
    for row in rows:
        cells_of: dict[int, Cell] = {}
        for column in sorted(row):
            to = target[column]
            while target[to] != to:
                to = target[to]
            cells_of[to] = cells_of.get(to, []) + row[column]
        table.append([cells_of.get(column, []) for column in kept])
    return table
