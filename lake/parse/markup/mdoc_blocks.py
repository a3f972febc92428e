"""Requests of mdoc that make blocks: lists with their items, columns, displays, and what a page describes."""

from __future__ import annotations

from collections.abc import Mapping

from lake.parse.markup.man_reader import ManReader, ManRequest, joined
from lake.parse.markup.mdoc import CELL, line_words
from lake.parse.markup.roff_escapes import arguments


def _describe(reader: ManReader, rest: str) -> None:
    reader.text(f"\u2013 {line_words('No', [reader.plain(one) for one in arguments(rest)], reader.name)}")


def _begin_list(reader: ManReader, rest: str) -> None:
    reader.end_paragraph()
    if reader.lists and reader.lists[-1][0] != "column":
        reader.depth += 1
    reader.lists.append((rest.lstrip().removeprefix("-").partition(" ")[0], 0))
    reader.rows = []


def _list_item(reader: ManReader, rest: str) -> None:
    kind, number = reader.lists.pop() if reader.lists else ("bullet", 0)
    reader.lists.append((kind, number + 1))
    if kind == "column":
        reader.words, row = [], reader.words
        if row:
            reader.rows.append("".join(joined(row)).split(CELL))
    else:
        reader.end_paragraph()
    words = [reader.plain(one) for one in arguments(rest)]
    text = line_words("No", words, reader.name) if words else ""
    if kind == "column":
        reader.words = [text.replace("\t", CELL)]
    else:
        reader.label = f"{number + 1}." if kind == "enum" else text


def _end_bsd_list(reader: ManReader, rest: str) -> None:
    kind = reader.lists.pop()[0] if reader.lists else ""
    if kind == "column":
        reader.lists.append((kind, 0))
        _list_item(reader, "")
        reader.lists.pop()
        reader.words = []
        reader.end_list()
        reader.writer.table(reader.rows)
    else:
        reader.end_paragraph()
        if reader.lists:
            reader.depth = max(0, reader.depth - 1)
        else:
            reader.end_list()


def _display(reader: ManReader, rest: str) -> None:
    if "-filled" in rest or "-ragged" in rest:
        reader.paragraph(rest)
    else:
        reader.begin_code(rest)


def _end_display(reader: ManReader, rest: str) -> None:
    reader.end_code()
    reader.end_paragraph()


def _display_line(reader: ManReader, rest: str) -> None:
    reader.end_paragraph()
    words = [reader.plain(one) for one in arguments(rest)]
    reader.text(line_words("No", words, reader.name))
    reader.end_paragraph()


MDOC_BLOCKS: Mapping[str, ManRequest] = {
    "Nd": _describe,
    "Bl": _begin_list,
    "It": _list_item,
    "El": _end_bsd_list,
    "Bd": _display,
    "Ed": _end_display,
    **dict.fromkeys(("Dl", "D1"), _display_line),
}
