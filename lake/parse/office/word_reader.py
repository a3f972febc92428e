"""Word: reads every place of a document where text can stand, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lake.errors import InputError
from lake.parse.canonical import one_line, runs_into
from lake.parse.office.drawings import drawn_text, formula
from lake.parse.office.numbered_fields import NumberedFields
from lake.parse.office.ooxml import (
    Omit,
    Package,
    alt_texts,
    alternatives,
    attribute,
    child,
    embedded_files,
    found,
    has_lost_its_end,
    is_large_letter,
    is_on,
    is_raised,
    key,
    reading,
    text_of,
)
from lake.parse.office.related_drawings import related_drawing
from lake.parse.office.symbol_fonts import symbol
from lake.parse.office.word_fields import Fields, form_value
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


class Margin(NamedTuple):
    """A header or a footer, and whether it shows the number of its page."""

    kind: str
    part: str
    items: list[Item]
    has_page_field: bool


class WordReader:
    """Reads the body of a document, and then its margins."""

    def __init__(self, package: Package, main: str, omit: Omit, parse_part: ParsePart) -> None:
        self._parse_part = parse_part
        self._package = package
        self._main = main
        self._part = main
        self._omit = omit
        styles = self._related("styles") or [main.rpartition("/")[0] + "/styles.xml"]
        self.styles = WordStyles(package.root(styles[0]) if package.has(styles[0]) else None)
        self._notes = Notes(package, main, omit)
        self._tables = WordTables(self._whole, self._control, partial(self._leave_out, "deleted"))
        self._page: int | None = None
        self._numbers = NumberedFields()
        self._fields = Fields(self._numbers)
        self._after: list[Callable[[list[Item]], None]] = []
        #: Parts that stand for a part of the body.
        self.chunks: set[str] = set()
        self._carried = ""
        self._style = ""
        self._in_margin = False
        self._has_page_field = False
        self._starts_on: int | None = None
        self._has_text = False

    def body(self, root: _Element) -> list[Item]:
        if next(found(root, "w:lastRenderedPageBreak"), None) is not None:
            self._page = 1
        items: list[Item] = []
        self._blocks(child(root, "w:body") if child(root, "w:body") is not None else root, items)
        self._flush(items)
        for note in self._notes.uncited():
            items += self._note(note)
        for name in embedded_files(self._package):
            if name not in self.chunks:
                self._omit("attachment", "", name)
        return items

    def margins(self) -> Iterator[Margin]:
        """The headers, then the footers."""
        self._in_margin, self._page = True, None
        for kind in ("header", "footer"):
            for part in self._related(kind):
                root = self._package.root(part) if self._package.has(part) else None
                if root is not None:
                    self._has_page_field, self._part = False, part
                    items = self._whole(root)
                    yield Margin(kind, part, items, self._has_page_field)

    def _related(self, kind: str) -> list[str]:
        return self._package.related(self._main, kind)

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
                self._leave_out("deleted", node)
            elif name == "w:sdt":
                self._control(node, partial(self._blocks, items=items))
            elif name == "mc:AlternateContent":
                self._alternative(node, partial(self._blocks, items=items))
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
        outer = self._style, self._after, self._starts_on, self._has_text
        self._style = "" if style is None else attribute(style, "val")
        self._after, self._starts_on, self._has_text = [], self._page, False
        outline = outline_level(properties)
        level = self.styles.level(self._style) if outline is None else outline
        self._fields.level = level
        pieces: list[str] = []
        self._inline(node, pieces)
        name, starts_on, after = self._style, self._starts_on, self._after
        self._fields.end_paragraph()
        self._style, self._after, self._starts_on, self._has_text = outer
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
            items.append(Item(self._carried, self._page))
        self._carried = ""
        self._fields = Fields(self._numbers)

    def _whole(self, node: _Element) -> list[Item]:
        """The blocks of a part, a cell or a text box, of which nothing goes on in what follows."""
        items: list[Item] = []
        self._blocks(node, items)
        self._flush(items)
        return items

    def _aside(self, node: _Element, items: list[Item]) -> None:
        """A text box: its headings are none of the document's."""
        outer, self._carried, self._fields = (self._carried, self._fields), "", Fields(self._numbers)
        inner = self._whole(node)
        self._carried, self._fields = outer
        for item in inner:
            item.aside = True
            if item.level:
                item.level, item.style, item.number = 0, "", None
        items += inner

    def _note(self, note: Note) -> list[Item]:
        outer, self._part = self._part, note.part
        inner: list[Item] = []
        self._aside(note.node, inner)
        self._part = outer
        if note.kind == "comment":
            author = one_line(attribute(note.node, "author"))
            text = "\n".join(filter(None, (all_text(item).strip() for item in inner)))
            return [Item(f"Comment ({author}): {text}" if author else f"Comment: {text}", aside=True)] if text else []
        if note.mark and inner and inner[0].rows is None:
            inner[0].text = f"{note.mark} {inner[0].text.lstrip()}"
        return inner

    def _table(self, node: _Element, items: list[Item]) -> None:
        if self._carried.strip():  # a table does not go on what stands before it
            items.append(Item(self._carried, self._page))
        self._carried = ""
        described = (child(node, "w:tblPr", name) for name in ("w:tblCaption", "w:tblDescription"))
        items += (Item(attribute(one, "val"), self._page) for one in described if one is not None)
        page = self._page
        rows = self._tables.rows(node)
        texts = [[one_line(" ".join(map(all_text, cell))) for cell in row] for row in rows]
        if max((sum(map(bool, row)) for row in texts), default=0) > 1:
            page = next((one.page for row in rows for cell in row for one in cell), page)
            items.append(Item("", page, rows=texts))
            return
        items += (item for row in rows for cell in row for item in cell)

    def _chunk(self, node: _Element) -> list[Item]:
        """A file of another format that stands for a part of the body."""
        name = self._package.target(self._part, attribute(node, "id"))
        self.chunks.add(name)
        suffix = f".{name.rpartition('.')[2].lower()}"
        data = self._package.data(name) if name and self._package.has(name) else None
        if data is None:
            if not name or not self._package.has(name):
                self._omit("unreadable", "", f"{name or 'a part of the body'}: not in the file")
            return []
        try:
            part = self._parse_part(data, suffix)
        except InputError as error:
            self._omit("unreadable", "", f"{name}: {error}")
            return []
        if part is None:
            self._omit("attachment", "", name)
            return []
        return [Item("", self._page, document=part)]

    # Inside paragraphs

    def _inline(self, parent: Iterable[_Element], out: list[str]) -> None:
        for node in parent:
            name = key(node.tag)
            if name == "w:t":
                text = text_of(node)
                self._text(f"^{text}" if out and runs_into(out[-1], text) and is_raised(node) else text, out)
            elif name == "w:r":
                self._run(node, out)
            elif name in _SPACES:
                out.append(_SPACES[name])
            elif name in NO_TEXT or not name:
                pass
            else:
                read = _INLINE_READERS.get(name)
                if read is None:
                    self._inline(node, out)
                else:
                    read(self, node, out)

    def _run(self, node: _Element, out: list[str]) -> None:
        properties = child(node, "w:rPr")
        if self._is_hidden(properties):
            self._leave_out("hidden", node)
            self._note_page_breaks(node)
            return
        self._inline(node, out)

    def _is_hidden(self, properties: _Element | None) -> bool:
        own = child(properties, "w:vanish")
        if own is not None:
            return is_on(own)
        style = child(properties, "w:rStyle")
        return self.styles.hides(self._style) or (style is not None and self.styles.hides(attribute(style, "val")))

    def _text(self, text: str, out: list[str]) -> None:
        if self._fields.is_instruction:
            self._omit("hidden", text, f"{self._part}: instructions of fields")
            return
        self._fields.note_result()
        if self._fields.is_page_number:
            self._page_number(text, out)
            return
        if not self._has_text and text.strip():
            self._has_text, self._starts_on = True, self._page
        out.append(f" {text}" if self._fields.is_after_number and text[:1].isalnum() else text)
        self._fields.is_after_number = False

    def _page_number(self, text: str, out: list[str]) -> None:
        self._has_page_field = True
        if self._in_margin:
            self._omit("running_line", text, self._part)
        else:
            out.append(text)

    def _field_mark(self, node: _Element, out: list[str]) -> None:
        out.append(self._fields.mark(node))
        if attribute(node, "fldCharType") == "begin":
            out.append(form_value(node))

    def _instruction(self, node: _Element, out: list[str]) -> None:
        self._fields.instruct(node.text or "")

    def _simple_field(self, node: _Element, out: list[str]) -> None:
        self._fields.begin(attribute(node, "instr"))
        self._inline(node, out)
        out.append(self._fields.end())

    def _deleted(self, node: _Element, out: list[str]) -> None:
        self._leave_out("deleted", node)

    def _inline_control(self, node: _Element, out: list[str]) -> None:
        self._control(node, partial(self._inline, out=out))

    def _inline_alternative(self, node: _Element, out: list[str]) -> None:
        self._alternative(node, partial(self._inline, out=out))

    def _symbol(self, node: _Element, out: list[str]) -> None:
        self._fields.note_result()
        out.append(symbol(attribute(node, "font"), attribute(node, "char")))

    def _formula(self, node: _Element, out: list[str]) -> None:
        for taken in found(node, "w:del", "w:moveFrom"):
            self._leave_out("deleted", taken)
        self._text(formula(node), out)

    def _ruby(self, node: _Element, out: list[str]) -> None:
        for name in ("w:rubyBase", "w:rt"):
            part = child(node, name)
            pieces: list[str] = []
            if part is not None:
                self._inline(part, pieces)
            text = "".join(pieces)
            out.append(f"({text})" if name == "w:rt" and text else text)

    def _page_break(self, node: _Element, out: list[str]) -> None:
        if self._page is not None and not self._in_margin:
            self._page += 1

    def _note_reference(self, node: _Element, out: list[str]) -> None:
        note = self._notes.cite(node)
        if note is not None:
            out += filter(None, [note.mark])
            self._after.append(lambda items: items.extend(self._note(note)))

    def _text_box(self, node: _Element, out: list[str]) -> None:
        self._after.append(lambda items: self._aside(node, items))

    def _drawn_paragraph(self, node: _Element, out: list[str]) -> None:
        text = drawn_text(node)
        if text.strip():
            self._after.append(lambda items: items.append(Item(text, self._page, aside=True)))

    def _drawing(self, node: _Element, out: list[str]) -> None:
        texts = alt_texts(node)
        if texts:
            page = self._page
            self._after.append(lambda items: items.extend(Item(f"Picture: {text}", page, aside=True) for text in texts))
        if not self._in_margin:  # where letterheads and logos stand
            read = self._package.picture_texts(self._part, node, self._part)
            self._after.append(lambda items: items.extend(Item(text, self._page, aside=True) for text in read))
        self._inline(node, out)

    def _related_drawing(self, node: _Element, out: list[str]) -> None:
        drawing = related_drawing(self._package, self._part, node, self._omit)
        if drawing is None:
            return
        page = self._page
        if drawing.is_diagram:
            drawn = [Item("\n".join(drawing.lines), page, is_list=True, aside=True)]
        else:
            drawn = [Item(line, page, aside=True) for line in drawing.lines]
            drawn += (Item("", page, rows=table, aside=True) for table in drawing.tables)
            for part in self._package.related(drawing.part, "chartUserShapes"):
                shapes = self._package.root(part) if self._package.has(part) else None
                paragraphs = () if shapes is None else found(shapes, "a:p")
                drawn += (Item(drawn_text(one), page, aside=True) for one in paragraphs)
        self._after.append(lambda items: items.extend(drawn))

    def _control(self, node: _Element, read: Callable[[_Element], None]) -> None:
        content = child(node, "w:sdtContent")
        if content is None:
            return
        if is_on(child(node, "w:sdtPr", "w:showingPlcHdr")):
            self._leave_out("decoration", content, "prompts of empty content controls")
        else:
            read(content)

    def _alternative(self, node: _Element, read: Callable[[_Element], None]) -> None:
        for one, is_chosen in alternatives(node):
            if is_chosen:
                read(one)
            else:
                self._leave_out("repeated", one, "alternatives for other programs")

    def _leave_out(self, kind: OmissionKind, node: _Element, what: str = "") -> None:
        text = reading(node)
        if kind == "deleted":
            text += self._notes.taken_with(node)
        if text.strip():
            self._omit(kind, text, f"{self._part}: {what}" if what else self._part)

    def _note_page_breaks(self, node: _Element) -> None:
        for _ in found(node, "w:lastRenderedPageBreak"):
            self._page_break(node, [])


_INLINE_READERS: dict[str, Callable[[WordReader, _Element, list[str]], None]] = {
    "w:fldChar": WordReader._field_mark,
    "w:instrText": WordReader._instruction,
    "w:fldSimple": WordReader._simple_field,
    "w:del": WordReader._deleted,
    "w:moveFrom": WordReader._deleted,
    "w:delText": WordReader._deleted,
    "w:sdt": WordReader._inline_control,
    "mc:AlternateContent": WordReader._inline_alternative,
    "w:sym": WordReader._symbol,
    "m:oMath": WordReader._formula,
    "w:ruby": WordReader._ruby,
    "w:lastRenderedPageBreak": WordReader._page_break,
    "w:footnoteReference": WordReader._note_reference,
    "w:endnoteReference": WordReader._note_reference,
    "w:commentReference": WordReader._note_reference,
    "w:txbxContent": WordReader._text_box,
    "w:p": WordReader._text_box,
    "w:tbl": WordReader._text_box,
    "a:p": WordReader._drawn_paragraph,
    "w:drawing": WordReader._drawing,
    "w:pict": WordReader._drawing,
    "w:object": WordReader._drawing,
    "c:chart": WordReader._related_drawing,
    "cx:chart": WordReader._related_drawing,
    "dgm:relIds": WordReader._related_drawing,
}
