"""Tables without rules: runs of lines whose segments make aligned columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lake.parse.pdf.assembled import table_of_rows
from lake.parse.pdf.candidate import Candidate
from lake.parse.pdf.columns import columns_of, rows_of
from lake.parse.pdf.geometry import FoundTable
from lake.parse.pdf.segments import SegmentLine, is_under

_LEAST_PAIRS = 3
_LEAST_WORDED = 7
_FAR = 3.2
_MOST_SINGLES = 2
_MOST_CELL_LINES = 15
_WIDE_WORDS = 9
_HEAD_PITCH = 1.9
_TAIL_PITCH = 1.6


def open_tables(lines: Sequence[SegmentLine]) -> Iterator[FoundTable]:
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
        if table := table_of_rows(rows, run, gutters):
            yield table


def worded_tables(lines: Sequence[SegmentLine]) -> Iterator[tuple[FoundTable, list[SegmentLine]]]:
    """Tables without rules whose cells are prose, and their lines; they would be taken for columns of prose."""
    for first, last in _runs(lines):
        run = list(lines[first:last])
        if len(run) < _LEAST_WORDED or not all(w.bold for s in run[0].segments for w in s.words):
            continue
        gutters = columns_of(run)
        rows = rows_of(run, gutters)
        if Candidate(rows, run, gutters).is_worded_table() and (table := table_of_rows(rows, run, gutters)):
            yield table, run


def _runs(lines: Sequence[SegmentLine]) -> Iterator[tuple[int, int]]:
    """Stretches of lines that begin and end with several segments, with few others in between."""
    first: int | None = None
    last = singles = 0
    for i, line in enumerate(lines):
        if first is not None:
            under = is_under(line, lines[last].segments[1:]) and i - last <= _MOST_CELL_LINES
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
