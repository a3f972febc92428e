"""Elements inside a paragraph of Word that are more than text: fields, formulas, notes, boxes and drawings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from lake.parse.office.drawings import drawn_text, formula
from lake.parse.office.ooxml import alt_texts, attribute, child, found
from lake.parse.office.related_drawings import related_drawing
from lake.parse.office.symbol_fonts import symbol
from lake.parse.office.word_fields import form_value
from lake.parse.office.word_items import Item
from lake.parse.office.word_reader import InlineReader, WordReader

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


def _field_mark(reader: WordReader, node: _Element, out: list[str]) -> None:
    out.append(reader.fields.mark(node))
    if attribute(node, "fldCharType") == "begin":
        out.append(form_value(node))


def _instruction(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.fields.instruct(node.text or "")


def _simple_field(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.fields.begin(attribute(node, "instr"))
    reader.inline(node, out)
    out.append(reader.fields.end())


def _deleted(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.leave_out("deleted", node)


def _inline_control(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.control(node, partial(reader.inline, out=out))


def _inline_alternative(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.alternative(node, partial(reader.inline, out=out))


def _symbol(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.fields.note_result()
    out.append(symbol(attribute(node, "font"), attribute(node, "char")))


def _formula(reader: WordReader, node: _Element, out: list[str]) -> None:
    for taken in found(node, "w:del", "w:moveFrom"):
        reader.leave_out("deleted", taken)
    reader.write(formula(node), out)


def _ruby(reader: WordReader, node: _Element, out: list[str]) -> None:
    for name in ("w:rubyBase", "w:rt"):
        part = child(node, name)
        pieces: list[str] = []
        if part is not None:
            reader.inline(part, pieces)
        text = "".join(pieces)
        out.append(f"({text})" if name == "w:rt" and text else text)


def _note_reference(reader: WordReader, node: _Element, out: list[str]) -> None:
    note = reader.notes.cite(node)
    if note is not None:
        out += filter(None, [note.mark])
        reader.after.append(lambda items: items.extend(reader.note(note)))


def _text_box(reader: WordReader, node: _Element, out: list[str]) -> None:
    reader.after.append(lambda items: reader.aside(node, items))


def _drawn_paragraph(reader: WordReader, node: _Element, out: list[str]) -> None:
    text = drawn_text(node)
    if text.strip():
        reader.after.append(lambda items: items.append(Item(text, reader.page, aside=True)))


def _drawing(reader: WordReader, node: _Element, out: list[str]) -> None:
    texts = alt_texts(node)
    if texts:
        page = reader.page
        reader.after.append(lambda items: items.extend(Item(f"Picture: {text}", page, aside=True) for text in texts))
    if not reader.in_margin:  # where letterheads and logos stand
        read = reader.package.picture_texts(reader.part, node, reader.part)
        reader.after.append(lambda items: items.extend(Item(text, reader.page, aside=True) for text in read))
    reader.inline(node, out)


def _related_drawing(reader: WordReader, node: _Element, out: list[str]) -> None:
    drawing = related_drawing(reader.package, reader.part, node, reader.omit)
    if drawing is None:
        return
    page = reader.page
    if drawing.is_diagram:
        drawn = [Item("\n".join(drawing.lines), page, is_list=True, aside=True)]
    else:
        drawn = [Item(line, page, aside=True) for line in drawing.lines]
        drawn += (Item("", page, rows=table, aside=True) for table in drawing.tables)
        for part in reader.package.related(drawing.part, "chartUserShapes"):
            shapes = reader.package.root(part) if reader.package.has(part) else None
            paragraphs = () if shapes is None else found(shapes, "a:p")
            drawn += (Item(drawn_text(one), page, aside=True) for one in paragraphs)
    reader.after.append(lambda items: items.extend(drawn))


INLINE: Mapping[str, InlineReader] = {
    "w:fldChar": _field_mark,
    "w:instrText": _instruction,
    "w:fldSimple": _simple_field,
    "w:del": _deleted,
    "w:moveFrom": _deleted,
    "w:delText": _deleted,
    "w:sdt": _inline_control,
    "mc:AlternateContent": _inline_alternative,
    "w:sym": _symbol,
    "m:oMath": _formula,
    "w:ruby": _ruby,
    "w:lastRenderedPageBreak": WordReader.page_break,
    "w:footnoteReference": _note_reference,
    "w:endnoteReference": _note_reference,
    "w:commentReference": _note_reference,
    "w:txbxContent": _text_box,
    "w:p": _text_box,
    "w:tbl": _text_box,
    "a:p": _drawn_paragraph,
    "w:drawing": _drawing,
    "w:pict": _drawing,
    "w:object": _drawing,
    "c:chart": _related_drawing,
    "cx:chart": _related_drawing,
    "dgm:relIds": _related_drawing,
}
