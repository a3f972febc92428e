"""Word (docx): every place where text can stand is read here; unstructured then tells lists, labels and headings.

The body is flattened first: content controls, tracked changes, fields, text boxes and notes become plain paragraphs.
unstructured reads a small document made of these, each paragraph with its number, so that none can be lost.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, one_line
from lake.parse.ooxml import (
    Omit,
    Package,
    alt_texts,
    attribute,
    chart_text,
    child,
    diagram_lines,
    drawn_text,
    formula,
    found,
    is_on,
    key,
    plain_rows,
    reading,
)
from lake.parse.symbol_fonts import symbol
from lake.parse.unstructured_light import LONGEST_HEADING, partitioner

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

    from lake.parse.document import OmissionKind, ParsedDocument

_MAX_SPAN = 1000
_MARK = "\ue000"

#: Headings as other programs than Word name their styles.
_HEADING_NAME = re.compile(
    r"(?:heading|überschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|заголовок"
    r"|başl\u0131k|标题|標題|見出し|제목)[ _]?([1-9])",
    re.IGNORECASE,
)
_LIST_NAME = re.compile(r"List(?: (?:Bullet|Number|Continue|Paragraph))?(?: [2-5])?")
_TITLES = {"title": 1, "subtitle": 2}
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
_SETTINGS = ("styles", "settings", "websettings", "fonttable", "numbering")
_MARGIN_PARTS = {"header": "header", "footer": "footer"}
_CHUNK_SUFFIXES = {".htm": ".html", ".html": ".html", ".xhtml": ".html", ".txt": ".txt", ".rtf": ".rtf"}


@dataclass(slots=True)
class Item:
    """A paragraph, or a table if it has ``rows``. An ``aside`` (note, comment, text box) does not end a list."""

    text: str
    page: int | None = None
    level: int = 0
    style: str = ""
    number: tuple[str, str] | None = None
    rows: list[list[str]] | None = None
    aside: bool = False
    contents: bool = False
    is_list: bool = False
    document: ParsedDocument | None = None

    @property
    def is_plain(self) -> bool:
        return self.rows is None and self.document is None and not self.is_list


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    shows: bool = False


def write_word(package: Package, main: str, writer: TextWriter, omit: Omit) -> dict[str, object]:
    """Append the document whose main part is ``main``. Returns headers and footers as metadata.

    Raises InputError if the main part can't be read.
    """
    root = package.root(main)
    if root is None:
        raise InputError(f"the part {main!r} can't be read; open the file and save it again", "garbage")
    reader = _Reader(package, main, omit)
    items = reader.body(root)
    margins, metadata = reader.margins(items)
    for name in _text_parts(package, main, omit):
        part = package.root(name)
        if part is not None:
            writer.read(reading(part))
    write_items(_without_contents([*margins, *items], omit), package, main, writer)
    return metadata


def _text_parts(package: Package, main: str, omit: Omit) -> Iterator[str]:
    """Parts that hold text that people read; every other XML part holds settings."""
    folder = main.rpartition("/")[0].lower()
    for name in package.names:
        path, _, base = name.lower().rpartition("/")
        if not base.endswith(".xml") or "_rels" in path or not path.startswith(folder):
            continue
        inner = path.removeprefix(folder).strip("/")
        if inner == "glossary" and base.startswith("document"):
            root = package.root(name)
            omit("hidden", "" if root is None else reading(root), f"{name}: building blocks of the template")
            yield name
        elif inner in ("charts", "drawings"):
            if not base.startswith(("style", "colors")):
                yield name
        elif base.startswith("data") if inner == "diagrams" else not inner and not base.startswith(_SETTINGS):
            yield name


class _Styles:
    """Heading levels and hidden styles, each by the chain of styles that it is based on."""

    def __init__(self, root: _Element | None) -> None:
        self.nodes = {
            attribute(one, "styleId"): one for one in (() if root is None else root) if key(one.tag) == "w:style"
        }
        self.names = {name: self._value(node, "w:name") for name, node in self.nodes.items()}
        self.base = {name: self._value(node, "w:basedOn") for name, node in self.nodes.items()}
        self._levels: dict[str, int] = {}
        self._hidden: dict[str, bool] = {}

    def level(self, name: str) -> int:
        """Depth of the headings of this style, 0 if it is none."""
        if name not in self._levels:
            self._levels[name] = next((level for one in self.chain(name) if (level := self._own_level(one)) >= 0), 0)
        return self._levels[name]

    def hides(self, name: str) -> bool:
        if name not in self._hidden:
            marks = (child(self.nodes[one], "w:rPr", "w:vanish") for one in self.chain(name))
            self._hidden[name] = is_on(next((mark for mark in marks if mark is not None), None))
        return self._hidden[name]

    def chain(self, name: str) -> list[str]:
        known: dict[str, None] = {}
        while name in self.nodes and name not in known:
            known[name] = None
            name = self.base[name]
        return list(known)

    def number(self, name: str) -> tuple[str, str] | None:
        node = self.nodes.get(name)
        return None if node is None else number_of(child(node, "w:pPr"))

    def _own_level(self, name: str) -> int:
        outline = outline_level(child(self.nodes[name], "w:pPr"))
        if outline is not None:
            return outline
        title = self.names[name].lower()
        named = _HEADING_NAME.fullmatch(title)
        return int(named[1]) if named else _TITLES.get(title, -1)

    @staticmethod
    def _value(node: _Element, name: str) -> str:
        one = child(node, name)
        return "" if one is None else one_line(attribute(one, "val"))


def outline_level(properties: _Element | None) -> int | None:
    """Heading depth from an outline level: 0 for body text, None if nothing is stated."""
    mark = child(properties, "w:outlineLvl")
    value = "" if mark is None else attribute(mark, "val")
    return None if not value.isdecimal() else int(value) + 1 if int(value) < 9 else 0


def number_of(properties: _Element | None) -> tuple[str, str] | None:
    """Number and level of a list as digits; the level is empty if only a style states it."""
    mark = child(properties, "w:numPr")
    if mark is None:
        return None
    values = [child(mark, "w:numId"), child(mark, "w:ilvl")]
    number, level = ("" if one is None else attribute(one, "val") for one in values)
    return number if number.isdecimal() else "", level if level.isdecimal() and int(level) < 9 else ""


class _Reader:
    def __init__(self, package: Package, main: str, omit: Omit) -> None:
        self._package = package
        self._main = main
        self._part = main
        self._omit = omit
        styles = self._related("styles") or [main.rpartition("/")[0] + "/styles.xml"]
        self.styles = _Styles(package.root(styles[0]) if package.has(styles[0]) else None)
        self._notes = {kind: self._by_id(f"{kind}s", kind) for kind in ("footnote", "endnote", "comment")}
        self._used: dict[tuple[str, str], str] = {}
        self._count = {"footnote": 0, "endnote": 0}
        self._page: int | None = None
        self._fields: list[_Field] = []
        self._after: list[Callable[[list[Item]], None]] = []
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
        for kind, notes in self._notes.items():
            for name in notes:
                if (kind, name) not in self._used:
                    items += self._note(kind, name, "")
        self._leave_out_attachments()
        return items

    def margins(self, body: Iterable[Item]) -> tuple[list[Item], dict[str, object]]:
        """Headers and footers whose words the body lacks, each once; all of them as metadata."""
        known = set(word_counts("\n".join(_all_text(one) for one in body)))
        metadata: dict[str, list[str]] = {}
        kept: list[Item] = []
        self._in_margin, self._page = True, None
        for kind, name in _MARGIN_PARTS.items():
            for part in self._related(kind):
                root = self._package.root(part) if self._package.has(part) else None
                if root is None:
                    continue
                items: list[Item] = []
                self._has_page_field = False
                self._part = part
                self._blocks(root, items)
                self._flush(items)
                texts = [_all_text(one) for one in items]
                if any(texts):
                    metadata.setdefault(name, []).append(one_line("\n".join(texts)))
                few = self._has_page_field and sum(word_counts("\n".join(texts)).values()) <= 3
                for item, text in zip(items, texts, strict=True):
                    new = set(word_counts(text)) - known
                    if new and not few:
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
        return notes

    def _leave_out_attachments(self) -> None:
        for name in self._package.names:
            if "/embeddings/" in name.lower() and "_rels" not in name and not name.endswith("/"):
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
        if is_on(child(properties, "w:rPr", "w:del")) or child(properties, "w:rPr", "w:moveFrom") is not None:
            self._carried = text  # the end of the paragraph was deleted: it goes on in the next one
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
            text = "\n".join(filter(None, (_all_text(item).strip() for item in inner)))
            return [Item(f"Comment ({author}): {text}" if author else f"Comment: {text}", aside=True)] if text else []
        if mark and inner and inner[0].rows is None:
            inner[0].text = f"{mark} {inner[0].text.lstrip()}"
        return inner

    def _table(self, node: _Element, items: list[Item]) -> None:
        rows: list[list[list[Item]]] = []
        page = self._page
        self._rows(node, rows)
        texts = [[one_line(" ".join(map(_all_text, cell))) for cell in row] for row in rows]
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
        cells += ([] for _ in range(before))
        self._cells(node, cells)
        cells += ([] for _ in range(after))
        return cells

    def _cells(self, node: _Element, cells: list[list[Item]]) -> None:
        for one in node:
            name = key(one.tag)
            if name == "w:tc":
                cell: list[Item] = []
                self._blocks(one, cell)
                self._flush(cell)
                cells.append(cell)
                cells += ([] for _ in range(_span(child(one, "w:tcPr", "w:gridSpan")) - 1))
            elif name == "w:sdt":
                self._control(one, partial(self._cells, cells=cells))
            elif name in ("w:del", "w:moveFrom"):
                self._leave_out("deleted", one)
            elif name and name not in _NO_TEXT:
                self._cells(one, cells)

    def _chunk(self, node: _Element) -> list[Item]:
        """A file of another format that stands for a part of the body."""
        name = self._package.target(self._part, attribute(node, "id"))
        suffix = f".{name.rpartition('.')[2].lower()}"
        data = self._package.data(name) if name and self._package.has(name) else None
        if data is None:
            if not name or not self._package.has(name):
                self._omit("unreadable", "", f"{name or 'a part of the body'}: not in the file")
            return []
        try:
            part = _parsed_chunk(data, suffix)
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
                self._text(node.text or "", out)
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
            drawn = [Item("\n".join(diagram_lines(root)), page, is_list=True)]
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


_INLINE_READERS: dict[str, Callable[[_Reader, _Element, list[str]], None]] = {
    "w:fldChar": _Reader._field_mark,
    "w:instrText": _Reader._instruction,
    "w:fldSimple": _Reader._simple_field,
    "w:del": _Reader._deleted,
    "w:moveFrom": _Reader._deleted,
    "w:delText": _Reader._deleted,
    "w:sdt": _Reader._inline_control,
    "mc:AlternateContent": _Reader._inline_alternative,
    "w:sym": _Reader._symbol,
    "m:oMath": _Reader._formula,
    "w:ruby": _Reader._ruby,
    "w:lastRenderedPageBreak": _Reader._page_break,
    "w:footnoteReference": _Reader._note_reference,
    "w:endnoteReference": _Reader._note_reference,
    "w:commentReference": _Reader._note_reference,
    "w:txbxContent": _Reader._text_box,
    "w:p": _Reader._text_box,
    "w:tbl": _Reader._text_box,
    "a:p": _Reader._drawn_paragraph,
    "w:drawing": _Reader._drawing,
    "w:pict": _Reader._drawing,
    "w:object": _Reader._drawing,
    "c:chart": _Reader._related_drawing,
    "cx:chart": _Reader._related_drawing,
    "dgm:relIds": _Reader._related_drawing,
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


def _all_text(item: Item) -> str:
    if item.document is not None:
        return item.document.text
    return item.text if item.rows is None else plain_rows(item.rows)


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


def _parsed_chunk(data: bytes, suffix: str) -> ParsedDocument | None:
    if suffix == ".docx":
        from lake.parse.office import parse

        return parse(data, suffix)
    suffix = _CHUNK_SUFFIXES.get(suffix, "")
    if suffix == ".html":
        from lake.parse.html import parse as parse_html

        return parse_html(data, suffix)
    if suffix == ".rtf":
        from lake.parse.rtf import parse as parse_rtf

        return parse_rtf(data, suffix)
    if suffix == ".txt":
        from lake.parse.text import parse as parse_text

        return parse_text(data, suffix)
    return None


# Writing


def _without_contents(items: list[Item], omit: Omit) -> list[Item]:
    """``items`` without the lines of a table of contents that repeat a heading."""
    if not any(item.contents for item in items):
        return items
    headings = {_bare(item.text) for item in items if item.level}
    kept = []
    for item in items:
        if item.contents and any(_bare(text) in headings for text in _entries(item.text)):
            omit("navigation", item.text, "table of contents")
        else:
            kept.append(item)
    return kept


def _entries(line: str) -> Iterator[str]:
    """A line of a table of contents without its page, and without its number."""
    text = re.sub(r"[\s.]*\b(?:\d+|[ivxlc]+)\s*$", "", line)
    yield from (text, re.sub(r"^\s*(?:\d+[.\d]*|[A-Z]\.)\s+", "", text), line)


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def write_items(items: list[Item], package: Package, main: str, writer: TextWriter) -> None:
    """Append items; unstructured finds which paragraphs are items of lists, and their labels."""
    _write(list(zip(items, _classified(items, package, main), strict=True)), writer)


def _write(items: Iterable[tuple[Item, Found | None]], writer: TextWriter) -> None:
    lines: list[tuple[int, str]] = []
    page: int | None = None
    waiting: list[tuple[Item, Found | None]] = []

    def end_list() -> None:
        least = min((depth for depth, _ in lines), default=0)
        writer.add("\n".join(f"{'  ' * (depth - least)}- {text}" for depth, text in lines), "list", page=page)
        lines.clear()
        asides = [(replace(item, aside=False), what) for item, what in waiting]
        waiting.clear()
        if asides:
            _write(asides, writer)

    for item, what in items:
        if item.aside and lines:
            waiting.append((item, what))
        elif what is not None and what.kind == "ListItem" and not item.level:
            if lines and item.page != page:
                end_list()
            page = page if lines else item.page
            if line := one_line(what.text):
                lines.append((what.depth, line))
        else:
            end_list()
            _write_item(item, item.text if what is None else what.text, writer)
    end_list()


def _write_item(item: Item, text: str, writer: TextWriter) -> None:
    if item.document is not None:
        writer.document(item.document, page=item.page)
    elif item.rows is not None:
        writer.table(item.rows, page=item.page)
    elif item.level and len(text) <= LONGEST_HEADING:
        writer.heading(text, item.level, page=item.page)
    else:
        writer.add(text, "list" if item.is_list else "paragraph", page=item.page)


class Found(NamedTuple):
    """What unstructured finds of a paragraph: the kind of its element, its text with its label, and its depth."""

    kind: str
    text: str
    depth: int


def _classified(items: list[Item], package: Package, main: str) -> list[Found | None]:
    """What unstructured finds of each item."""
    styles = package.related(main, "styles")
    known = _Styles(package.root(styles[0]) if styles and package.has(styles[0]) else None)
    flat = _FlatDocument(known)
    for index, item in enumerate(items):
        if item.is_plain:
            flat.add(index, item)
    elements: list[Found | None] = [None] * len(items)
    if not flat.paragraphs:
        return elements
    numbering = package.related(main, "numbering")
    root = package.root(numbering[0]) if numbering and package.has(numbering[0]) else None
    for element in partitioner("docx")(file=flat.file(root), languages=[""], infer_table_structure=False):
        text, _, index = element.text.rpartition(_MARK)
        if index.isdecimal():
            elements[int(index)] = Found(type(element).__name__, text, element.metadata.category_depth or 0)
    return elements


@dataclass(slots=True)
class _FlatDocument:
    """A Word file of plain paragraphs, each of which ends with its number."""

    known: _Styles
    paragraphs: list[str] = field(default_factory=list)
    styles: dict[str, str] = field(default_factory=dict)

    def add(self, index: int, item: Item) -> None:
        number = item.number
        style = self._style(item, inherits=number is None or number[0] != "0")
        properties = f"<w:pStyle w:val={quoteattr(style)}/>" if style else ""
        if number and number[0] not in ("", "0"):
            level = f'<w:ilvl w:val="{number[1]}"/>' if number[1] else ""
            properties += f'<w:numPr>{level}<w:numId w:val="{number[0]}"/></w:numPr>'
        text = f'<w:r><w:t xml:space="preserve">{escape(item.text)}{_MARK}{index}</w:t></w:r>'
        self.paragraphs.append(f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{text}</w:p>")

    def _style(self, item: Item, *, inherits: bool) -> str:
        """The style's id; a heading gets one of its own, based on it for its number."""
        base = item.style if inherits and item.style in self.known.nodes else ""
        for one in self.known.chain(base):
            self._define(one, self._name(one), self.known.base[one], self.known.number(one))
        if not item.level:
            return base
        name = f"h{item.level} {base}"
        self._define(name, f"Heading {item.level}", base, None)
        return name

    def _name(self, style: str) -> str:
        name = self.known.names[style]
        return name if _LIST_NAME.fullmatch(name) else f"style {len(self.styles)}x"

    def _define(self, style: str, name: str, base: str, number: tuple[str, str] | None) -> None:
        if style in self.styles:
            return
        inner = f"<w:name w:val={quoteattr(name)}/>" + (f"<w:basedOn w:val={quoteattr(base)}/>" if base else "")
        if number and (number[0] or number[1]):
            level = f'<w:ilvl w:val="{number[1]}"/>' if number[1] else ""
            identifier = f'<w:numId w:val="{number[0]}"/>' if number[0] else ""
            inner += f"<w:pPr><w:numPr>{level}{identifier}</w:numPr></w:pPr>"
        self.styles[style] = f'<w:style w:type="paragraph" w:styleId={quoteattr(style)}>{inner}</w:style>'

    def file(self, numbering: Any) -> io.BytesIO:
        from lxml import etree  # type: ignore[import-untyped]

        parts = {"document": f"<w:document {_W}><w:body>{''.join(self.paragraphs)}</w:body></w:document>"}
        parts["styles"] = f"<w:styles {_W}>{''.join(self.styles.values())}</w:styles>"
        if numbering is not None and numbering.tag == f"{{{_W_URI}}}numbering":
            parts["numbering"] = etree.tostring(numbering, encoding="unicode")
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("[Content_Types].xml", _content_types(parts))
            archive.writestr("_rels/.rels", _relations([("officeDocument", "word/document.xml")]))
            inner = [(kind, f"{kind}.xml") for kind in parts if kind != "document"]
            archive.writestr("word/_rels/document.xml.rels", _relations(inner))
            for name, text in parts.items():
                archive.writestr(f"word/{name}.xml", text.encode("utf-8", "xmlcharrefreplace"))
        made.seek(0)
        return made


_W_URI = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W = f'xmlns:w="{_W_URI}"'
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _content_types(parts: Iterable[str]) -> str:
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" '
        f'ContentType="{_MAIN_TYPE}.{"document.main" if name == "document" else name}+xml"/>'
        for name in parts
    )
    relations = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="{_PACKAGE}/content-types">{relations}{overrides}</Types>'


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    inner = "".join(
        f'<Relationship Id="rId{i}" Type="{kind}/{name}" Target="{target}"/>'
        for i, (name, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'
