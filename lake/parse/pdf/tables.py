"""Tables of a page by geometry: grids of rules first, then rows between rules, then columns by white space alone.

A false table destroys prose, so a candidate without rules is a table only if its columns hold figures, or short words
that are aligned and complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lake.parse.pdf.candidate import Candidate
from lake.parse.pdf.columns import Cell, CellRow, columns_of, figure_columns, merged_signs, place, rows_of
from lake.parse.pdf.geometry import Box, FoundTable, PageLayout
from lake.parse.pdf.grid_cells import grid_rows
from lake.parse.pdf.page_columns import page_regions
from lake.parse.pdf.ruled import Grid, bands_of, grids_of, joined_rules
from lake.parse.pdf.segments import Segment, SegmentLine, box_around, lines_of, segments_of

_LEAST_PAIRS = 3
_REACH = 3.0
_FAR = 3.2
_SAME_EDGE = 1.5
_MOST_SINGLES = 2
_MOST_CELL_LINES = 15
_WIDE_WORDS = 9
_HEAD_PITCH = 1.9
_TAIL_PITCH = 1.6


def find_tables(page: PageLayout) -> list[FoundTable]:
    """The page's tables from top to bottom. Every word inside a table's box is in exactly one of its cells."""
    segments = segments_of(page.words)
    if not _may_hold_table(segments):
        return []
    found = []
    across, upright = joined_rules(page.rules)
    grids = sorted(grids_of(across, upright), key=_area)
    frames = []
    for grid in grids:
        table, segments = _from_grid(grid, segments)
        if table:
            found.append(table)
        else:
            frames.append((grid.xs[0], grid.xs[-1], grid.ys))
    for left, right, ys in frames + bands_of(across):
        for table, lines in _between_rules(left, right, ys, segments):
            found.append(table)
            taken = {id(segment) for line in lines for segment in line.segments}
            segments = [segment for segment in segments if id(segment) not in taken]
    for region in page_regions(segments):
        found += _open_tables(region)
    return sorted(found, key=lambda table: (-table.box.top, table.box.left))


def _may_hold_table(segments: Sequence[Segment]) -> bool:
    """Whether enough segments stand beside another one."""
    heights = sorted([segment.bottom + segment.top for segment in segments])
    beside = sum([other - one < _REACH for one, other in pairwise(heights)])
    return beside >= _LEAST_PAIRS or (beside >= 2 and len(segments) < 12)


def _area(grid: Grid) -> float:
    box = grid.box
    return (box.right - box.left) * (box.top - box.bottom)


def _from_grid(grid: Grid, segments: list[Segment]) -> tuple[FoundTable | None, list[Segment]]:
    """The table in a grid, if it is one, and the segments that are left."""
    if len(grid.xs) < 3 or len(grid.ys) < 3:
        return None, segments
    inside: list[Segment] = []
    outside: list[Segment] = []
    box = grid.box
    for segment in segments:
        if segment.right < box.left or segment.left > box.right or not box.bottom <= segment.middle <= box.top:
            outside.append(segment)
            continue
        within = [w for w in segment.words if box.left <= (w.box.left + w.box.right) / 2 <= box.right]
        if len(within) == len(segment.words):
            inside.append(segment)
            continue
        if within:
            inside += segments_of(within)
        outside += segments_of([word for word in segment.words if word not in within])
    rows = grid_rows(grid, [word for segment in inside for word in segment.words])
    if rows is None:
        return None, segments
    words = [word for row in rows for cell in row for word in cell]
    return _table(rows, _around(box, box_around(words))), outside


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left), min(one.bottom, other.bottom), max(one.right, other.right), max(one.top, other.top)
    )


def _table(rows: Sequence[Sequence[Cell]], box: Box) -> FoundTable:
    return FoundTable(box, [[" ".join(word.text for word in cell) for cell in row] for row in rows])


def _between_rules(
    left: float, right: float, ys: Sequence[float], segments: Sequence[Segment]
) -> Iterator[tuple[FoundTable, list[SegmentLine]]]:
    """Tables among the bands between rules that begin and end alike."""
    here = [segment for segment in segments if segment.right > left and segment.left < right]
    inside = [segment for segment in here if ys[-1] < segment.middle < ys[0]]
    if len(inside) < 4 or any(s.left < left - 2 * s.size or s.right > right + 2 * s.size for s in inside):
        return
    above = [segment for segment in here if segment.middle >= ys[0]]
    bands: list[list[SegmentLine]] = [[] for _ in ys]
    for line in lines_of(inside):
        at = next(i for i, y in enumerate(ys) if i and line.middle >= y)
        bands[at].append(line)
    for run in _tabular_runs([band for band in bands if band]):
        lines = [line for band in run for line in band]
        gutters = columns_of(lines)
        if not gutters:
            continue
        if lines[0].middle > ys[1]:
            heads = _heads_on_rule(lines_of(above), ys[0], lines, gutters)
            run, lines = [*([heads] if heads else []), *run], heads + lines
        rows = _rows_of_bands(run, gutters)
        if len(rows) < 2 or not Candidate(rows, lines, gutters).is_boxed_table(len(rows) == len(run)):
            continue
        if table := _finished(rows, lines, gutters):
            yield table, lines


def _heads_on_rule(
    above: Sequence[SegmentLine], rule: float, lines: Sequence[SegmentLine], gutters: Sequence[float]
) -> list[SegmentLine]:
    """The line that stands on the first rule, if it names columns: it has several segments that keep to them."""
    if not above:
        return []
    line = above[-1]
    keeps = all(len(cell) < _WIDE_WORDS for cell in place(line, gutters)[0].values())
    near = line.bottom - rule <= 1.2 * line.size and line.middle - lines[0].middle <= 3.5 * line.size
    return [line] if keeps and near and len(line.segments) > 1 and not place(line, gutters)[1] else []


def _tabular_runs(bands: Sequence[list[SegmentLine]]) -> Iterator[list[list[SegmentLine]]]:
    """Neighbouring bands whose lines have several segments; a single line between such bands may have one."""
    run: list[list[SegmentLine]] = []
    pending: list[list[SegmentLine]] = []
    for band in bands:
        if _n_tabular(band) >= 0.5 * len(band):
            run += pending if run else []
            run.append(band)
            pending = []
        elif len(band) == 1 and len(band[0].segments[0].words) < _WIDE_WORDS:
            pending.append(band)
        else:
            if run:
                yield run
            run, pending = [], []
    if run:
        yield run


def _n_tabular(band: Sequence[SegmentLine]) -> int:
    """How many lines have several segments or go on under a segment of the last line that has."""
    n_tabular = 0
    above: SegmentLine | None = None
    for line in band:
        if len(line.segments) > 1:
            above = line
            n_tabular += 1
        elif above:
            n_tabular += _under_cell(line, above.segments)
    return n_tabular


def _under_cell(line: SegmentLine, above: Sequence[Segment]) -> bool:
    """Whether a line is a single segment that begins where one above begins."""
    return len(line.segments) == 1 and any(abs(segment.left - line.left) <= _SAME_EDGE for segment in above)


def _rows_of_bands(bands: Sequence[list[SegmentLine]], gutters: Sequence[float]) -> list[CellRow]:
    """Rows that no rule crosses. Where there are many rules, each band is one row."""
    n_lines = sum(map(len, bands))
    placed = [[place(line, gutters)[0] for line in band] for band in bands]
    figures = figure_columns([cells for band in placed for cells in band], len(gutters) + 1)
    conflicts = sum(any(sum(c in cells for cells in band) > 1 for c in figures) for band in placed)
    one_each = len(bands) >= 4 and n_lines <= 3 * len(bands) and conflicts <= 0.25 * len(bands)
    rows = []
    for band, cells_of in zip(bands, placed, strict=True):
        spans = any(place(line, gutters)[1] for line in band)
        if not one_each or spans:
            rows += rows_of(band, gutters)
            continue
        cells: dict[int, Cell] = {}
        for cells_here in cells_of:
            for column, words in cells_here.items():
                cells[column] = cells.get(column, []) + words
        rows.append(CellRow(cells, cells_of[-1], band[-1].middle))
    return rows


def _finished(rows: Sequence[CellRow], lines: Sequence[SegmentLine], gutters: Sequence[float]) -> FoundTable | None:
    """The table, unless a single column is left once signs and marks have joined their figures."""
    words = [word for line in lines for segment in line.segments for word in segment.words]
    cells = merged_signs([row.cells for row in rows], len(gutters) + 1)
    return _table(cells, box_around(words)) if len(cells[0]) > 1 else None


def _open_tables(lines: Sequence[SegmentLine]) -> Iterator[FoundTable]:
    """Tables without rules: runs of lines with several segments that make aligned columns."""
    for first, last in _runs(lines):
        run = list(lines[first:last])
        if sum(len(line.segments) > 1 for line in run) < _LEAST_PAIRS:
            continue
        run = _without_prose_edges(run)
        gutters = columns_of(run)
        if not gutters:
            continue
        rows = rows_of(run, gutters)
        if not Candidate(rows, run, gutters).is_open_table():
            continue
        heads = _heads_above(lines, first, run, gutters)
        tails = _tails_below(lines, last, run, gutters)
        if heads or tails:
            run = heads + run + tails
            rows = rows_of(run, gutters)
        if table := _finished(rows, run, gutters):
            yield table


def _runs(lines: Sequence[SegmentLine]) -> Iterator[tuple[int, int]]:
    """Stretches of lines that begin and end with several segments, with few others in between."""
    first: int | None = None
    last = singles = 0
    for i, line in enumerate(lines):
        if first is not None:
            under = _under_cell(line, lines[last].segments[1:]) and i - last <= _MOST_CELL_LINES
            singles += not under and len(line.segments) == 1
            pitch = lines[i - 1].middle - line.middle
            usual = (lines[first].middle - lines[last].middle) / (last - first) if last > first else 0.0
            too_far = pitch > max(_FAR * line.size, 1.5 * usual)
            if too_far or singles > _MOST_SINGLES or (not under and _is_sentence(line)):
                yield first, last + 1
                first = None
        if len(line.segments) > 1:
            first = i if first is None else first
            last, singles = i, 0
    if first is not None:
        yield first, last + 1


def _is_sentence(line: SegmentLine) -> bool:
    return len(line.segments) == 1 and len(line.segments[0].words) >= _WIDE_WORDS


def _without_prose_edges(run: list[SegmentLine]) -> list[SegmentLine]:
    """The run without lines of prose at its ends that happen to have a wide gap."""

    def prose(line: SegmentLine) -> bool:
        return len(line.segments) == 2 and max(len(segment.words) for segment in line.segments) >= _WIDE_WORDS

    first, last = 0, len(run)
    while first < last and prose(run[first]):
        first += 1
    while last > first and prose(run[last - 1]):
        last -= 1
    return run[first:last] if last - first >= _LEAST_PAIRS else run


def _heads_above(
    lines: Sequence[SegmentLine], first: int, run: Sequence[SegmentLine], gutters: Sequence[float]
) -> list[SegmentLine]:
    """Up to two lines above that stand over the columns of values only: heads that span columns."""
    heads: list[SegmentLine] = []
    below = run[0]
    left, right = min(line.left for line in run), max(line.right for line in run)
    for line in reversed(lines[max(0, first - 2) : first]):
        middle = (line.left + line.right) / 2
        if (
            line.left <= gutters[0]
            or line.right > right + line.size
            or line.middle - below.middle > _HEAD_PITCH * line.size
            or abs(middle - (left + right) / 2) < line.size / 2
        ):
            break
        heads.insert(0, line)
        below = line
    return heads


def _tails_below(
    lines: Sequence[SegmentLine], last: int, run: Sequence[SegmentLine], gutters: Sequence[float]
) -> list[SegmentLine]:
    """The lines below that continue a cell of the last row."""
    tails: list[SegmentLine] = []
    for line in lines[last : last + _MOST_CELL_LINES]:
        above = (tails or run)[-1]
        if len(line.segments) > 1 or above.middle - line.middle > _TAIL_PITCH * line.size:
            break
        if len(rows_of([*run, *tails, line], gutters)) > len(rows_of([*run, *tails], gutters)):
            break
        tails.append(line)
    return tails
