"""OpenDocument: the rows and cells of tables, repeated as often as they stand there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lake.parse.office.odf_items import OdfItem
from lake.parse.office.odf_text import odf_name
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_MOST_REPEATS = 1000
#: Cells that all tables of a document may add by repeats; a small file can state millions.
_MAX_ADDED = 200_000

#: The items of each cell of a row.
OdfRow = list[list[OdfItem]]


class OdfTables:
    """Reads tables by a function that reads a cell, and one that turns the page."""

    def __init__(self, cell: Callable[[_Element], list[OdfItem]], turn_page: Callable[[], None]) -> None:
        self._cell, self._turn_page = cell, turn_page
        self._may_add = _MAX_ADDED

    def rows(self, node: _Element) -> list[OdfRow]:
        rows: list[OdfRow] = []
        self._gather(node, rows)
        return rows

    def _gather(self, node: _Element, rows: list[OdfRow]) -> None:
        for one in node:
            name = odf_name(one)
            if name == "table-row":
                cells: OdfRow = []
                for cell in one:
                    if odf_name(cell) in ("table-cell", "covered-table-cell"):
                        cells += [self._cell(cell)] * self._repeats(cell, "number-columns-repeated", 1)
                rows += [cells] * (self._repeats(one, "number-rows-repeated", len(cells)) if any(cells) else 1)
            elif name in ("table-header-rows", "table-rows", "table-row-group"):
                self._gather(one, rows)
            elif name == "soft-page-break":
                self._turn_page()

    def _repeats(self, node: _Element, name: str, n_cells: int) -> int:
        """How often a cell or a row of ``n_cells`` stands there, within what a document may add."""
        added = min(repeats(node, name) - 1, self._may_add // max(1, n_cells))
        self._may_add -= added * n_cells
        return added + 1


def repeats(node: _Element, name: str) -> int:
    """How often an attribute says that a thing stands there, within what anybody writes."""
    value = attribute(node, name)
    return max(1, min(int(value), _MOST_REPEATS)) if value.isdecimal() else 1
