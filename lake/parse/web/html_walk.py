"""Walks the tree of an HTML page and writes its text block by block, with what is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from lake.parse.canonical import one_line, runs_into
from lake.parse.web.html_marks import LINE_NUMBERS, Marks
from lake.parse.web.html_source import BORDERS, prepared, shown
from lake.parse.web.html_table import PageCell, cells_of, grid, own_rows, spans

if TYPE_CHECKING:
    from lake.parse.document import Kind, OmissionKind

#: A LexborNode; typed loosely because its texts and parents may be None, but not those of a node of the right kind.
Node = Any

_LONGEST_HEADING = 300
#: Structure is followed this deep; below it, only paragraphs are told apart.
_MAX_DEPTH = 200
#: Stands for <br> until a paragraph is written; canonical text holds no such character.
_BREAK = "\0"
_LANGUAGE = re.compile(r"(?:^|\s)(?:language-|lang-|highlight-(?:source-)?|brush:\s*)([\w+#-]+)")
_NO_LANGUAGES = frozenset(("default", "none", "text", "plain", "plaintext", "nohighlight", "source"))
_SPACED = BORDERS - {"br"}
#: A longer cell with blocks inside is part of a page's layout.
_LONGEST_CELL = 600
_BLOCKS_IN_CELL = "p, ul, ol, dl, div, br, blockquote"
#: A larger table is written without padding, which would multiply its size.
_MOST_CELLS = 2_000_000
_DATA_URI = "data:"


class Sink(Protocol):
    """Where blocks go: the document's writer, or the pieces of a cell."""

    def add(self, text: str, kind: Kind = "paragraph") -> None: ...
    def heading(self, text: str, level: int) -> None: ...
    def code(self, text: str, language: str = "") -> None: ...
    def table(self, rows: Iterable[Sequence[str]]) -> None: ...
    def omit(self, kind: OmissionKind, text: str = "", place: str = "") -> None: ...


class _Pieces:
    """A Sink that gathers plain text; omissions go to ``outer``, or become text if there is none."""

    def __init__(self, outer: Sink | None) -> None:
        self.texts: list[str] = []
        self._outer = outer

    def add(self, text: str, kind: Kind = "paragraph") -> None:
        self.texts.append(text)

    def heading(self, text: str, level: int) -> None:
        self.texts.append(text)

    def code(self, text: str, language: str = "") -> None:
        self.texts.append(text)

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        self.texts += [" ".join(filter(None, row)) for row in rows]

    def omit(self, kind: OmissionKind, text: str = "", place: str = "") -> None:
        if self._outer:
            self._outer.omit(kind, text, place)
        else:
            self.texts.append(text)


@dataclass(slots=True)
class _List:
    """An open list; ``number`` is that of its next item, None for bullets."""

    number: int | None = None
    step: int = 1


@dataclass(slots=True)
class _Lines:
    """A list's lines that are not written yet, and the bullet of an item that has no text yet."""

    lines: list[str] = field(default_factory=list)
    bullet: str = ""


class Walk:
    """Writes nodes to ``sink``; what ``marks`` names is left out. A list that is not ``numbered`` has bullets only."""

    def __init__(self, sink: Sink, marks: Marks, *, flat: bool = False, numbered: bool = True) -> None:
        self._sink = sink
        self._marks = marks
        self._flat = flat
        self._numbered = numbered
        self._text: list[str] = []
        self._lists: list[_List] = []
        self._pending = _Lines()
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
        pieces = _Pieces(None)
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
        elif self._lists or self._pending.bullet:
            self._line(one_line(text))
        else:
            self._write_list()
            self._sink.add(text, "quote" if self._quotes else "paragraph")

    def _line(self, text: str) -> None:
        """Write a line of a list: an item's first one after its bullet, others below it."""
        indent = "  " * (len(self._lists) - 1)
        bullet, self._pending.bullet = self._pending.bullet, ""
        self._pending.lines.append((bullet or f"{indent}  ") + text)

    def _write_list(self) -> None:
        lines = self._pending.lines
        if lines:
            margin = min(len(line) - len(line.lstrip()) for line in lines)
            self._sink.add("\n".join(line[margin:] for line in lines), "list")
            lines.clear()

    def _interrupt(self) -> None:
        """End paragraph and list, before a block that can't stand in either."""
        self._flush()
        self._write_list()

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
        level = int(node.tag[1]) if node.tag in _HEADINGS else _number(node.attributes.get("aria-level"), 2)
        if self._flat or self._quotes or len(text) > _LONGEST_HEADING:
            self._flush()
            self._paragraph(text)
        elif text:
            self._interrupt()
            self._sink.heading(text, level)

    def _list(self, node: Node) -> None:
        if self._lists:
            self._flush()
        else:
            self._interrupt()
        opened = _List()
        if node.tag == "ol" and self._numbered:
            attributes = node.attributes
            opened.number = _number(attributes.get("start"), 1)
            if "reversed" in attributes:
                opened.step = -1
                if "start" not in attributes:
                    opened.number = sum(child.tag == "li" for child in node.iter())
        self._lists.append(opened)
        self._children(node)
        self._flush()
        self._lists.pop()
        if not self._lists:
            self._pending.bullet = ""
            self._write_list()

    def _item(self, node: Node) -> None:
        self._flush()
        is_loose = not self._lists
        if is_loose:
            self._lists.append(_List())
        around = self._lists[-1]
        bullet = "-"
        if around.number is not None:
            around.number = _number(node.attributes.get("value"), around.number)
            bullet = f"{around.number}."
            around.number += around.step
        self._pending.bullet = f"{'  ' * (len(self._lists) - 1)}{bullet} "
        self._children(node)
        self._flush()
        self._pending.bullet = ""
        if is_loose:
            self._lists.pop()

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
        self._sink.code(text, _language_of(node))

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
        if self._flat or not self._is_layout(node, sections):
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

    def _is_layout(self, table: Node, sections: list[list[list[Node]]]) -> bool:
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
            self._write_list()
            self._sink.table(rows)

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
        pieces = _Pieces(self._sink)
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

    def _attributes(self, node: Node) -> None:
        """Write what an image or a field shows beside its content."""
        attributes = node.attributes
        texts = shown(node.tag, attributes)
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
        """Words, then how they are read, in brackets."""
        readings: list[str] = []
        for child in node.traverse(include_text=True):
            parents = {tag for tag in (child.parent.tag, child.parent.parent.tag if child.parent.parent else "")}
            if child.is_text_node and not parents & {"rt", "rtc", "rp"}:
                self._text.append(child.text_content.strip("\n"))
            elif child.tag == "rt" or (child.tag == "rtc" and not child.css_first("rt")):
                readings.append(one_line(child.text()))
        if any(readings):
            self._text.append(f"({' '.join(filter(None, readings)) if _has_spaces(readings) else ''.join(readings)})")

    def _formula(self, node: Node) -> None:
        self._text.append(" ")
        self._math(node)
        self._text.append(" ")

    def _math(self, node: Node) -> None:
        sign = ""
        for child in node.iter(include_text=True):
            if child.is_element_node:
                self._text.append(sign)
                sign = _MATH_SIGNS.get(node.tag or "", "")
            if child.is_text_node:
                self._text.append(child.text_content)
            elif child.tag in ("annotation", "annotation-xml"):
                self._sink.omit("repeated", one_line(child.text(separator=" ")), "formula")
            elif child.is_element_node:
                self._math(child)
                self._text.append(" ")

    def _drawing(self, node: Node) -> None:
        """Read the words of a drawing, which stand apart; a foreignObject holds HTML."""
        if node.css_first("foreignObject"):
            self._block(node)
            return
        for child in node.traverse(include_text=True):
            if child.is_text_node and child.parent.tag in ("script", "style"):
                self._sink.omit("script", child.text_content)
            elif child.is_text_node:
                self._text.append(f" {child.text_content}")
        self._text.append(" ")

    def _script(self, node: Node) -> None:
        text = node.text()
        if (node.tag == "script" and text) and (node.attributes.get("type") or "").lower().startswith("math/"):
            if _is_drawn_before(node):
                self._sink.omit("repeated", text, "formula")
            else:
                self._text.append(f" {text} ")
        elif text:
            self._sink.omit("script", text)

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
_MATH_SIGNS = {"msup": "^", "msub": "_", "mfrac": "/"}
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


def _is_drawn_before(formula: Node) -> bool:
    """Whether a saved page shows what MathJax drew of a formula's source right before that source."""
    drawn = formula.prev
    while drawn is not None and drawn.is_text_node and drawn.text_content.isspace():
        drawn = drawn.prev
    if drawn is None or not drawn.is_element_node:
        return False
    return "MathJax" in (drawn.attributes.get("class") or "") and bool(drawn.text().strip())


def _has_own_text(node: Node | None) -> bool:
    """Whether words stand directly in a node, so that elements among them are parts of a sentence."""
    child = node.first_child if node is not None else None
    while child is not None:
        if child.is_text_node and not child.text_content.isspace():
            return True
        child = child.next
    return False


def _has_spaces(texts: Sequence[str]) -> bool:
    return any(text.isascii() for text in texts)


def _language_of(code: Node) -> str:
    inner = code.css_first("code")
    around = code.parent
    for node in (code, inner, around, around.parent if around is not None else None):
        name = node.attributes.get("class") if node is not None and node.is_element_node else None
        found = _LANGUAGE.search(name) if name else None
        if found:
            language = found[1].lower()
            return "" if language in _NO_LANGUAGES else language
    return ""


def _number(value: str | None, otherwise: int) -> int:
    try:
        return int(value[:6]) if value else otherwise
    except ValueError:
        return otherwise
