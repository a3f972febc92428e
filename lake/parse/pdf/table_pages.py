"""Tables seen over all pages: words divided inside cells are joined, and a table that goes on repeats its head row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.pdf.segments import is_figure_cell

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import FoundTable, Line
    from lake.parse.pdf.hyphens import Hyphens

_SAME_EDGE = 6.0
#: How a cell ends that goes on.
_GOES_ON = re.compile(r"[^\W\d_][,;-]?\Z")


def finish_tables(pages: Sequence[Sequence[Line]], hyphens: Hyphens) -> None:
    """Join the lines of each cell, and give a table that goes on from the page before that page's head row."""
    for lines in pages:
        for line in lines:
            if line.table:
                rows = [[one_line(hyphens.resolved(cell)) for cell in row] for row in line.table.rows]
                line.table = replace(line.table, rows=rows)
    for above, below in pairwise(pages):
        last = next((line for line in reversed(above) if not line.is_note), None)
        if last and last.table and below and below[0].table:
            _join_row(last, below[0], hyphens)
            if _goes_on(last.table, below[0].table):
                head = last.table.rows[: _n_heads(last.table.rows)]
                below[0].table = replace(below[0].table, rows=[*head, *below[0].table.rows])


def _join_row(above: Line, below: Line, hyphens: Hyphens) -> None:
    """Join what goes on of a table's last row on the next page to it, as a divided word stands where it begins."""
    if above.table is None or below.table is None or not _has_same_columns(above.table, below.table):
        return
    rows, last = list(below.table.rows), above.table.rows[-1]
    place = int(rows[0] == above.table.rows[0])
    if len(rows) < place + 2 or rows[place][0] or not any(rows[place]):
        return
    pairs = list(zip(last, rows[place], strict=True))
    if any(cell and not (cell[0].islower() and _GOES_ON.search(begin)) for begin, cell in pairs):
        return
    whole = [one_line(hyphens.resolved(f"{begin}\n{cell}")) for begin, cell in pairs]
    del rows[place]
    above.table = replace(above.table, rows=[*above.table.rows[:-1], whole])
    below.table = replace(below.table, rows=rows)


def _has_same_columns(table: FoundTable, following: FoundTable) -> bool:
    one, other = table.box, following.box
    is_as_wide = abs(one.left - other.left) <= _SAME_EDGE and abs(one.right - other.right) <= _SAME_EDGE
    return is_as_wide and len(table.rows[0]) == len(following.rows[0])


def _goes_on(table: FoundTable, following: FoundTable) -> bool:
    """Whether the tables have the same columns and edges, and the second begins with a row of the body."""
    if table.rows[0] == following.rows[0] or not _has_same_columns(table, following):
        return False
    body = table.rows[_n_heads(table.rows) :]
    first = following.rows[0]
    values = [
        column
        for column in range(len(first))
        if any(row[column] for row in body) and all(_is_value(row[column]) for row in body if row[column])
    ]
    return all(_is_value(first[column]) or not first[column] for column in values)


def _n_heads(rows: Sequence[Sequence[str]]) -> int:
    """Two rows if the first names groups of columns, so that some of its cells are empty, else one."""
    return 2 if len(rows) > 2 and sum(map(bool, rows[0])) <= len(rows[0]) / 2 else 1


def _is_value(cell: str) -> bool:
    return is_figure_cell(cell.split())
