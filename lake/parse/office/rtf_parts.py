"""What an RTF file is read into: paragraphs, and rows of tables, with the state that groups inherit."""

from __future__ import annotations

from dataclasses import dataclass, field

from lake.parse.office.ooxml import plain_rows

_TOLERANCE = 40

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
class RtfFont:
    name: str = ""
    codec: str = ""
    is_symbol: bool = False


@dataclass(slots=True)
class RtfStyle:
    base: int | None = None
    outline: int | None = None
    name: str = ""


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


def parted(rows: list[RtfRow]) -> list[list[RtfRow]]:
    """Parts rows whose inner edges share none with those above: these are tables with no line between them."""
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


def aligned(rows: list[RtfRow]) -> list[list[str]]:
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
