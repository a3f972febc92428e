"""Tables of a page: of data, of a layout, inside a listing, and those made of other elements."""

from __future__ import annotations

from collections.abc import Iterable

from lake.parse.web.html_marks import CELLS, n_letters
from lake.parse.web.html_table import PageCell, cells_of, grid, is_layout, own_rows, spans
from lake.parse.web.html_walk import Node, Walk
from lake.parse.web.html_words import number_of

#: A larger table is written without padding, which would multiply its size.
_MOST_CELLS = 2_000_000
_ROLE_CELLS = ", ".join(f"[role={role}]" for role in CELLS)
_ROW_HOLDERS = ("thead", "tbody", "tfoot", "tr")
_BLOCKS = "p, div, ul, ol, dl, pre, table, blockquote, h1, h2, h3, h4, h5, h6, br, hr, section, article, figure, form"


def table(walk: Walk, node: Node) -> None:
    if walk.verbatim:
        _listing_rows(walk, node)
        return
    walk.interrupt()
    for child in _elements(node):
        if child.tag not in _ROW_HOLDERS and not (walk.marks.actions and walk.is_marked(child)):
            walk.read(child)
    sections = [[cells_of(row) for row in rows if _is_shown_row(walk, row)] for rows in own_rows(node)]
    for row in _elements(node):
        if row.tag in _ROW_HOLDERS:
            _strays(walk, row)
    if walk.flat or not is_layout(node, sections):
        _data_table(walk, sections)
        return
    for rows in sections:
        for row in rows:
            _layout_row(walk, row)


def _listing_rows(walk: Walk, node: Node) -> None:
    """Read a table inside a listing: its rows are lines, or its one row holds all lines beside their numbers."""
    for row in (row for rows in own_rows(node) for row in rows):
        for cell in cells_of(row):
            start = len(walk.text)
            if _is_shown(walk, cell):
                walk.children(cell)
            else:
                del walk.text[start:]
        if walk.text:
            walk.text[-1] = walk.text[-1].rstrip(" ")
        walk.flush()


def _strays(walk: Walk, holder: Node) -> None:
    """Read scripts and templates, which may stand between rows and cells."""
    if walk.marks.actions.get(holder.mem_id) == "hidden":
        return
    for child in _elements(holder):
        if child.tag == "tr":
            _strays(walk, child)
        elif child.tag not in ("td", "th") and not (walk.marks.actions and walk.is_marked(child)):
            walk.read(child)


def _data_table(walk: Walk, sections: list[list[list[Node]]]) -> None:
    rows = []
    for section in sections:
        rows += grid(
            [PageCell(walk.words(cell), *spans(cell)) for cell in row if _is_shown(walk, cell)] for row in section
        )
    rows = [row for row in rows if any(row)]
    if max((sum(map(bool, row)) for row in rows), default=0) < 2:
        for row in rows:
            walk.paragraph(next(filter(None, row)))
    elif max(map(len, rows)) * len(rows) > _MOST_CELLS:
        for row in rows:
            walk.paragraph(" | ".join(filter(None, row)))
    else:
        walk.lists.write()
        walk.sink.table(rows)


def role_table(walk: Walk, node: Node) -> None:
    """Read a table that is made of other elements; one with more than its cells is read cell by cell."""
    rows = [row.css(_ROLE_CELLS) for row in node.css("[role=row]")]
    held = sum(n_letters(cell.text()) for row in rows for cell in row)
    if walk.flat or held != n_letters(node.text()) or max(map(len, rows)) < 2:
        walk.block(node)
        return
    walk.interrupt()
    walk.sink.table(grid([_role_cell(walk, cell) for cell in row] for row in rows))


def _role_cell(walk: Walk, cell: Node) -> PageCell:
    if walk.marks.actions.get(cell.mem_id) == "hidden":
        walk.leave_out(cell, "hidden")
        return PageCell("")
    attributes = cell.attributes
    columns, rows = (number_of(attributes.get(f"aria-{name}span"), 1) for name in ("col", "row"))
    return PageCell(walk.words(cell), max(1, min(columns, 100)), max(1, min(rows, 100)))


def _layout_row(walk: Walk, cells: list[Node]) -> None:
    """Write cells one below the other, or on one line if they hold nothing but words."""
    shown_cells = [cell for cell in cells if _is_shown(walk, cell)]
    if not any(cell.css_first(_BLOCKS) for cell in shown_cells):
        walk.paragraph(" ".join(filter(None, map(walk.words, shown_cells))))
        return
    for cell in shown_cells:
        walk.block(cell)


def _is_shown(walk: Walk, cell: Node) -> bool:
    return not (walk.marks.actions and walk.is_marked(cell))


def _is_shown_row(walk: Walk, row: Node) -> bool:
    """Whether a row and the section around it are shown; strays in them are read apart."""
    marked = walk.marks.actions
    if not marked:
        return True
    if row.parent is not None and marked.get(row.parent.mem_id) == "hidden" and row.parent.tag in _ROW_HOLDERS:
        walk.leave_out(row, "hidden")
        return False
    return marked.get(row.mem_id) != "hidden" or not walk.is_marked(row)


def _elements(node: Node) -> Iterable[Node]:
    child = node.first_child
    while child is not None:
        if child.is_element_node:
            yield child
        child = child.next
