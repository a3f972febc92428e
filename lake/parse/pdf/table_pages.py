"""Tables seen over all pages: words divided inside cells are joined, and a table that goes on repeats its head row."""

from __future__ import annotations

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


def finish_tables(pages: Sequence[Sequence[Line]], hyphens: Hyphens) -> None:
    """Join the lines of each cell, and give a table that goes on from the page before that page's head row."""
    for lines in pages:
        for line in lines:
            if line.table:
                rows = [[one_line(hyphens.resolved(cell)) for cell in row] for row in line.table.rows]
                line.table = replace(line.table, rows=rows)
    for above, below in pairwise(pages):
        last = next((line for line in reversed(above) if not line.is_note), None)
        if last and last.table and below and below[0].table and _goes_on(last.table, below[0].table):
            head = last.table.rows[: _n_heads(last.table.rows)]
            below[0].table = replace(below[0].table, rows=[*head, *below[0].table.rows])


def _goes_on(table: FoundTable, following: FoundTable) -> bool:
    """Whether the tables have the same columns and edges, and the second begins with a row of the body."""
    if len(table.rows[0]) != len(following.rows[0]) or table.rows[0] == following.rows[0]:
        return False
    one, other = table.box, following.box
    if abs(one.left - other.left) > _SAME_EDGE or abs(one.right - other.right) > _SAME_EDGE:
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
