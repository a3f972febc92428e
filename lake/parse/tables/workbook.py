"""What every kind of workbook is read into: sheets of shown cells, with what stands beside the cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lake.parse.account import omission
from lake.parse.document import Omission, OmissionKind
from lake.parse.tables.grid import Area, Cells

#: Cells named in an omission.
_NAMED = 8
#: Maximum rows in which the value of one merged cell is repeated.
_REPEATED = 10_000
#: Maximum cells that repeat a merged one in a sheet.
_MAX_REPEATS = 1_000_000


@dataclass(slots=True)
class Sheet:
    """``cells`` as Excel shows them, and ``merged`` areas; ``lines`` are comments, text boxes, headers and footers.

    ``source`` is all text of the sheet by a second reading. A hidden sheet has neither cells nor lines.
    """

    name: str
    cells: Cells = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    omitted: list[Omission] = field(default_factory=list)
    hidden: bool = False

    def omit(self, kind: OmissionKind, text: str = "", cause: str = "") -> None:
        """Note what is left out of this sheet."""
        self.omitted.append(omission(kind, text, f"sheet {self.name!r}" + (f": {cause}" if cause else "")))

    def omit_cells(self, names: list[str], cause: str) -> None:
        """Note cells whose value can't be read."""
        if names:
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            self.omit("unreadable", cause=f"{cause}: {', '.join(names[:_NAMED])}{more}")

    def hide(self) -> None:
        """Leave out the whole sheet, which the workbook hides from its reader."""
        self.omit("hidden", "\n".join(self.source), "the sheet is hidden")
        self.cells, self.merged, self.lines = {}, [], []

    def fill_down(self) -> None:
        """Repeat each merged cell's text in the rows below, so that no row loses it. Columns stay as they are."""
        room = _MAX_REPEATS
        for top, left, bottom, _ in self.merged:
            text = self.cells.get(top, {}).get(left)
            if text is None or bottom - top >= _REPEATED or room < bottom - top:
                continue
            room -= bottom - top
            for row in range(top + 1, bottom + 1):
                # A row with nothing else is only a tall cell.
                if beside := self.cells.get(row):
                    beside.setdefault(left, text)


@dataclass(slots=True)
class Workbook:
    """Sheets in order, and what the document's properties state."""

    sheets: list[Sheet] = field(default_factory=list)
    title: str | None = None
    author: str | None = None
    omitted: list[Omission] = field(default_factory=list)


def column_name(column: int) -> str:
    """The letters of a column counted from 1.

    >>> column_name(1), column_name(28), column_name(16_384)
    ('A', 'AB', 'XFD')
    """
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_number(letters: str) -> int:
    """The number, from 1, of a column's letters.

    >>> column_number("A"), column_number("xfd")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def plain_lines(texts: Iterable[str]) -> Iterator[str]:
    """The texts that are not blank."""
    return (text.strip() for text in texts if text.strip())
