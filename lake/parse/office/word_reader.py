"""Word: reads every place of a document where text can stand, part by part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import one_line, runs_into
from lake.parse.office.charts import chart_text
from lake.parse.office.drawings import diagram_lines, drawn_text, formula
from lake.parse.office.margins import new_words
from lake.parse.office.ooxml import (
    Omit,
    Package,
    alt_texts,
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
from lake.parse.office.symbol_fonts import symbol
from lake.parse.office.word_items import Item, all_text
from lake.parse.office.word_styles import WordStyles, number_of, outline_level

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind, ParsedDocument

_MAX_SPAN = 1000
#: Cells that all tables of a document may add by spans; a small file can state millions.
_MAX_ADDED = 200_000
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION)\b", re.IGNORECASE)

#: Elements without text of their own; everything that is not named here is searched for text.
_NO_TEXT = frozenset(
    [
        "w:pPr",
        "w:rPr",
        "w:sdtPr",
        "w:sdtEndPr",
        "w:tblPr",
        "w:tblPrEx",
        "w:trPr",
        "w:tcPr",
        "w:tblGrid",
        "w:sectPr",
        "w:delInstrText",
        "w:footnoteRef",
        "w:endnoteRef",
        "w:annotationRef",
        "w:separator",
        "w:continuationSeparator",
        "w:customXmlPr",
        "w:smartTagPr",
        "w:rubyPr",
        "w:softHyphen",
        "w:proofErr",
        "w:bookmarkStart",
        "w:bookmarkEnd",
    ]
)
_INLINE = frozenset(
    ["w:r", "w:hyperlink", "w:smartTag", "w:fldSimple", "w:dir", "w:bdo", "w:ruby", "m:oMath", "m:oMathPara", "w:t"]
)
_SPACES = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    shows: bool = False


#: Parses a part in another format; None if it can't.
ParsePart = Callable[[bytes, str], "ParsedDocument | None"]


class WordReader:
    def __init__(self, package: Package, main: str, omit: Omit, parse_part: ParsePart) -> None:
        self._parse_part = parse_part
        self._package = package
        self._main = main
        self._part = main
        self._omit = omit
        styles = self._related("styles") or [main.rpartition("/")[0] + "/styles.xml"]
        self.styles = WordStyles(package.root(styles[0]) if package.has(styles[0]) else None)
        self._notes = {kind: self._by_id(f"{kind}s", kind) for kind in ("footnote", "endnote", "comment")}
        self._used: dict[tuple[str, str], str] = {}
        self._count = {"footnote": 0, "endnote": 0}
        self._page: int | None = None
        self._fields: list[_Field] = []
        self._after: list[Callable[[list[Item]], None]] = []
        #: Parts that stand for a part of the body.
        self._chunks: set[str] = set()
        self._carried = ""
        self._style = ""
        self._in_margin = False
        self._has_page_field = False
        self._starts_on: int | None = None
        self._has_text = False
        self._may_add = _MAX_ADDED

    def body(self, root: _Element) -> list[Item]:
        if next(found(root, "w:lastRenderedPageBreak"), None) is not None:
            self._page = 1
        items: list[Item] = []
        self._blocks(child(root, "w:body") if child(root, "w:body") is not None else root, items)
        self._flush(items)
        for kind, notes in self._notes.items():
            for name in notes:
                if (kind, name) not in self._used:
                    items += self._note(kind, name, "")
        self._leave_out_attachments()
        return items

    def margins(self, body: Iterable[Item]) -> tuple[list[Item], dict[str, object]]:
        """Headers and footers whose words the body lacks, each once; all of them as metadata."""
        known = set(word_counts("\n".join(all_text(one) for one in body)))
        metadata: dict[str, list[str]] = {}
        kept: list[Item] = []
        self._in_margin, self._page = True, None
        for kind in ("header", "footer"):
            for part in self._related(kind):
                root = self._package.root(part) if self._package.has(part) else None
                if root is None:
                    continue
                items: list[Item] = []
                self._has_page_field = False
                self._part = part
                self._blocks(root, items)
                self._flush(items)
                texts = [all_text(one) for one in items]
                if any(texts):
                    metadata.setdefault(kind, []).append(one_line("\n".join(texts)))
                told = new_words("\n".join(texts), known, has_page=self._has_page_field)
                for item, text in zip(items, texts, strict=True):
                    new = told & set(word_counts(text)) - known
                    if new:
                        kept.append(Item(item.text, rows=item.rows))
                        known |= new
                    else:
                        self._omit("running_line", text, part)
        self._part, self._in_margin = self._main, False
        return kept, {name: list(dict.fromkeys(texts)) for name, texts in metadata.items()}

    def _related(self, kind: str) -> list[str]:
        return self._package.related(self._main, kind)

    def _by_id(self, related: str, kind: str) -> dict[str, tuple[str, _Element]]:
        """Notes by their number; also from a part of the usual name that the relations forgot."""
        usual = f"{self._main.rpartition('/')[0]}/{related}.xml"
        notes: dict[str, tuple[str, _Element]] = {}
        for part in self._related(related) or ([usual] if self._package.has(usual) else []):
            root = self._package.root(part)
            for one in () if root is None else found(root, f"w:{kind}"):
                if "eparator" not in attribute(one, "type") and "ontinuationNotice" not in attribute(one, "type"):
                    notes.setdefault(attribute(one, "id"), (part, one))
                else:
                    self._omit("running_line", reading(one), f"{part}: between text and notes")
        return notes

    def _leave_out_attachments(self) -> None:
        for name in embedded_files(self._package):
            if name not in self._chunks:
                self._omit("attachment", "", name)

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
            elif name and name not in _NO_TEXT:
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
        pieces: list[str] = []
        self._inline(node, pieces)
        name, starts_on, after = self._style, self._starts_on, self._after
        for one in self._fields:  # an instruction ends with its paragraph, or a damaged field would hide the rest
            one.shows = True
        self._style, self._after, self._starts_on, self._has_text = outer
        text = self._carried + "".join(pieces)
        self._carried = ""
        if has_lost_its_end(properties):
            self._carried = text
        elif is_large_letter(properties):
            self._carried = text.rstrip("\n")  # the first letter of the paragraph after it
        elif text.strip():
            outline = outline_level(properties)
            level = self.styles.level(name) if outline is None else outline
            contents = self.styles.names.get(name, "").lower().startswith("toc ")
            items.append(Item(text, starts_on, level, name, number_of(properties), contents=contents))
        for append in after:
            append(items)

    def _flush(self, items: list[Item]) -> None:
        if self._carried.strip():
            items.append(Item(self._carried, self._page))
        self._carried = ""
        self._fields = []

    def _aside(self, node: _Element, items: list[Item]) -> None:
        """A text box: its headings are none of the document's."""
        inner: list[Item] = []
        carried, self._carried = self._carried, ""
        fields, self._fields = self._fields, []
        self._blocks(node, inner)
        self._flush(inner)
        self._carried, self._fields = carried, fields
        for item in inner:
            item.aside = True
            if item.level:
                item.level, item.style, item.number = 0, "", None
        items += inner

    def _note(self, kind: str, name: str, mark: str) -> list[Item]:
        part, node = self._notes[kind][name]
        outer, self._part = self._part, part
        inner: list[Item] = []
        self._aside(node, inner)
        self._part = outer
        if kind == "comment":
            author = one_line(attribute(node, "author"))
            text = "\n".join(filter(None, (all_text(item).strip() for item in inner)))
            return [Item(f"Comment ({author}): {text}" if author else f"Comment: {text}", aside=True)] if text else []
        if mark and inner and inner[0].rows is None:
            inner[0].text = f"{mark} {inner[0].text.lstrip()}"
        return inner

    def _table(self, node: _Element, items: list[Item]) -> None:
        rows: list[list[list[Item]]] = []
        if self._carried.strip():  # a table does not go on what stands before it
            items.append(Item(self._carried, self._page))
        self._carried = ""
        page = self._page
        self._rows(node, rows)
        texts = [[one_line(" ".join(map(all_text, cell))) for cell in row] for row in rows]
        if max((sum(map(bool, row)) for row in texts), default=0) > 1:
            page = next((one.page for row in rows for cell in row for one in cell), page)
            items.append(Item("", page, rows=texts))
            return
        items += (item for row in rows for cell in row for item in cell)

    def _rows(self, node: _Element, rows: list[list[list[Item]]]) -> None:
        for one in node:
            name = key(one.tag)
            if name == "w:tr":
                if child(one, "w:trPr", "w:del") is not None:
                    self._leave_out("deleted", one)
                    continue
                rows.append(self._row(one))
            elif name == "w:sdt":
                self._control(one, partial(self._rows, rows=rows))
            elif name in ("w:del", "w:moveFrom"):
                self._leave_out("deleted", one)
            elif name and name not in _NO_TEXT:
                self._rows(one, rows)

    def _row(self, node: _Element) -> list[list[Item]]:
        cells: list[list[Item]] = []
        before, after = (
            _span(child(node, "w:trPr", name)) if child(node, "w:trPr", name) is not None else 0
            for name in ("w:gridBefore", "w:gridAfter")
        )
        self._add_cells(before, cells)
        self._cells(node, cells)
        self._add_cells(after, cells)
        return cells

    def _add_cells(self, number: int, cells: list[list[Item]]) -> None:
        number = min(number, self._may_add)
        self._may_add -= number
        cells += ([] for _ in range(number))

    def _cells(self, node: _Element, cells: list[list[Item]]) -> None:
        for one in node:
            name = key(one.tag)
            if name == "w:tc" and child(one, "w:tcPr", "w:cellDel") is not None:
                self._leave_out("deleted", one)
            elif name == "w:tc":
                cell: list[Item] = []
                self._blocks(one, cell)
                self._flush(cell)
                cells.append(cell)
                self._add_cells(_span(child(one, "w:tcPr", "w:gridSpan")) - 1, cells)
            elif name == "w:sdt":
                self._control(one, partial(self._cells, cells=cells))
            elif name in ("w:del", "w:moveFrom"):
                self._leave_out("deleted", one)
            elif name and name not in _NO_TEXT:
                self._cells(one, cells)

    def _chunk(self, node: _Element) -> list[Item]:
        """A file of another format that stands for a part of the body."""
        name = self._package.target(self._part, attribute(node, "id"))
        self._chunks.add(name)
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
            elif name in _NO_TEXT or not name:
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
        if self._fields:
            if not all(one.shows for one in self._fields):
                self._omit("hidden", text, f"{self._part}: instructions of fields")
                return
            if _PAGE_FIELD.match(self._fields[-1].instruction):
                self._page_number(text, out)
                return
        if not self._has_text and text.strip():
            self._has_text, self._starts_on = True, self._page
        out.append(text)

    def _page_number(self, text: str, out: list[str]) -> None:
        self._has_page_field = True
        if self._in_margin:
            self._omit("running_line", text, self._part)
        else:
            out.append(text)

    def _field_mark(self, node: _Element, out: list[str]) -> None:
        kind = attribute(node, "fldCharType")
        if kind == "begin":
            self._fields.append(_Field())
            out.append(_form_value(node))
        elif kind == "separate" and self._fields:
            self._fields[-1].shows = True
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _instruction(self, node: _Element, out: list[str]) -> None:
        if self._fields and not self._fields[-1].shows:
            self._fields[-1].instruction += node.text or ""

    def _simple_field(self, node: _Element, out: list[str]) -> None:
        self._fields.append(_Field(attribute(node, "instr"), True))
        self._inline(node, out)
        self._fields.pop()

    def _deleted(self, node: _Element, out: list[str]) -> None:
        self._leave_out("deleted", node)

    def _inline_control(self, node: _Element, out: list[str]) -> None:
        self._control(node, partial(self._inline, out=out))

    def _inline_alternative(self, node: _Element, out: list[str]) -> None:
        self._alternative(node, partial(self._inline, out=out))

    def _symbol(self, node: _Element, out: list[str]) -> None:
        out.append(symbol(attribute(node, "font"), attribute(node, "char")))

    def _formula(self, node: _Element, out: list[str]) -> None:
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
        kind = key(node.tag).removeprefix("w:").removesuffix("Reference")
        name = attribute(node, "id")
        if name not in self._notes[kind] or (kind, name) in self._used:
            return
        mark = ""
        if kind != "comment" and not is_on_attribute(node, "customMarkFollows"):
            self._count[kind] += 1
            count = self._count[kind]
            mark = f"[{count if kind == 'footnote' else roman(count)}]"
            out.append(mark)
        self._used[kind, name] = mark
        self._after.append(lambda items: items.extend(self._note(kind, name, mark)))

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
        """A chart or a diagram, which is a part of its own."""
        is_diagram = key(node.tag) == "dgm:relIds"
        name = self._package.target(self._part, attribute(node, "dm" if is_diagram else "id"))
        if not name:
            return
        root = self._package.root(name)
        if root is None:
            return
        page = self._page
        if is_diagram:
            lines, repeated = diagram_lines(root)
            self._omit("repeated", repeated, f"{name}: shapes of the diagram")
            drawn = [Item("\n".join(lines), page, is_list=True)]
        else:
            drawn = chart_items(root, name, page, self._omit)
            for part in self._package.related(name, "chartUserShapes"):
                shapes = self._package.root(part) if self._package.has(part) else None
                drawn += (Item(drawn_text(one), page) for one in (() if shapes is None else found(shapes, "a:p")))
        for item in drawn:
            item.aside = True
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
        """The first alternative that has text; the others are copies for other programs."""
        ways = [one for one in node if key(one.tag) in ("mc:Choice", "mc:Fallback")]
        chosen = next((one for one in ways if reading(one).strip() or _relates(one)), ways[0] if ways else None)
        for one in ways:
            if one is chosen:
                read(one)
            else:
                self._leave_out("repeated", one, "alternatives for other programs")

    def _leave_out(self, kind: OmissionKind, node: _Element, what: str = "") -> None:
        text = reading(node)
        for reference in found(node, "w:footnoteReference", "w:endnoteReference"):
            note_kind = key(reference.tag).removeprefix("w:").removesuffix("Reference")
            name = attribute(reference, "id")
            if kind == "deleted" and (note := self._notes[note_kind].get(name)) and (note_kind, name) not in self._used:
                self._used[note_kind, name] = ""
                text += " " + reading(note[1])
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


def chart_items(root: _Element, name: str, page: int | None, omit: Omit) -> list[Item]:
    """A chart as paragraphs and tables."""
    chart = chart_text(root)
    omit("repeated", chart.repeated, f"{name}: categories of further series")
    return [Item(line, page) for line in chart.lines] + [Item("", page, rows=table) for table in chart.tables]


def _relates(node: _Element) -> bool:
    return next(found(node, "c:chart", "cx:chart", "dgm:relIds"), None) is not None


def is_on_attribute(node: _Element, name: str) -> bool:
    return attribute(node, name).lower() in ("1", "true", "on")


def _span(node: _Element | None) -> int:
    value = "" if node is None else attribute(node, "val")
    return max(1, min(int(value), _MAX_SPAN)) if value.isdecimal() else 1


def roman(number: int) -> str:
    """
    >>> roman(14)
    'xiv'
    """
    pairs = (*((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),)
    text = ""
    for value, letters in (*pairs, (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
        count, number = divmod(number, value)
        text += letters * count
    return text


def _form_value(node: _Element) -> str:
    """What a form field of the older kind shows, if no text holds it: its chosen entry, or a box."""
    choices = next(found(node, "w:ddList"), None)
    if choices is not None:
        entries = [attribute(one, "val") for one in found(choices, "w:listEntry")]
        result = child(choices, "w:result")
        result = child(choices, "w:default") if result is None else result
        index = "0" if result is None else attribute(result, "val")
        return entries[int(index)] if index.isdecimal() and int(index) < len(entries) else ""
    box = next(found(node, "w:checkBox"), None)
    if box is None:
        return ""
    state = child(box, "w:checked")
    return "\u2612" if is_on(child(box, "w:default") if state is None else state) else "\u2610"
