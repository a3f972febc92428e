"""Word: writes paragraphs and tables; unstructured tells lists and labels.

unstructured reads a small document made of the paragraphs, each with its number, so that none can be lost.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lake.parse.archive import lenient_xml
from lake.parse.canonical import TextWriter, one_line
from lake.parse.office.ooxml_package import Package
from lake.parse.office.unstructured_light import LONGEST_HEADING, partitioner
from lake.parse.office.word_items import Item
from lake.parse.office.word_numbering import Numbering
from lake.parse.office.word_styles import WordStyles

_MARK = "\ue000"
_LIST_NAME = re.compile(r"List(?: (?:Bullet|Number|Continue|Paragraph))?(?: [2-5])?")


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
    known = WordStyles(package.root(styles[0]) if styles and package.has(styles[0]) else None)
    flat = _FlatWord(known)
    for index, item in enumerate(items):
        if item.is_plain:
            flat.add(index, item)
    elements: list[Found | None] = [None] * len(items)
    if not flat.paragraphs:
        return elements
    numbering = package.related(main, "numbering")
    root = package.root(numbering[0]) if numbering and package.has(numbering[0]) else None
    lists = None if root is None else Numbering(root)
    file = flat.file(lists and lists.root)
    for element in partitioner("docx")(file=file, languages=[""], infer_table_structure=False):
        text, _, index = element.text.rpartition(_MARK)
        if index.isdecimal():
            text = lists.written(text) if lists else text
            elements[int(index)] = Found(type(element).__name__, text, element.metadata.category_depth or 0)
    return elements


@dataclass(slots=True)
class _FlatWord:
    """A Word file of plain paragraphs, each of which ends with its number."""

    known: WordStyles
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
            written = etree.tostring(numbering, encoding="unicode")
            # A part that was read in spite of errors may not be well-formed again.
            if lenient_xml(written.encode())[1] == "":
                parts["numbering"] = written
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
