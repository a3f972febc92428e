"""Word: reads every place of a document where text can stand, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lake.errors import InputError
from lake.parse.canonical import one_line, runs_into
from lake.parse.office.numbered_fields import NumberedFields
from lake.parse.office.ooxml import (
    alternatives,
    attribute,
    child,
    found,
    has_lost_its_end,
    is_large_letter,
    is_on,
    is_raised,
    key,
    reading,
    text_of,
)
from lake.parse.office.ooxml_package import Omit, Package, embedded_files
from lake.parse.office.word_bookmarks import Bookmarks
from lake.parse.office.word_fields import Fields
from lake.parse.office.word_items import NO_TEXT, Item, all_text
from lake.parse.office.word_notes import Note, Notes
from lake.parse.office.word_styles import WordStyles, number_of, outline_level
from lake.parse.office.word_tables import WordTables

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind, ParsedDocument

_INLINE = frozenset(
    ["w:r", "w:hyperlink", "w:smartTag", "w:fldSimple", "w:dir", "w:bdo", "w:ruby", "m:oMath", "m:oMathPara", "w:t"]
)
_SPACES = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}

#: Parses a part in another format; None if it can't.
ParsePart = Callable[[bytes, str], "ParsedDocument | None"]
#: Reads an element inside a paragraph: its text goes to the list, what stands apart to ``after``.
InlineReader = Callable[["WordReader", "_Element", list[str]], None]


class Margin(NamedTuple):
    """A header or a footer, and whether it shows the number of its page."""

    kind: str
    part: str
    items: list[Item]
    has_page_field: bool


class WordReader:
    """Reads the body of a document, and then its margins; ``inline`` reads elements in paragraphs by their names."""

    def __init__(
        self, package: Package, main: str, omit: Omit, parse_part: ParsePart, inline: Mapping[str, InlineReader]
    ) -> None:
        self._inline_readers = inline
        self._parse_part = parse_part
        self.package = package
        self._main = main
        self.part = main
        self.omit = omit
        styles = self._related("styles") or [main.rpartition("/")[0] + "/styles.xml"]
        self.styles = WordStyles(package.root(styles[0]) if package.has(styles[0]) else None)
        self.notes = Notes(package, main, omit)
        self._tables = WordTables(self._whole, self.control, partial(self.leave_out, "deleted"))
        self.page: int | None = None
        self._numbers = NumberedFields()
        self._bookmarks = Bookmarks()
        self.fields = Fields(self._numbers, self._bookmarks.shown)
        self.after: list[Callable[[list[Item]], None]] = []
        #: Parts that stand for a part of the body.
        self.chunks: set[str] = set()
        self._carried = ""
        self._style = ""
        self.in_margin = False
        self._has_page_field = False
        self._starts_on: int | None = None
        self._has_text = False

    def body(self, root: _Element) -> list[Item]:
        self._bookmarks.root = root
        if next(found(root, "w:lastRenderedPageBreak"), None) is not None:
            self.page = 1
        items: list[Item] = []
        self._blocks(child(root, "w:body") if child(root, "w:body") is not None else root, items)
        self._flush(items)
        for note in self.notes.uncited():
            items += self.note(note)
        for name in embedded_files(self.package):
            if name not in self.chunks:
                self.omit("attachment", "", name)
        return items

    def margins(self) -> Iterator[Margin]:
        """The headers, then the footers."""
        self.in_margin, self.page = True, None
        for kind in ("header", "footer"):
            for part in self._related(kind):
                root = self.package.root(part) if self.package.has(part) else None
                if root is not None:
                    self._has_page_field, self.part = False, part
                    items = self._whole(root)
                    yield Margin(kind, part, items, self._has_page_field)

    def _related(self, kind: str) -> list[str]:
        return self.package.related(self._main, kind)

    # Blocks

    def _blocks(self, parent: _Element, items: list[Item]) -> None:
        loose: list[_Element] = []
        for node in parent:
            name = key(node.tag)
            if name in _INLINE:
                loose.append(node)
                continue
            self._loose(loose, items)
            loose = []
            if name == "w:p":
                self._paragraph(node, items)
            elif name == "w:tbl":
                self._table(node, items)
            elif name in ("w:del", "w:moveFrom"):
                self.leave_out("deleted", node)
            elif name == "w:sdt":
                self.control(node, partial(self._blocks, items=items))
            elif name == "mc:AlternateContent":
                self.alternative(node, partial(self._blocks, items=items))
            elif name == "w:altChunk":
                items += self._chunk(node)
            elif name and name not in NO_TEXT:
                self._blocks(node, items)
        self._loose(loose, items)

    def _loose(self, nodes: list[_Element], items: list[Item]) -> None:
        """Text that stands outside of any paragraph."""
        if nodes:
            self._paragraph(nodes, items)

    def _paragraph(self, node: _Element | list[_Element], items: list[Item]) -> None:
        properties = None if isinstance(node, list) else child(node, "w:pPr")
        style = child(properties, "w:pStyle")
        outer = self._style, self.after, self._starts_on, self._has_text
        self._style = "" if style is None else attribute(style, "val")
        self.after, self._starts_on, self._has_text = [], self.page, False
        outline = outline_level(properties)
        level = self.styles.level(self._style) if outline is None else outline
        self.fields.level = level
        pieces: list[str] = []
        self.inline(node, pieces)
        name, starts_on, after = self._style, self._starts_on, self.after
        self.fields.end_paragraph()
        self._style, self.after, self._starts_on, self._has_text = outer
        text = self._carried + "".join(pieces)
        self._carried = ""
        if has_lost_its_end(properties):
            self._carried = text
        elif is_large_letter(properties):
            self._carried = text.rstrip("\n")  # the first letter of the paragraph after it
        elif text.strip():
            contents = self.styles.names.get(name, "").lower().startswith("toc ")
            items.append(Item(text, starts_on, level, name, number_of(properties), contents=contents))
        for append in after:
            append(items)

    def _flush(self, items: list[Item]) -> None:
        if self._carried.strip():
            items.append(Item(self._carried, self.page))
        self._carried = ""
        self.fields = Fields(self._numbers, self._bookmarks.shown)

    def _whole(self, node: _Element) -> list[Item]:
        """The blocks of a part, a cell or a text box, of which nothing goes on in what follows."""
        items: list[Item] = []
        self._blocks(node, items)
        self._flush(items)
        return items

    def aside(self, node: _Element, items: list[Item]) -> None:
        """A text box: its headings are none of the document's."""
        outer, self._carried, self.fields = (
            (self._carried, self.fields),
            "",
            Fields(self._numbers, self._bookmarks.shown),
        )
        inner = self._whole(node)
        self._carried, self.fields = outer
        for item in inner:
            item.aside = True
            if item.level:
                item.level, item.style, item.number = 0, "", None
        items += inner

    def note(self, note: Note) -> list[Item]:
        outer, self.part = self.part, note.part
        inner: list[Item] = []
        self.aside(note.node, inner)
        self.part = outer
        if note.kind == "comment":
            author = one_line(attribute(note.node, "author"))
            text = "\n".join(filter(None, (all_text(item).strip() for item in inner)))
            return [Item(f"Comment ({author}): {text}" if author else f"Comment: {text}", aside=True)] if text else []
        if note.mark and inner and inner[0].rows is None:
            inner[0].text = f"{note.mark} {inner[0].text.lstrip()}"
        return inner

    def _table(self, node: _Element, items: list[Item]) -> None:
        if self._carried.strip():  # a table does not go on what stands before it
            items.append(Item(self._carried, self.page))
        self._carried = ""
        described = (child(node, "w:tblPr", name) for name in ("w:tblCaption", "w:tblDescription"))
        items += (Item(attribute(one, "val"), self.page) for one in described if one is not None)
        page = self.page
        rows = self._tables.rows(node)
        texts = [[one_line(" ".join(map(all_text, cell))) for cell in row] for row in rows]
        if max((sum(map(bool, row)) for row in texts), default=0) > 1:
            page = next((one.page for row in rows for cell in row for one in cell), page)
            items.append(Item("", page, rows=texts))
            return
        items += (item for row in rows for cell in row for item in cell)

    def _chunk(self, node: _Element) -> list[Item]:
        """A file of another format that stands for a part of the body."""
        name = self.package.target(self.part, attribute(node, "id"))
        self.chunks.add(name)
        suffix = f".{name.rpartition('.')[2].lower()}"
        data = self.package.data(name) if name and self.package.has(name) else None
        if data is None:
            if not name or not self.package.has(name):
                self.omit("unreadable", "", f"{name or 'a part of the body'}: not in the file")
            return []
        try:
            part = self._parse_part(data, suffix)
        except InputError as error:
            self.omit("unreadable", "", f"{name}: {error}")
            return []
        if part is None:
            self.omit("attachment", "", name)
            return []
        return [Item("", self.page, document=part)]

    # Inside paragraphs

    def inline(self, parent: Iterable[_Element], out: list[str]) -> None:
        for node in parent:
            name = key(node.tag)
            if name == "w:t":
                text = text_of(node)
                self.write(f"^{text}" if out and runs_into(out[-1], text) and is_raised(node) else text, out)
            elif name == "w:r":
                self._run(node, out)
            elif name in _SPACES:
                out.append(_SPACES[name])
            elif name in NO_TEXT or not name:
                pass
            else:
                read = self._inline_readers.get(name)
                if read is None:
                    self.inline(node, out)
                else:
                    read(self, node, out)

    def _run(self, node: _Element, out: list[str]) -> None:
        properties = child(node, "w:rPr")
        if self._is_hidden(properties):
            self.leave_out("hidden", node)
            self._note_page_breaks(node)
            return
        self.inline(node, out)

    def _is_hidden(self, properties: _Element | None) -> bool:
        own = child(properties, "w:vanish")
        if own is not None:
            return is_on(own)
        style = child(properties, "w:rStyle")
        return self.styles.hides(self._style) or (style is not None and self.styles.hides(attribute(style, "val")))

    def write(self, text: str, out: list[str]) -> None:
        if self.fields.is_instruction:
            self.omit("hidden", text, f"{self.part}: instructions of fields")
            return
        self.fields.note_result()
        if self.fields.is_page_number:
            self._page_number(text, out)
            return
        if not self._has_text and text.strip():
            self._has_text, self._starts_on = True, self.page
        out.append(f" {text}" if self.fields.is_after_number and text[:1].isalnum() else text)
        self.fields.is_after_number = False

    def _page_number(self, text: str, out: list[str]) -> None:
        self._has_page_field = True
        if self.in_margin:
            self.omit("running_line", text, self.part)
        else:
            out.append(text)

    def page_break(self, node: _Element, out: list[str]) -> None:
        if self.page is not None and not self.in_margin:
            self.page += 1

    def control(self, node: _Element, read: Callable[[_Element], None]) -> None:
        content = child(node, "w:sdtContent")
        if content is None:
            return
        if is_on(child(node, "w:sdtPr", "w:showingPlcHdr")):
            self.leave_out("decoration", content, "prompts of empty content controls")
        else:
            read(content)

    def alternative(self, node: _Element, read: Callable[[_Element], None]) -> None:
        for one, is_chosen in alternatives(node):
            if is_chosen:
                read(one)
            else:
                self.leave_out("repeated", one, "alternatives for other programs")

    def leave_out(self, kind: OmissionKind, node: _Element, what: str = "") -> None:
        text = reading(node)
        if kind == "deleted":
            text += self.notes.taken_with(node)
        if text.strip():
            self.omit(kind, text, f"{self.part}: {what}" if what else self.part)

    def _note_page_breaks(self, node: _Element) -> None:
        for _ in found(node, "w:lastRenderedPageBreak"):
            self.page_break(node, [])
