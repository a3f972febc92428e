"""What an RTF file is read into: paragraphs, and rows of tables, with the state that groups inherit."""

from __future__ import annotations

from dataclasses import dataclass, field

from lake.parse.canonical import one_line
from lake.parse.office.ooxml import plain_rows
from lake.parse.office.rtf_words import has_letters, joined
from lake.parse.office.unstored_fields import shown_by

_TOLERANCE = 40
#: Kinds of form fields, and the result that stands for the default.
_CHECK_BOX, _DROP_DOWN, _AS_DEFAULT = 1, 2, 25

#: Texts of a row's cells, and where their left edges are.
RtfRow = tuple[list[str], list[int]]


@dataclass(slots=True)
class RtfItem:
    """A paragraph, a heading with its ``level``, an item of a list with its ``depth``, or a table with ``rows``."""

    text: str
    level: int = 0
    depth: int | None = None
    rows: list[list[str]] | None = None

    @property
    def all_text(self) -> str:
        return self.text if self.rows is None else plain_rows(self.rows)


@dataclass(slots=True)
class RtfState:
    """What a group inherits and gives back at its end."""

    target: str = "body"
    place: str = ""
    font: int | None = None
    skip: int = 1
    hidden: bool = False
    deleted: bool = False
    raised: bool = False
    in_table: bool = False
    style: int = 0
    outline: int | None = None
    depth: int = 0
    opens: bool = False
    #: Between ``\\htmlrtf`` and ``\\htmlrtf0``: there for programs that read RTF and no page.
    for_rtf: bool = False


@dataclass(slots=True)
class RtfSink:
    """Paragraphs of the body, a note or a box while they are read."""

    pieces: list[str] = field(default_factory=list)
    items: list[RtfItem] = field(default_factory=list)
    after: list[RtfItem] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[RtfRow] = field(default_factory=list)
    label: str = ""
    has_pages: bool = False
    #: How much of the file had been read where this begins.
    begins: int = 0

    def end_cell(self) -> None:
        label, self.label = one_line(self.label), ""
        text = one_line(joined([*self.cell, *self.pieces])).removesuffix(";")
        self.cells.append(f"{label} {text}" if has_letters(label) else text)
        self.cell.clear()
        self.pieces.clear()

    def end_line(self, border: str) -> None:
        """A paragraph or a nested cell ends, and its cell goes on."""
        self.cell += (*self.pieces, border)
        self.pieces.clear()

    def end_row(self, lefts: list[int]) -> None:
        if self.cells:
            self.rows.append((self.cells, lefts[: len(self.cells)] if len(lefts) >= len(self.cells) else []))
            self.cells = []

    def end_tables(self) -> None:
        tables, self.rows = _parted(self.rows), []
        for rows in map(_aligned, tables):
            if max((sum(map(bool, row)) for row in rows), default=0) > 1:
                self.items.append(RtfItem("", rows=rows))
            else:
                self.items += (RtfItem(text) for row in rows for text in row if text)


@dataclass(slots=True)
class RtfField:
    """A field that may have no result: its instruction, and what its form shows."""

    instruction: str = ""
    kind: int = 0
    result: int | None = None
    default: int | None = None
    entries: list[str] = field(default_factory=list)
    #: The number of groups around the field.
    depth: int = -1
    #: The number that a program computes for it.
    number: str = ""

    @property
    def shown(self) -> str:
        """What the field shows if no text is its result."""
        chosen = self.default if self.result in (None, _AS_DEFAULT) else self.result
        if self.kind == _CHECK_BOX:
            return "\u2612" if chosen else "\u2610"
        if self.kind == _DROP_DOWN:
            return self.entries[chosen or 0] if 0 <= (chosen or 0) < len(self.entries) else ""
        return self.number or shown_by(self.instruction)


@dataclass(slots=True)
class RowEdges:
    """Where the cells of the next rows begin."""

    lefts: list[int] = field(default_factory=list)
    edge: int = 0

    def move_first(self, left: int) -> None:
        self.edge = self.edge if self.lefts else left

    def add(self, right: int) -> None:
        """Add a cell by its right edge."""
        self.lefts.append(self.edge)
        self.edge = right


def _parted(rows: list[RtfRow]) -> list[list[RtfRow]]:
    """Part rows whose inner edges share none with those above: these are tables with no line between them."""
    tables: list[list[RtfRow]] = []
    known: set[int] = set()
    for row in rows:
        inner = {left // _TOLERANCE for left in row[1][1:]}
        if not tables or (inner and known and not inner & known):
            tables.append([])
            known = set()
        tables[-1].append(row)
        known |= inner
    return tables


def _aligned(rows: list[RtfRow]) -> list[list[str]]:
    """Rows with each cell in the column where its left edge stands."""
    if not all(lefts for _, lefts in rows):
        return [cells for cells, _ in rows]
    columns: list[int] = []
    for left in sorted({left for _, lefts in rows for left in lefts}):
        if not columns or left - columns[-1] > _TOLERANCE:
            columns.append(left)
    aligned = []
    for cells, lefts in rows:
        row = [""] * len(columns)
        for cell, left in zip(cells, lefts, strict=True):
            place = max(i for i, column in enumerate(columns) if column <= left)
            row[place] = f"{row[place]} {cell}".strip()
        aligned.append(row)
    return aligned
