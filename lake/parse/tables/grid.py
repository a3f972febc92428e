"""Cells of a sheet as tables: blank rows and columns separate them, each with its own header and the lines above it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lake.parse.canonical import TextWriter

#: Texts by row and column, both from 1; blank cells are absent.
Cells = dict[int, dict[int, str]]
Row = tuple[int, dict[int, str]]

#: First row, first column, last row, last column.
Area = tuple[int, int, int, int]

#: Rows that decide what a table looks like.
_SAMPLE = 50
#: Maximum rows above a header, and the share of a usual row's cells that a header fills.
_PREAMBLE, _HEADER_SHARE = 30, 0.5
#: A column of longer texts is prose and no table.
_PROSE = 80
#: Maximum cells of one table, blank ones included.
MAX_CELLS = 20_000_000
_NUMBER = re.compile(r"[^\w]*\d[\d\s.,:/%()-]*\D{0,4}")
_YEAR = re.compile(r"(?:19|20)\d\d")


class TooWideError(Exception):
    """A table would have more than MAX_CELLS cells."""


@dataclass(frozen=True, slots=True)
class Table:
    """Lines above a table, and its rows with the header first; no rows if there are only lines."""

    lines: list[str]
    rows: list[list[str]] = field(default_factory=list)


def write_tables(
    cells: Cells, writer: TextWriter, *, page: int | None, bridges: Sequence[Area] = (), side_by_side: bool = True
) -> None:
    """Append the tables of a sheet. Raises TooWideError before anything is appended.

    ``bridges`` are merged areas, which no blank column separates. Without ``side_by_side``, none does.
    """
    for table in list(tables_of(cells, bridges, side_by_side=side_by_side)):
        for line in table.lines:
            writer.add(line, page=page)
        writer.table(table.rows, page=page)


def tables_of(cells: Cells, bridges: Sequence[Area] = (), *, side_by_side: bool = True) -> Iterator[Table]:
    """The tables of a sheet from top to bottom, and from left to right."""
    rows = [(number, row) for number, row in sorted(cells.items()) if row]
    bridged = {
        column for area in bridges if area[3] > area[1] for column in range(area[1], min(area[3], area[1] + 500))
    }
    for group in _joined(_groups(rows)):
        yield from _tables(group, bridged, side_by_side)


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Runs of rows without a blank row between them."""
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or rows[i][0] > rows[i - 1][0] + 1:
            yield list(rows[start:i])
            start = i


def _joined(groups: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Groups, each joined with those below that go on with the same table."""
    before: list[Row] = []
    for group in groups:
        if before and _goes_on(before, group):
            before += group
            continue
        if before:
            yield before
        before = group
    if before:
        yield before


def _goes_on(above: Sequence[Row], below: Sequence[Row]) -> bool:
    """Whether ``below`` has no header of its own, and fits under the one above."""
    columns, sample = _columns(above[:_SAMPLE]), _columns(below[:_SAMPLE])
    if len(columns) < 2 or not columns >= sample:
        return False
    first = below[0][1]
    if len(below) == 1 and len(first) == 1:
        column, text = next(iter(first.items()))
        return column > min(columns) and _is_number(text)  # a title would stand in the first column
    if len(first) < 2:
        return len(sample) > 1 and len(below) > 1 and not _is_header(below[1][1])
    if len(above) == 1:
        return not _has_header(below)
    return not _is_header(first) or (len(below) == 1 and _has_numbers(above[1:]))


def _has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row is of words and some row below it of numbers."""
    return bool(rows) and _is_header(rows[0][1]) and _has_numbers(rows[1:])


def _has_numbers(rows: Sequence[Row]) -> bool:
    return any(_is_number(text) for _, row in rows[:_SAMPLE] for text in row.values())


def _is_header(row: Mapping[int, str]) -> bool:
    numbers = [text for text in row.values() if _is_number(text)]
    return len(row) > 1 and (not numbers or (len(numbers) > 1 and all(map(_YEAR.fullmatch, numbers))))


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _columns(rows: Sequence[Row]) -> set[int]:
    return set().union(*(row for _, row in rows))


def _tables(rows: Sequence[Row], bridged: set[int], side_by_side: bool) -> Iterator[Table]:
    header = header_index([len(row) for _, row in rows])
    lines = [" ".join(row[column] for column in sorted(row)) for _, row in rows[:header]]
    rest = rows[header:]
    columns = sorted(_columns(rest))
    ranges = list(_ranges(rest, columns, bridged)) if side_by_side else [columns]
    if len(ranges) > 1:
        yield Table(lines)
        for some in ranges:
            part: Cells = {}
            for number, row in rest:
                if inside := {column: row[column] for column in some if column in row}:
                    part[number] = inside
            yield from tables_of(part)
        return
    if len(columns) == 1:
        texts = [row[columns[0]] for _, row in rest]
        if len(texts) == 1 or max(map(len, texts)) > _PROSE:
            yield Table([*lines, *texts])
            return
    if len(columns) * len(rest) > MAX_CELLS:
        raise TooWideError(f"a table of {len(rest):,} rows and {len(columns):,} columns")
    yield Table(lines, [[row.get(column, "") for column in columns] for _, row in rest])


def header_index(widths: Sequence[int]) -> int:
    """Index of the first row that fills nearly as many cells as usual; 0 if only rows far below do."""
    usual = Counter(width for width in widths[:_SAMPLE] if width).most_common(1)
    if not usual:
        return 0
    # Of equally frequent widths the larger one is the table's.
    most = usual[0][1]
    width = max(width for width, n in Counter(widths[:_SAMPLE]).items() if n == most and width)
    if width == 1:
        width = max(widths[:_SAMPLE])
    least = max(min(2, width), width * _HEADER_SHARE)
    found = next((i for i, n in enumerate(widths[:_SAMPLE]) if n >= least), 0)
    return found if found <= _PREAMBLE else 0


def _ranges(rows: Sequence[Row], columns: Sequence[int], bridged: set[int]) -> Iterator[list[int]]:
    """Columns of the tables that stand side by side. Two columns make a table, and words head its rows."""
    at_hand: list[int] = []
    for some in _runs(columns, bridged):
        if at_hand and not (len(at_hand) > 1 and len(some) > 1 and _has_words(rows, some[0])):
            at_hand += some
            continue
        if at_hand:
            yield at_hand
        at_hand = some
    if at_hand:
        yield at_hand


def _runs(columns: Sequence[int], bridged: set[int]) -> Iterator[list[int]]:
    """Runs of columns with no blank one between them."""
    run: list[int] = []
    for column in columns:
        if run and not (
            column == run[-1] + 1 or all(c in bridged for c in range(run[-1] + 1, min(column, run[-1] + 500)))
        ):
            yield run
            run = []
        run.append(column)
    if run:
        yield run


def _has_words(rows: Sequence[Row], column: int) -> bool:
    texts = [row[column] for _, row in rows[:_SAMPLE] if column in row][1:]
    return 2 * sum(_is_number(text) for text in texts) <= len(texts)
