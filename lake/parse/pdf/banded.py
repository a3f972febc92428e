"""Tables whose rules run across only, or around them: the bands between two rules hold rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lake.parse.pdf.assembled import table_of_rows
from lake.parse.pdf.candidate import Candidate
from lake.parse.pdf.columns import Cell, CellRow, columns_of, figure_columns, place, rows_of
from lake.parse.pdf.geometry import FoundTable
from lake.parse.pdf.segments import Segment, SegmentLine, is_under, lines_of

_WIDE_WORDS = 9


def tables_between_rules(
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
        if len(rows) < 2 or not Candidate(rows, lines, gutters).is_boxed_table(len(run)):
            continue
        if table := table_of_rows(rows, lines, gutters):
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
            n_tabular += is_under(line, above.segments)
    return n_tabular


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
