"""OpenDocument: reads every place of a body where text can stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.odf_forms import control_texts
from lake.parse.office.odf_items import OdfItem, item_text
from lake.parse.office.odf_lists import ListStyles
from lake.parse.office.odf_objects import embedded_root, formula_text
from lake.parse.office.odf_styles import OdfStyles
from lake.parse.office.odf_tables import OdfTables, repeats
from lake.parse.office.odf_text import (
    SHAPES,
    floats,
    has_no_text,
    hidden_text,
    hides_itself,
    is_hidden,
    is_shape,
    is_silent,
    odf_name,
    odf_reading,
    plain,
)
from lake.parse.office.ooxml import attribute
from lake.parse.office.ooxml_package import Omit, Package

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind

LONGEST_HEADING = 300
_BREAKS = {"tab": "\t", "line-break": "\n", "soft-hyphen": ""}
_PAGE_FIELDS = ("page-number", "page-count", "page-continuation")


class OdfReader:
    """Reads the body of a text, and then its margins. ``roots`` are those of content.xml and styles.xml."""

    def __init__(self, roots: list[_Element], package: Package | None, omit: Omit) -> None:
        self._package = package
        self._omit = omit
        #: Text of objects, which are parts of their own.
        self.read_also: list[str] = []
        self._page: int | None = None
        self._after: list[Callable[[list[OdfItem]], None]] = []
        self._has_page_field = False
        self._in_margin = self._in_box = self._in_contents = False
        self._notes = 0
        self._tables = OdfTables(self._whole, self._turn_page)
        self._styles = OdfStyles(roots)
        self._lists = ListStyles(roots, self._styles)
        #: What form controls show, until the place of each is found.
        self._controls = {name: text for root in roots for name, text in control_texts(root).items()}
        self.read_also += self._controls.values()

    def text(self, body: _Element) -> list[OdfItem]:
        if next(body.iter("{*}soft-page-break"), None) is not None:
            self._page = 1
        return [*self._whole(body), *self._unplaced_controls()]

    def _unplaced_controls(self) -> list[OdfItem]:
        return [OdfItem(text, self._page) for text in self._controls.values()]

    def margin(self, node: _Element) -> tuple[list[OdfItem], bool]:
        """A header or footer, and whether it counts pages."""
        page, self._page = self._page, None
        self._has_page_field, self._in_margin, self._in_box = False, True, True
        items = self._whole(node)
        self._in_margin, self._in_box, self._page = False, False, page
        return items, self._has_page_field

    def _level(self, node: _Element) -> int:
        """Depth of a heading of the document; those of a text box, note or margin are none of it."""
        return 0 if self._in_box else self._styles.level(node)

    # Blocks

    def _blocks(self, parent: _Element, items: list[OdfItem]) -> None:
        for node in parent:
            self._block(node, items)

    def _whole(self, parent: _Element) -> list[OdfItem]:
        items: list[OdfItem] = []
        self._blocks(parent, items)
        return items

    def _block(self, node: _Element, items: list[OdfItem]) -> None:
        name = odf_name(node)
        if has_no_text(node):
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
        elif name in SHAPES:
            self._shape(node, items)
        elif name in ("table-of-content", "index-title"):
            outer, self._in_contents = self._in_contents, name == "table-of-content"
            self._blocks(node, items)
            self._in_contents = outer
        else:
            self._blocks(node, items)

    def _paragraph(self, node: _Element, items: list[OdfItem], label: str = "") -> None:
        if self._styles.hides(node) or hides_itself(node):
            self._leave_out("hidden", node, "hidden paragraphs")
            return
        page = self._page
        text, after = self._inline_text(node)
        level = self._level(node)
        if text.strip():
            text = self._labelled(node, text, level, label)
            level = level if len(text) <= LONGEST_HEADING else 0
            items.append(OdfItem(text, page, level, contents=self._in_contents))
        for append in after:
            append(items)

    def _labelled(self, node: _Element, text: str, level: int, label: str) -> str:
        """A paragraph's text after its label in a list, or a heading's after its number."""
        if level and not label and odf_name(node) == "h":
            label = self._lists.heading(node, level)
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

        for child, depth, label in self._lists.parts(node):
            if odf_name(child) not in ("p", "h") or self._level(child) or self._styles.hides(child):
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

    def _table(self, node: _Element, items: list[OdfItem]) -> None:
        items += (OdfItem(plain(one), self._page) for one in node if odf_name(one) in ("title", "desc"))
        page = self._page
        rows = self._tables.rows(node)
        texts = [[one_line(" ".join(map(item_text, cell))) for cell in row] for row in rows]
        if max((sum(map(bool, row)) for row in texts), default=0) > 1:
            items.append(OdfItem("", page, rows=texts))
        else:
            items += (item for row in rows for cell in row for item in cell)
        for shapes in node:
            if odf_name(shapes) == "shapes":
                self._blocks(shapes, items)

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
        outer, self._in_box = self._in_box, True
        items = self._whole(node)
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
                if text := plain(one):
                    described.append(OdfItem(f"Picture: {text}", self._page))
            elif inner in SHAPES or inner in ("p", "h", "list", "table", "annotation"):
                items += self._boxed_one(one)
            elif inner == "document" or inner == "math":
                self._object(one, items)
            elif not has_no_text(one):
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
        root = embedded_root(node, self._package, self._omit)
        if root is not None:
            self.read_also.append(odf_reading(root))
            self._object(root, items)

    def _object(self, root: _Element, items: list[OdfItem]) -> None:
        if odf_name(root) == "math":
            items.append(OdfItem(formula_text(root, self._omit), self._page))
        else:
            items += self._boxed(next(root.iter("{*}body"), root))

    def _turn_page(self) -> None:
        if self._page is not None:
            self._page += 1

    # Inside paragraphs

    def _inline(self, node: _Element, out: list[str]) -> None:
        out.append(node.text or "")
        for child in node:
            name = odf_name(child)
            if name == "s":
                out.append(" " * repeats(child, "c"))
            elif name in _BREAKS:
                out.append(_BREAKS[name])
            elif name == "number":
                out.append(f"{child.text or ''} ")
            elif not has_no_text(child):
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
        elif name == "hidden-text" and is_hidden(node):
            self._omit("hidden", hidden_text(node), "hidden text")
        elif name == "hidden-text":
            out.append(hidden_text(node))
        elif name == "hidden-paragraph":
            out.append(plain(node))
        elif name in _PAGE_FIELDS:
            self._page_field(node, out)
        elif is_silent(node):
            self._omit("hidden", "".join(node.itertext()), "fields that show nothing")
        elif is_shape(node) and name != "a":
            page = self._page
            if not floats(node) and out and out[-1][-1:].isalnum():
                out.append(" ")
            self._after.append(lambda items: self._late_shape(node, items, page))
        elif self._styles.hides(node):
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
            self._omit("running_line", plain(node), "page numbers")
        else:
            self._inline(node, out)

    def _note(self, node: _Element, out: list[str]) -> None:
        """A foot- or endnote: its mark stays, its text follows the paragraph."""
        self._notes += 1
        citation = next((plain(one) for one in node if odf_name(one) == "note-citation"), "") or str(self._notes)
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
