"""HTML tables as rows: merged cells keep their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

#: A text that spans rows is repeated in each, unless it is longer.
_LONGEST_REPEATED = 80
_MOST_SPANNED = 100
_WIDEST = 250
#: A longer cell with blocks inside is part of a page's layout.
_LONGEST_CELL = 600
_BLOCKS_IN_CELL = "p, ul, ol, dl, div, br, blockquote"
_SECTIONS = ("thead", "tbody", "tfoot")
#: The foot stands before the body in pages of HTML 4.
_PLACES = {"thead": 0, "tfoot": 2}


#: By column: how many more rows a cell spans, and its text.
_Reaching = dict[int, tuple[int, str]]


class PageCell(NamedTuple):
    """A cell's text, and how many columns and rows it spans; ``n_rows`` 0 means all rows that follow."""

    text: str
    n_columns: int = 1
    n_rows: int = 1


def own_rows(table: LexborNode) -> Iterator[list[LexborNode]]:
    """The rows of each section of a table as a browser shows them, without those of tables inside it."""
    sections = sorted(_sections(table), key=lambda one: _PLACES.get(one[0], 1))
    return (rows for _, rows in sections)


def _sections(table: LexborNode) -> Iterator[tuple[str, list[LexborNode]]]:
    loose: list[LexborNode] = []
    child = table.first_child
    while child is not None:
        if child.tag in _SECTIONS:
            if loose:
                yield "", loose
                loose = []
            yield str(child.tag), _children(child, ("tr",))
        elif child.tag == "tr":
            loose.append(child)
        child = child.next
    if loose:
        yield "", loose


def cells_of(row: LexborNode) -> list[LexborNode]:
    return _children(row, ("td", "th"))


def spans(cell: LexborNode) -> tuple[int, int]:
    """Columns and rows that a cell spans."""
    attributes = cell.attributes
    n_columns = span_of(attributes.get("colspan"))
    return max(1, min(n_columns, _MOST_SPANNED)), span_of(attributes.get("rowspan"))


def is_layout(table: LexborNode, sections: Sequence[Sequence[Sequence[LexborNode]]]) -> bool:
    """Whether a table only places what stands in it."""
    if max((len(row) for rows in sections for row in rows), default=0) < 2:
        return True
    if (table.attributes.get("role") or "") in ("presentation", "none"):
        return True
    if any(inner.mem_id != table.mem_id for inner in table.css("table")) or table.css_first("h1, h2, h3"):
        return True
    if any("\n" in code.text().strip() or code.css_first("br") for code in table.css("pre, xmp, listing")):
        return True
    cells = (cell for rows in sections for row in rows for cell in row)
    return any(len(cell.text()) > _LONGEST_CELL and cell.css_first(_BLOCKS_IN_CELL) for cell in cells)


def grid(rows: Iterable[Sequence[PageCell]]) -> list[list[str]]:
    """Texts in their columns, for the rows of one section.

    A cell over several columns is followed by empty ones. A short one over several rows stands in each of them.

    >>> grid([[PageCell("North", 1, 2), PageCell("Summer"), PageCell("40")], [PageCell("Winter"), PageCell("25")]])
    [['North', 'Summer', '40'], ['North', 'Winter', '25']]
    """
    placed: list[list[str]] = []
    above: _Reaching = {}
    for row in rows:
        texts: list[str] = []
        below: _Reaching = {}
        for cell in row:
            _fill(texts, above, below)
            for number in range(cell.n_columns if len(texts) < _WIDEST else 1):
                text = "" if number else cell.text
                above.pop(len(texts), None)
                if cell.n_rows != 1 and len(texts) < _WIDEST:
                    below[len(texts)] = (cell.n_rows - 1, text if len(text) <= _LONGEST_REPEATED else "")
                texts.append(text)
        for column in sorted(above):
            texts += [""] * (column - len(texts))
            _fill(texts, above, below)
        placed.append(texts)
        above = below
    return placed


def _fill(texts: list[str], above: _Reaching, below: _Reaching) -> None:
    """Write the cells of rows above that reach into this one."""
    while (column := len(texts)) in above:
        n_rows, text = above.pop(column)
        texts.append(text)
        if n_rows != 1:
            below[column] = (n_rows - 1, text)


def _children(node: LexborNode, tags: tuple[str, ...]) -> list[LexborNode]:
    found = []
    child = node.first_child
    while child is not None:
        if child.tag in tags:
            found.append(child)
        child = child.next
    return found


def span_of(value: str | None) -> int:
    """A span as written, 1 if it is no number.

    >>> span_of("2"), span_of("x"), span_of("0")
    (2, 1, 0)
    """
    digits = (value or "").strip()
    return int(digits[:6]) if digits.isascii() and digits.isdecimal() else 1
