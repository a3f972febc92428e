"""Word: the rows and cells of tables, also those within content controls and tracked changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lake.parse.office.ooxml import attribute, child, key
from lake.parse.office.word_items import NO_TEXT, Item

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_MAX_SPAN = 1000
#: Cells that all tables of a document may add by spans; a small file can state millions.
_MAX_ADDED = 200_000

#: The items of each cell of a row.
Row = list[list[Item]]


class WordTables:
    """Reads tables by functions that read a cell, read what a content control holds, and leave out what is deleted."""

    def __init__(
        self,
        cell: Callable[[_Element], list[Item]],
        control: Callable[[_Element, Callable[[_Element], None]], None],
        deleted: Callable[[_Element], None],
    ) -> None:
        self._cell, self._control, self._deleted = cell, control, deleted
        self._may_add = _MAX_ADDED

    def rows(self, node: _Element) -> list[Row]:
        rows: list[Row] = []
        self._rows(node, rows)
        return rows

    def _rows(self, node: _Element, rows: list[Row]) -> None:
        for one in node:
            name = key(one.tag)
            if name in ("w:del", "w:moveFrom") or (name == "w:tr" and child(one, "w:trPr", "w:del") is not None):
                self._deleted(one)
            elif name == "w:tr":
                rows.append(self._row(one))
            elif name == "w:sdt":
                self._control(one, partial(self._rows, rows=rows))
            elif name and name not in NO_TEXT:
                self._rows(one, rows)

    def _row(self, node: _Element) -> Row:
        before, after = (child(node, "w:trPr", name) for name in ("w:gridBefore", "w:gridAfter"))
        row = self._added(0 if before is None else _span(before))
        self._cells(node, row)
        return row + self._added(0 if after is None else _span(after))

    def _added(self, number: int) -> Row:
        """Empty cells, as far as the document may add some."""
        number = min(number, self._may_add)
        self._may_add -= number
        return [[] for _ in range(number)]

    def _cells(self, node: _Element, row: Row) -> None:
        for one in node:
            name = key(one.tag)
            if name in ("w:del", "w:moveFrom") or (name == "w:tc" and child(one, "w:tcPr", "w:cellDel") is not None):
                self._deleted(one)
            elif name == "w:tc":
                row.append(self._cell(one))
                row += self._added(_span(child(one, "w:tcPr", "w:gridSpan")) - 1)
            elif name == "w:sdt":
                self._control(one, partial(self._cells, row=row))
            elif name and name not in NO_TEXT:
                self._cells(one, row)


def _span(node: _Element | None) -> int:
    value = "" if node is None else attribute(node, "val")
    return max(1, min(int(value), _MAX_SPAN)) if value.isdecimal() else 1
