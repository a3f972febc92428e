"""OpenDocument: reads every place of a body where text can stand."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lake.parse.canonical import one_line
from lake.parse.office.odf_forms import control_texts
from lake.parse.office.odf_lists import ListStyles, Numbers, item_start
from lake.parse.office.ooxml import Omit, Package, attribute, plain_rows

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind

_LONGEST_HEADING = 300
_MOST_REPEATS = 1000
#: Cells that all tables of a document may add by repeats; a small file can state millions.
_MAX_ADDED = 200_000
_LENGTH = re.compile(r"(-?[\d.]+)(mm|cm|in|pt|pc)?")
_UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, None: 1.0}
_HEADING_STYLE = re.compile(r"(?:Heading|Überschrift|Titre)(?:_20_| )(\d)")
_TITLE_STYLES = {"Title": 1, "Subtitle": 2}

#: Elements that say something about text, and bytes.
_NO_TEXT = frozenset(
    (
        *("binary-data", "creator-initials", "sender-initials", "change-info", "sequence-decls", "variable-decls"),
        *("user-field-decls", "dde-connection-decls", "alphabetical-index-auto-mark-file", "table-of-content-source"),
        *("illustration-index-source", "table-index-source", "object-index-source", "user-index-source"),
        *("alphabetical-index-source", "bibliography-source", "enhanced-geometry", "date-time-decl"),
        *("event-listeners", "automatic-styles"),
    )
)
_NO_TEXT_TAGS = frozenset(("{http://purl.org/dc/elements/1.1/}creator", "{http://purl.org/dc/elements/1.1/}date"))
_BREAKS = {"tab": "\t", "line-break": "\n", "soft-hyphen": ""}
#: Inline elements that part no words.
_JOINED = frozenset(
    (
        *("span", "a", "meta", "meta-field", "bookmark", "bookmark-start", "bookmark-end", "change", "change-start"),
        *("change-end", "reference-mark", "reference-mark-start", "reference-mark-end", "ruby-base", "hidden-text"),
        *("soft-page-break", "toc-mark-start", "toc-mark-end", "toc-mark", "user-index-mark"),
        *("alphabetical-index-mark", "alphabetical-index-mark-start", "alphabetical-index-mark-end"),
    )
)
#: Elements of a paragraph that stand apart; a field, whatever it shows, is part of the word beside it.
_APART = frozenset(("line-break", "list", "note", "number", "page-number", "ruby", "ruby-text", "s", "section", "tab"))
_LINES = frozenset(("p", "h", "span", "a", "meta", "meta-field"))
_SHAPES = frozenset(
    (
        *(
            "frame",
            "g",
            "custom-shape",
            "rect",
            "line",
            "polyline",
            "polygon",
            "path",
            "circle",
            "ellipse",
            "connector",
        ),
        *("caption", "measure", "regular-polygon", "control", "page-thumbnail", "scene", "a", "text-box", "object"),
        *("object-ole", "plugin", "floating-frame", "image", "applet"),
    )
)
_PAGE_FIELDS = ("page-number", "page-count", "page-continuation")


@dataclass(slots=True)
class OdfItem:
    """A paragraph, a heading with its ``level``, a list, or a table if it has ``rows``. raglake ``made`` the text.

    ``contents``: it stands in a table of contents, whose title is none of it.
    """

    text: str
    page: int | None = None
    level: int = 0
    is_list: bool = False
    rows: list[list[str]] | None = None
    made: bool = False
    contents: bool = False


def item_text(item: OdfItem) -> str:
    return item.text if item.rows is None else plain_rows(item.rows)


def odf_name(node: _Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _has_no_text(node: _Element) -> bool:
    return not isinstance(node.tag, str) or node.tag in _NO_TEXT_TAGS or odf_name(node) in _NO_TEXT


def odf_reading(node: _Element) -> str:
    """All text below ``node``, whatever it is for: an independent reading for the account."""
    pieces: list[str] = []
    hidden: list[str] = []
    _gather(node, pieces, hidden)
    return "".join([*pieces, *hidden])


def _gather(node: _Element, pieces: list[str], hidden: list[str]) -> None:
    """Gather the text of an element and after it; hidden text apart, since it may stand inside a word."""
    name = odf_name(node)
    if name == "hidden-text":
        (hidden if _is_hidden(node) else pieces).append(_hidden_text(node))
    elif _floats(node):
        beside: list[str] = [" "]
        for child in node:
            _gather(child, beside, hidden)
        hidden += beside
    elif not _has_no_text(node):
        border = "" if name in _JOINED or _is_field(node) else " "
        pieces += (border, node.text or "")
        for child in node:
            _gather(child, pieces, hidden)
        pieces.append(border)
    pieces.append(node.tail or "")


def _is_field(node: _Element) -> bool:
    """Whether an element shows a value in its line."""
    around = node.getparent()
    in_line = around is not None and isinstance(around.tag, str) and odf_name(around) in _LINES
    return in_line and ":text:" in str(node.tag) and odf_name(node) not in _APART


def _floats(node: _Element) -> bool:
    """Whether an element inside a paragraph takes no place in its line, so that it parts no word."""
    name = odf_name(node)
    if name == "annotation":  # not that of a formula
        return ":office:" in str(node.tag)
    return name in _SHAPES and attribute(node, "anchor-type") in ("char", "paragraph", "page")


def _is_hidden(node: _Element) -> bool:
    return attribute(node, "is-hidden") != "false"


def _hides_itself(paragraph: _Element) -> bool:
    """Whether a field of the paragraph hides it."""
    return any(odf_name(one) == "hidden-paragraph" and attribute(one, "is-hidden") == "true" for one in paragraph)


def _hidden_text(node: _Element) -> str:
    text = node.text or attribute(node, "string-value")
    return f" {text} " if _is_hidden(node) else text


class OdfReader:
    def __init__(self, roots: list[_Element], package: Package | None, omit: Omit) -> None:
        self._package = package
        self._omit = omit
        #: Text of objects, which are parts of their own.
        self.read_also: list[str] = []
        self._levels: dict[str, int] = {}
        self._hidden: set[str] = set()
        self._hidden_pages: set[str] = set()
        self._parents: dict[str, str] = {}
        self._page: int | None = None
        self._after: list[Callable[[list[OdfItem]], None]] = []
        self._has_page_field = False
        self._in_margin = self._in_box = self._in_contents = False
        self._notes = 0
        self._may_add = _MAX_ADDED
        self._lists = ListStyles()
        #: What form controls show, until the place of each is found.
        self._controls = {name: text for root in roots for name, text in control_texts(root).items()}
        self.read_also += self._controls.values()
        for root in roots:
            self._learn_styles(root)
            self._lists.learn(root)

    def text(self, body: _Element) -> list[OdfItem]:
        if next(body.iter("{*}soft-page-break"), None) is not None:
            self._page = 1
        items: list[OdfItem] = []
        self._blocks(body, items)
        return [*items, *self._unplaced_controls()]

    def _unplaced_controls(self) -> list[OdfItem]:
        return [OdfItem(text, self._page) for text in self._controls.values()]

    def slides(self, body: _Element) -> list[OdfItem]:
        items: list[OdfItem] = []
        declared = {
            attribute(one, "name"): _plain(one) for one in body if odf_name(one) in ("footer-decl", "header-decl")
        }
        shown: set[str] = set()
        for number, page in enumerate((one for one in body if odf_name(one) == "page"), start=1):
            self._page = number
            self._slide(page, items)
            for kind in ("use-footer-name", "use-header-name"):
                text = declared.get(attribute(page, kind), "")
                if text.strip() and text not in shown:
                    shown.add(text)
                    items.append(OdfItem(text, number))
        for text in declared.values():
            if text not in shown:
                self._omit("running_line", text, "footers of slides")
        return [*items, *self._unplaced_controls()]

    def hidden_slides(self, body: _Element) -> list[int]:
        pages = (one for one in body if odf_name(one) == "page")
        return [n for n, one in enumerate(pages, start=1) if attribute(one, "style-name") in self._hidden_pages]

    def margin(self, node: _Element) -> tuple[list[OdfItem], bool]:
        """A header or footer, and whether it counts pages."""
        items: list[OdfItem] = []
        page, self._page = self._page, None
        self._has_page_field, self._in_margin, self._in_box = False, True, True
        self._blocks(node, items)
        self._in_margin, self._in_box, self._page = False, False, page
        return items, self._has_page_field

    def _learn_styles(self, root: _Element) -> None:
        for style in root.iter("{*}style"):
            name = attribute(style, "name")
            self._parents.setdefault(name, attribute(style, "parent-style-name"))
            outline = attribute(style, "default-outline-level")
            named = _HEADING_STYLE.fullmatch(name)
            if outline.isdecimal() and int(outline):
                self._levels[name] = int(outline)
            elif named or name in _TITLE_STYLES:
                self._levels[name] = int(named[1]) if named else _TITLE_STYLES[name]
            for properties in style:
                if odf_name(properties) == "text-properties" and attribute(properties, "display") == "none":
                    self._hidden.add(name)
                if attribute(properties, "visibility") == "hidden":
                    self._hidden_pages.add(name)

    def _chain(self, name: str) -> Iterator[str]:
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            yield name
            name = self._parents.get(name, "")

    def _level(self, node: _Element) -> int:
        """Depth of a heading, also of a paragraph in a heading's style; 0 if it is none."""
        if self._in_box:
            return 0
        if odf_name(node) == "h":
            level = attribute(node, "outline-level")
            return int(level) if level.isdecimal() and int(level) else 1
        return next((self._levels[one] for one in self._chain(attribute(node, "style-name")) if one in self._levels), 0)

    def _is_hidden(self, node: _Element) -> bool:
        return any(one in self._hidden for one in self._chain(attribute(node, "style-name")))

    # Blocks

    def _blocks(self, parent: _Element, items: list[OdfItem]) -> None:
        for node in parent:
            self._block(node, items)

    def _block(self, node: _Element, items: list[OdfItem]) -> None:
        name = odf_name(node)
        if _has_no_text(node):
            return
        if name in ("p", "h"):
            self._paragraph(node, items)
        elif name == "list":
            self._list(node, items)
        elif name == "table":
            self._table(node, items)
        elif name == "tracked-changes":
            self._changes(node)
        elif name == "soft-page-break":
            self._turn_page()
        elif name == "section" and (attribute(node, "display") == "none" or attribute(node, "is-hidden") == "true"):
            self._leave_out("hidden", node, "hidden sections")
        elif name == "annotation":
            self._comment(node, items)
        elif name in _SHAPES:
            self._shape(node, items)
        elif name in ("table-of-content", "index-title"):
            outer, self._in_contents = self._in_contents, name == "table-of-content"
            self._blocks(node, items)
            self._in_contents = outer
        else:
            self._blocks(node, items)

    def _paragraph(self, node: _Element, items: list[OdfItem], label: str = "") -> None:
        if self._is_hidden(node) or _hides_itself(node):
            self._leave_out("hidden", node, "hidden paragraphs")
            return
        page = self._page
        text, after = self._inline_text(node)
        level = self._level(node)
        if text.strip():
            text = self._labelled(node, text, level, label)
            level = level if len(text) <= _LONGEST_HEADING else 0
            items.append(OdfItem(text, page, level, contents=self._in_contents))
        for append in after:
            append(items)

    def _labelled(self, node: _Element, text: str, level: int, label: str) -> str:
        """A paragraph's text after its label in a list, or a heading's after its number."""
        if level and not label and odf_name(node) == "h":
            label = self._lists.heading(node, level, lambda: self._chain(attribute(node, "style-name")))
        is_written = any(odf_name(one) == "number" for one in node)
        return f"{label} {text}" if label and not is_written else text

    def _inline_text(self, node: _Element) -> tuple[str, list[Callable[[list[OdfItem]], None]]]:
        outer, self._after = self._after, []
        pieces: list[str] = []
        self._inline(node, pieces)
        after, self._after = self._after, outer
        return "".join(pieces), after

    def _list(self, node: _Element, items: list[OdfItem]) -> None:
        lines: list[str] = []
        after: list[Callable[[list[OdfItem]], None]] = []
        page = self._page

        def end() -> None:
            if lines:
                items.append(OdfItem("\n".join(lines), page, is_list=True))
            lines.clear()
            for append in after:
                append(items)
            after.clear()

        for child, depth, label in self._list_parts(node):
            if odf_name(child) not in ("p", "h") or self._level(child) or self._is_hidden(child):
                end()
                page = self._page
                if odf_name(child) in ("p", "h"):
                    self._paragraph(child, items, label or "")
                else:
                    self._block(child, items)
                continue
            page = page if lines else self._page
            text, later = self._inline_text(child)
            after += later
            if text.strip():
                mark = f"{label or '-'} " if label is not None or not lines else "  "
                lines.append(f"{'  ' * depth}{mark}{one_line(text)}")
        end()

    def _list_parts(
        self, node: _Element, depth: int = 0, name: str = "", numbers: Numbers | None = None
    ) -> Iterator[tuple[_Element, int, str | None]]:
        """What stands in the items of a list, with its depth and the label of its item: "" for a bullet.

        The label is None after the first block of an item.
        """
        name = attribute(node, "style-name") or name
        numbers = numbers or self._lists.of_list(node, name)
        for item in node:
            if odf_name(item) not in ("list-item", "list-header"):
                continue
            for place, inner in enumerate(one for one in item if odf_name(one) != "number"):
                if odf_name(inner) == "list":
                    yield from self._list_parts(inner, depth + 1, name, numbers)
                elif place:
                    yield inner, depth, None
                else:
                    yield inner, depth, self._label(item, inner, depth, name, numbers)

    def _label(self, item: _Element, first: _Element, depth: int, name: str, numbers: Numbers) -> str:
        if odf_name(item) == "list-header":
            return ""
        style = self._lists.style(
            name, attribute(item, "style-override"), lambda: self._chain(attribute(first, "style-name"))
        )
        computed = numbers.next(style, depth + 1, item_start(item))
        return next((one_line(one.text or "") for one in item if odf_name(one) == "number"), computed)

    def _table(self, node: _Element, items: list[OdfItem]) -> None:
        page = self._page
        rows: list[list[list[OdfItem]]] = []
        self._rows(node, rows)
        texts = [[one_line(" ".join(map(item_text, cell))) for cell in row] for row in rows]
        if max((sum(map(bool, row)) for row in texts), default=0) > 1:
            items.append(OdfItem("", page, rows=texts))
        else:
            items += (item for row in rows for cell in row for item in cell)

    def _rows(self, node: _Element, rows: list[list[list[OdfItem]]]) -> None:
        for one in node:
            name = odf_name(one)
            if name == "table-row":
                cells: list[list[OdfItem]] = []
                for cell in one:
                    if odf_name(cell) in ("table-cell", "covered-table-cell"):
                        inner: list[OdfItem] = []
                        self._blocks(cell, inner)
                        cells += [inner] * self._repeats(cell, "number-columns-repeated", 1)
                rows += [cells] * (self._repeats(one, "number-rows-repeated", len(cells)) if any(cells) else 1)
            elif name in ("table-header-rows", "table-rows", "table-row-group"):
                self._rows(one, rows)
            elif name == "soft-page-break":
                self._turn_page()
            elif name in ("title", "desc", "shapes"):
                inner = []
                self._blocks(one, inner) if name == "shapes" else inner.append(OdfItem(_plain(one), self._page))
                rows += ([[item]] for item in inner if item.text.strip())

    def _repeats(self, node: _Element, name: str, n_cells: int) -> int:
        """How often a cell or a row of ``n_cells`` stands there, within what a document may add."""
        added = min(_count(node, name) - 1, self._may_add // max(1, n_cells))
        self._may_add -= added * n_cells
        return added + 1

    def _changes(self, node: _Element) -> None:
        for deletion in node.iter("{*}deletion"):
            self._leave_out("deleted", deletion, "tracked changes")

    def _comment(self, node: _Element, items: list[OdfItem]) -> None:
        author = one_line(next((one.text or "" for one in node if odf_name(one) == "creator"), ""))
        inner = self._boxed(node)
        text = "\n".join(filter(None, (item_text(item).strip() for item in inner)))
        if text:
            items.append(OdfItem(f"Comment ({author}): {text}" if author else f"Comment: {text}", self._page))

    def _boxed(self, node: _Element) -> list[OdfItem]:
        """The blocks of a note, comment or text box; its headings are none of the document's."""
        items: list[OdfItem] = []
        outer, self._in_box = self._in_box, True
        self._blocks(node, items)
        self._in_box = outer
        return items

    def _shape(self, node: _Element, items: list[OdfItem]) -> None:
        name = odf_name(node)
        if attribute(node, "placeholder") == "true":
            self._leave_out("decoration", node, "prompts of placeholders")
            return
        described: list[OdfItem] = []
        for one in node:
            inner = odf_name(one)
            if inner in ("title", "desc"):
                if text := _plain(one):
                    described.append(OdfItem(f"Picture: {text}", self._page))
            elif inner in _SHAPES or inner in ("p", "h", "list", "table", "annotation"):
                items += self._boxed_one(one)
            elif inner == "document" or inner == "math":
                self._object(one, items)
            elif not _has_no_text(one):
                items += self._boxed(one)
        items += described
        if name == "control" and (text := self._controls.pop(attribute(node, "control"), "")):
            items.append(OdfItem(text, self._page))
        if name in ("object", "object-ole"):
            self._embedded(node, items)

    def _boxed_one(self, node: _Element) -> list[OdfItem]:
        items: list[OdfItem] = []
        outer, self._in_box = self._in_box, True
        self._block(node, items)
        self._in_box = outer
        return items

    def _embedded(self, node: _Element, items: list[OdfItem]) -> None:
        """A chart, formula or other document, which is a part of its own."""
        target = posixpath.normpath(unquote(attribute(node, "href")))
        if self._package is None or not attribute(node, "href"):
            return
        name = f"{target}/content.xml"
        if not self._package.has(name):
            self._omit("attachment", "", target)
            return
        root = self._package.root(name)
        if root is not None:
            self.read_also.append(odf_reading(root))
            self._object(root, items)

    def _object(self, root: _Element, items: list[OdfItem]) -> None:
        formulas = [root] if odf_name(root) == "math" else []
        if formulas:
            notes = list(root.iter("{*}annotation"))
            written = " ".join(_plain(one) for one in notes)
            whole = one_line(odf_reading(root))
            shown = written or whole
            if written:
                for one in root.iter("{*}semantics"):
                    self._omit("repeated", " ".join(_plain(part) for part in one if part not in notes), "formulas")
            items.append(OdfItem(shown, self._page))
            return
        body = next(root.iter("{*}body"), root)
        items += self._boxed(body)

    def _turn_page(self) -> None:
        if self._page is not None:
            self._page += 1

    # Inside paragraphs

    def _inline(self, node: _Element, out: list[str]) -> None:
        out.append(node.text or "")
        for child in node:
            name = odf_name(child)
            if name == "s":
                out.append(" " * _count(child, "c"))
            elif name in _BREAKS:
                out.append(_BREAKS[name])
            elif name == "number":
                out.append(f"{child.text or ''} ")
            elif not _has_no_text(child):
                self._inline_child(child, name, out)
            out.append(child.tail or "")

    def _inline_child(self, node: _Element, name: str, out: list[str]) -> None:
        if name == "soft-page-break":
            self._turn_page()
        elif name == "note":
            self._note(node, out)
        elif name == "annotation":
            self._after.append(lambda items: self._comment(node, items))
        elif name == "ruby":
            self._ruby(node, out)
        elif name == "hidden-text" and _is_hidden(node):
            self._omit("hidden", _hidden_text(node), "hidden text")
        elif name == "hidden-text":
            out.append(_hidden_text(node))
        elif name == "hidden-paragraph":
            out.append(_plain(node))
        elif name in _PAGE_FIELDS:
            self._page_field(node, out)
        elif name in _SHAPES - {"a"}:
            page = self._page
            if not _floats(node) and out and out[-1][-1:].isalnum():
                out.append(" ")
            self._after.append(lambda items: self._late_shape(node, items, page))
        elif self._is_hidden(node):
            self._leave_out("hidden", node, "hidden text")
        elif name in ("p", "h", "list", "table"):
            self._after.append(lambda items: items.extend(self._boxed_one(node)))
        else:
            self._inline(node, out)

    def _late_shape(self, node: _Element, items: list[OdfItem], page: int | None) -> None:
        before, self._page = self._page, page
        self._shape(node, items)
        self._page = before

    def _page_field(self, node: _Element, out: list[str]) -> None:
        self._has_page_field = True
        if self._in_margin:
            self._omit("running_line", _plain(node), "page numbers")
        else:
            self._inline(node, out)

    def _note(self, node: _Element, out: list[str]) -> None:
        """A foot- or endnote: its mark stays, its text follows the paragraph."""
        self._notes += 1
        citation = next((_plain(one) for one in node if odf_name(one) == "note-citation"), "") or str(self._notes)
        out.append(f"[{citation}]")
        body = next((one for one in node if odf_name(one) == "note-body"), None)
        if body is None:
            return

        def append(items: list[OdfItem]) -> None:
            inner = self._boxed(body)
            if inner and inner[0].rows is None:
                inner[0].text = f"[{citation}] {inner[0].text.lstrip()}"
            items += inner

        self._after.append(append)

    def _ruby(self, node: _Element, out: list[str]) -> None:
        for one in node:
            pieces: list[str] = []
            self._inline(one, pieces)
            text = "".join(pieces)
            out.append(f"({text})" if odf_name(one) == "ruby-text" and text else text)

    def _leave_out(self, kind: OmissionKind, node: _Element, place: str) -> None:
        text = odf_reading(node).removesuffix(node.tail or "") if node.tail else odf_reading(node)
        if text.strip():
            self._omit(kind, text, place)

    # Slides

    def _slide(self, page: _Element, items: list[OdfItem]) -> None:
        """Titles first, then shapes from top to bottom and left to right, then notes."""
        titles: list[str] = []
        inner: list[OdfItem] = []
        notes: list[OdfItem] = []
        placed = []
        for order, node in enumerate(page):
            name = odf_name(node)
            if name == "notes":
                for one in node:
                    if attribute(one, "class") in ("header", "footer", "date-time", "page-number"):
                        self._leave_out("running_line", one, "notes")
                    elif odf_name(one) in _SHAPES - {"page-thumbnail"}:
                        self._shape(one, notes)
            elif name in _SHAPES or name == "annotation":
                placed.append(((int(_place(node)[1] // 8), _place(node)[0], order), node))
        for _, node in sorted(placed, key=lambda one: one[0]):
            if attribute(node, "class") == "title" and attribute(node, "placeholder") != "true":
                found: list[OdfItem] = []
                self._shape(node, found)
                titles += (item_text(item).lstrip("- ") for item in found)
            elif odf_name(node) == "annotation":
                self._comment(node, notes)
            else:
                self._shape(node, inner)
        title = one_line(" ".join(titles))
        if title and len(title) <= _LONGEST_HEADING:
            items.append(OdfItem(title, self._page, 1))
        elif title or inner or notes:
            items.append(OdfItem(f"Slide {self._page}", self._page, 1, made=True))
            items.append(OdfItem(title, self._page))
        items += inner
        items += notes


def _count(node: _Element, name: str) -> int:
    value = attribute(node, name)
    return max(1, min(int(value), _MOST_REPEATS)) if value.isdecimal() else 1


def _plain(node: _Element) -> str:
    """All text of a node, in one line, without what follows it."""
    pieces: list[str] = []
    hidden: list[str] = []
    _gather(node, pieces, hidden)
    pieces[-1] = ""
    return one_line("".join([*pieces, *hidden]))


def _place(node: _Element) -> tuple[float, float]:
    """Left and top in mm; those of a group are its first shape's."""
    values = [_LENGTH.match(attribute(node, name)) for name in ("x", "y")]
    if odf_name(node) == "g" and not any(values):
        return next((_place(one) for one in node if odf_name(one) in _SHAPES), (0.0, 0.0))
    left, top = (float(one[1]) * _UNITS.get(one[2], 1.0) if one else 0.0 for one in values)
    return left, top
