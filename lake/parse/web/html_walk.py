"""Walks the tree of an HTML page and writes its text block by block, with what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import one_line, runs_into
from lake.parse.web.html_lists import OpenLists
from lake.parse.web.html_marks import CELLS, LINE_NUMBERS, Marks, n_letters
from lake.parse.web.html_sink import Pieces, Sink
from lake.parse.web.html_source import BORDERS, choice, prepared, shown
from lake.parse.web.html_table import PageCell, cells_of, grid, is_layout, own_rows, spans
from lake.parse.web.html_words import drawing_words, formula_words, language_of, number_of, ruby_words, script_words

if TYPE_CHECKING:
    from lake.parse.document import OmissionKind

#: A LexborNode; typed loosely because its texts and parents may be None, but not those of a node of the right kind.
Node = Any

_LONGEST_HEADING = 300
#: Structure is followed this deep; below it, only paragraphs are told apart.
_MAX_DEPTH = 200
#: Stands for <br> until a paragraph is written; canonical text holds no such character.
_BREAK = "\0"
_SPACED = BORDERS - {"br"}
#: A larger table is written without padding, which would multiply its size.
_MOST_CELLS = 2_000_000
_DATA_URI = "data:"


class Walk:
    """Writes nodes to ``sink``; what ``marks`` names is left out. A list that is not ``numbered`` has bullets only."""

    def __init__(self, sink: Sink, marks: Marks, *, flat: bool = False, numbered: bool = True) -> None:
        self._sink = sink
        self._marks = marks
        self._flat = flat
        self._text: list[str] = []
        self._lists = OpenLists(sink, numbered=numbered)
        self._quotes = self._depth = self._verbatim = self._n_linked = 0
        self._is_outside = marks.has_regions

    def write(self, node: Node) -> None:
        self._children(node)
        self._interrupt()

    def _children(self, node: Node) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._deep(node)
        else:
            marked, child = self._marks.actions, node.first_child
            while child is not None:
                tag = child.tag
                if tag == "-text":
                    self._text.append(child.text_content)
                elif not (marked and self._is_marked(child)):
                    handler = _HANDLERS.get(tag)
                    if handler:
                        handler(self, child)
                    elif tag and "-" in tag and tag[0] != "-" and not _has_own_text(child.parent):
                        self._block(child)
                    elif tag and tag[0] != "-":
                        self._children(child)
                child = child.next
        self._depth -= 1

    def _is_marked(self, node: Node) -> bool:
        """Treat a node as its mark says; False if it is to be read like any other."""
        action = self._marks.actions.get(node.mem_id)
        if action is None:
            return self._is_outside and self._is_left_outside(node)
        if action == "region":
            self._flush()
            was, self._is_outside = self._is_outside, False
            self._children(node)
            self._flush()
            self._is_outside = was
        elif action == "noteref":
            text = self._inline(node)
            self._text.append(f" [{text}]" if text and text[0] not in "[(" else text)
        elif action == "outer":
            return False
        elif action == "heading":
            self._heading(node)
        elif action == "cell":
            self._block(node)
        elif action == "apart":
            self._apart(node)
        elif action == "grid":
            self._role_table(node)
        else:
            self._leave_out(node, action)
        return True

    def _is_left_outside(self, node: Node) -> bool:
        place = self._marks.surrounds(node)
        if place:
            self._leave_out(node, "navigation", place)
        return bool(place)

    def _leave_out(self, node: Node, kind: OmissionKind, place: str = "") -> None:
        if node.tag in _SPACED:
            self._text.append(" ")
        pieces = Pieces(None)
        walk = Walk(pieces, Marks(), flat=True, numbered=False)
        handler = _HANDLERS.get(node.tag)
        if handler:
            handler(walk, node)
        else:
            walk._children(node)
        walk._interrupt()
        self._sink.omit(kind, "\n".join(pieces.texts), place or (node.tag or "" if kind == "navigation" else ""))

    # Blocks ----------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Write the text gathered so far as a paragraph."""
        if not self._text:
            return
        if self._verbatim:
            if not self._text[-1].endswith("\n"):
                self._text.append("\n")
            return
        text = "".join(self._text)
        self._text.clear()
        n_linked, self._n_linked = self._n_linked, 0
        if text.isspace():
            return
        if _BREAK not in text:
            self._paragraph(one_line(text), n_linked)
            return
        lines: list[str] = []
        for line in (*map(one_line, text.split(_BREAK)), ""):
            if line:
                lines.append(line)
            else:
                self._paragraph("\n".join(lines), n_linked)
                lines.clear()

    def _paragraph(self, text: str, n_linked: int = 0) -> None:
        if not text:
            return
        if self._is_outside and 2 * n_linked > len(text):
            self._sink.omit("navigation", text, "links")
        elif self._lists.takes_lines:
            self._lists.line(one_line(text))
        else:
            self._lists.write()
            self._sink.add(text, "quote" if self._quotes else "paragraph")

    def _interrupt(self) -> None:
        """End paragraph and list, before a block that can't stand in either."""
        self._flush()
        self._lists.write()

    def _block(self, node: Node) -> None:
        self._flush()
        self._children(node)
        self._flush()

    def _quote(self, node: Node) -> None:
        self._flush()
        self._quotes += 1
        self._children(node)
        self._flush()
        self._quotes -= 1

    def _heading(self, node: Node) -> None:
        text = self._inline(node)
        level = int(node.tag[1]) if node.tag in _HEADINGS else number_of(node.attributes.get("aria-level"), 2)
        if self._flat or self._quotes or len(text) > _LONGEST_HEADING:
            self._flush()
            self._paragraph(text)
        elif text:
            self._interrupt()
            self._sink.heading(text, level)

    def _list(self, node: Node) -> None:
        if self._lists.is_open:
            self._flush()
        else:
            self._interrupt()
        self._lists.open(node)
        self._children(node)
        self._flush()
        self._lists.close()

    def _item(self, node: Node) -> None:
        self._flush()
        self._lists.open_item(node)
        self._children(node)
        self._flush()
        self._lists.close_item()

    def _code(self, node: Node) -> None:
        if self._verbatim:
            self._block(node)
            return
        inner = Walk(self._sink, self._marks, flat=True)
        if node.css_first(_NOT_PLAIN_CODE):
            inner._verbatim = 1
            inner._children(node)
            text = "".join(inner._text).replace(_BREAK, "\n")
        else:
            text = node.text()
        self._interrupt()
        self._sink.code(text, language_of(node))

    def _rule(self, node: Node) -> None:
        self._flush()

    # Tables ----------------------------------------------------------------------------------------------------------

    def _table(self, node: Node) -> None:
        if self._verbatim:
            self._listing_rows(node)
            return
        self._interrupt()
        for child in _elements(node):
            if child.tag not in _ROW_HOLDERS and not (self._marks.actions and self._is_marked(child)):
                _HANDLERS.get(child.tag or "", Walk._block)(self, child)
        sections = [[cells_of(row) for row in rows if self._is_shown_row(row)] for rows in own_rows(node)]
        for row in _elements(node):
            if row.tag in _ROW_HOLDERS:
                self._strays(row)
        if self._flat or not is_layout(node, sections):
            self._data_table(sections)
            return
        for rows in sections:
            for row in rows:
                self._layout_row(row)

    def _listing_rows(self, node: Node) -> None:
        """Read a table inside a listing: its rows are lines, or its one row holds all lines beside their numbers."""
        for row in (row for rows in own_rows(node) for row in rows):
            for cell in cells_of(row):
                start = len(self._text)
                if self._is_shown(cell):
                    self._children(cell)
                else:
                    del self._text[start:]
            if self._text:
                self._text[-1] = self._text[-1].rstrip(" ")
            self._flush()

    def _strays(self, holder: Node) -> None:
        """Read scripts and templates, which may stand between rows and cells."""
        if self._marks.actions.get(holder.mem_id) == "hidden":
            return
        for child in _elements(holder):
            if child.tag == "tr":
                self._strays(child)
            elif child.tag not in ("td", "th") and not (self._marks.actions and self._is_marked(child)):
                _HANDLERS.get(child.tag or "", Walk._block)(self, child)

    def _data_table(self, sections: list[list[list[Node]]]) -> None:
        rows = []
        for section in sections:
            rows += grid(
                [PageCell(self._cell(cell), *spans(cell)) for cell in row if self._is_shown(cell)] for row in section
            )
        rows = [row for row in rows if any(row)]
        if max((sum(map(bool, row)) for row in rows), default=0) < 2:
            for row in rows:
                self._paragraph(next(filter(None, row)))
        elif max(map(len, rows)) * len(rows) > _MOST_CELLS:
            for row in rows:
                self._paragraph(" | ".join(filter(None, row)))
        else:
            self._lists.write()
            self._sink.table(rows)

    def _role_table(self, node: Node) -> None:
        """Read a table that is made of other elements; one with more than its cells is read cell by cell."""
        rows = [row.css(_ROLE_CELLS) for row in node.css("[role=row]")]
        held = sum(n_letters(cell.text()) for row in rows for cell in row)
        if self._flat or held != n_letters(node.text()) or max(map(len, rows)) < 2:
            self._block(node)
            return
        self._interrupt()
        self._sink.table(grid([self._role_cell(cell) for cell in row] for row in rows))

    def _role_cell(self, cell: Node) -> PageCell:
        if self._marks.actions.get(cell.mem_id) == "hidden":
            self._leave_out(cell, "hidden")
            return PageCell("")
        attributes = cell.attributes
        columns, rows = (number_of(attributes.get(f"aria-{name}span"), 1) for name in ("col", "row"))
        return PageCell(self._cell(cell), max(1, min(columns, 100)), max(1, min(rows, 100)))

    def _layout_row(self, cells: list[Node]) -> None:
        """Write cells one below the other, or on one line if they hold nothing but words."""
        shown_cells = [cell for cell in cells if self._is_shown(cell)]
        if not any(cell.css_first(_BLOCKS) for cell in shown_cells):
            self._paragraph(" ".join(filter(None, map(self._cell, shown_cells))))
            return
        for cell in shown_cells:
            self._block(cell)

    def _is_shown(self, cell: Node) -> bool:
        return not (self._marks.actions and self._is_marked(cell))

    def _is_shown_row(self, row: Node) -> bool:
        """Whether a row and the section around it are shown; strays in them are read apart."""
        marked = self._marks.actions
        if not marked:
            return True
        if row.parent is not None and marked.get(row.parent.mem_id) == "hidden" and row.parent.tag in _ROW_HOLDERS:
            self._leave_out(row, "hidden")
            return False
        return marked.get(row.mem_id) != "hidden" or not self._is_marked(row)

    def _cell(self, cell: Node) -> str:
        pieces = Pieces(self._sink)
        walk = Walk(pieces, self._marks, flat=True)
        walk._is_outside = False
        walk.write(cell)
        return one_line(" ".join(pieces.texts))

    # Words -----------------------------------------------------------------------------------------------------------

    def _inline(self, node: Node) -> str:
        """A node's text on one line."""
        return self._cell(node)

    def _spaced(self, node: Node) -> None:
        self._text.append(" ")
        self._children(node)
        self._text.append(" ")

    def _apart(self, node: Node) -> None:
        """Read an element whose style parts it from its neighbours, whatever it is."""
        self._text.append(" ")
        _HANDLERS.get(node.tag, Walk._children)(self, node)
        self._text.append(" ")

    def _attributes(self, node: Node) -> None:
        """Write what an image or a field shows beside its content."""
        attributes = node.attributes
        texts = shown(node.tag, attributes) or choice(node)
        self._text.append(f" {' '.join(texts)} " if texts else " ")
        if (attributes.get("src") or "").lstrip()[:5].lower() == _DATA_URI:
            self._sink.omit("encoded_data", "", (attributes["src"] or "").lstrip()[5:40].partition(";")[0])
        self._children(node)
        self._text.append(" ")

    def _choice(self, node: Node) -> None:
        self._attributes(node)
        self._text.append(_BREAK)

    def _link(self, node: Node) -> None:
        if not self._is_outside:
            self._children(node)
            return
        before = len(self._text)
        self._children(node)
        self._n_linked += sum(map(len, self._text[before:]))

    def _line_break(self, node: Node) -> None:
        self._text.append(_BREAK)

    def _quotation(self, node: Node) -> None:
        self._text.append("\u201c")
        self._children(node)
        self._text.append("\u201d")

    def _raised(self, node: Node) -> None:
        """A superscript: a reference to a note in brackets, a power of a number after a caret."""
        if node.css_first("a"):
            text = self._inline(node)
            self._text.append(f" [{text}]" if text and text[0] not in "[(" else f" {text}" if text else "")
            return
        before = next((text for text in reversed(self._text) if text), "")
        if runs_into(before, node.text()):
            self._text.append("^")
        self._children(node)

    def _ruby(self, node: Node) -> None:
        self._text += ruby_words(node)

    def _formula(self, node: Node) -> None:
        self._text += (" ", *formula_words(node, self._sink), " ")

    def _drawing(self, node: Node) -> None:
        """Read the words of a drawing, which stand apart; a foreignObject holds HTML."""
        if node.css_first("foreignObject"):
            self._block(node)
        else:
            self._text += (*drawing_words(node, self._sink), " ")

    def _script(self, node: Node) -> None:
        self._text += script_words(node, self._sink)

    def _template(self, node: Node) -> None:
        """Read the shadow tree of an element; other templates are shown only by scripts."""
        attributes = node.attributes
        if self._flat or "shadowrootmode" in attributes or "shadowroot" in attributes:
            self._block(node)
        else:
            self._leave_out(node, "hidden", "template")

    def _frame(self, node: Node) -> None:
        """Read a frame's own page, or what stands in for it."""
        from selectolax.lexbor import LexborHTMLParser

        self._flush()
        page = node.attributes.get("srcdoc")
        if page and self._depth < _MAX_DEPTH:
            self._depth += _MAX_DEPTH // 4
            body = LexborHTMLParser(prepared(page)).body
            if body:
                self._children(body)
            self._depth -= _MAX_DEPTH // 4
            self._flush()
        self._children(node)
        self._flush()

    def _deep(self, node: Node) -> None:
        """Read a tree that is too deep to be followed."""
        for child in node.traverse(include_text=True):
            tag = child.tag
            if tag == "-text":
                around = child.parent.tag
                if around in ("script", "style"):
                    self._sink.omit("script", child.text_content)
                else:
                    self._text.append(child.text_content)
            elif tag in _WITH_ATTRIBUTES:
                self._text.append(f" {' '.join(shown(tag, child.attributes))} ")
            elif tag in _SPACED:
                self._flush()
        self._flush()


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ROLE_CELLS = ", ".join(f"[role={role}]" for role in CELLS)
_ROW_HOLDERS = ("thead", "tbody", "tfoot", "tr")
_WITH_ATTRIBUTES = ("img", "area", "input", "textarea", "option", "optgroup")
_NOT_PLAIN_CODE = f"br, img, div, p, li, sup, input, button, table, script, {LINE_NUMBERS}, [hidden], [style]"
_BLOCKS = "p, div, ul, ol, dl, pre, table, blockquote, h1, h2, h3, h4, h5, h6, br, hr, section, article, figure, form"
_HANDLERS: dict[str | None, Callable[[Walk, Node], None]] = {
    **dict.fromkeys(BORDERS, Walk._block),
    **dict.fromkeys(_HEADINGS, Walk._heading),
    **dict.fromkeys(("ul", "ol", "menu", "dir"), Walk._list),
    **dict.fromkeys(("pre", "xmp", "listing", "plaintext"), Walk._code),
    **dict.fromkeys(("script", "style"), Walk._script),
    **dict.fromkeys(("button", "label", "meter", "progress"), Walk._spaced),
    **dict.fromkeys(("img", "area", "input", "textarea", "optgroup", "embed"), Walk._attributes),
    **dict.fromkeys(("iframe", "x-iframe", "x-frame"), Walk._frame),
    **dict.fromkeys(("td", "th", "select", "datalist", "option"), Walk._block),
    "option": Walk._choice,
    "li": Walk._item,
    "blockquote": Walk._quote,
    "table": Walk._table,
    "hr": Walk._rule,
    "br": Walk._line_break,
    "a": Walk._link,
    "q": Walk._quotation,
    "sup": Walk._raised,
    "ruby": Walk._ruby,
    "math": Walk._formula,
    "svg": Walk._drawing,
    "template": Walk._template,
    "x-template": Walk._template,
}


def _elements(node: Node) -> Iterable[Node]:
    child = node.first_child
    while child is not None:
        if child.is_element_node:
            yield child
        child = child.next


def _has_own_text(node: Node | None) -> bool:
    """Whether words stand directly in a node, so that elements among them are parts of a sentence."""
    child = node.first_child if node is not None else None
    while child is not None:
        if child.is_text_node and not child.text_content.isspace():
            return True
        child = child.next
    return False
