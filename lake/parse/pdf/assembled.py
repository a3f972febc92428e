"""From cells of words to the table that is found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lake.parse.pdf.columns import Cell, CellRow, merged_signs
from lake.parse.pdf.geometry import Box, FoundTable
from lake.parse.pdf.segments import SegmentLine, box_around

_NEXT_LINE = 0.6


def table_of_rows(rows: Sequence[CellRow], lines: Sequence[SegmentLine], gutters: Sequence[float]) -> FoundTable | None:
    """The table, unless a single column is left once signs and marks have joined their figures."""
    words = [word for line in lines for segment in line.segments for word in segment.words]
    cells = merged_signs([row.cells for row in rows], len(gutters) + 1)
    return table_of_cells(cells, box_around(words)) if len(cells[0]) > 1 else None


def table_of_cells(rows: Sequence[Sequence[Cell]], box: Box) -> FoundTable:
    return FoundTable(box, [[_text(cell) for cell in row] for row in rows])


def _text(cell: Cell) -> str:
    """The words of a cell, with a newline where one of its lines ends."""
    pieces: list[str] = []
    for before, word in pairwise([None, *cell]):
        if before and word:
            is_below = before.box.bottom - word.box.bottom > _NEXT_LINE * word.size
            pieces.append("\n" if is_below and not word.turned else " ")
        pieces.append(word.text if word else "")
    return "".join(pieces)
