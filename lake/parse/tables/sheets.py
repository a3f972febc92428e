"""Workbooks (xlsx, xlsb, xls, ods) and delimited tables (csv, tsv) as GFM; sheets are pages if there are several."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.archive import open_archive
from lake.parse.canonical import TextWriter
from lake.parse.tables import delimited, workbook_ods, workbook_xls, workbook_xlsb, workbook_xlsx
from lake.parse.tables.grid import TooWideError, write_tables

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument
    from lake.parse.tables.workbook import Sheet, Workbook

#: Names that programs give to a new sheet, in the languages that use these letters.
_NO_NAME = re.compile(r"(?:sheet|tabelle|feuille?|hoja|foglio|planilha|list|arkusz|blad|ark|taul|munka)[ _]?\d*", re.I)
_OLD = (".xls", ".xlt")
_ZIP = b"PK\x03\x04"


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if suffix in (".csv", ".tsv", ".tab", ".psv"):
        return delimited.parse(data, suffix)
    if suffix in _OLD and not data.startswith(_ZIP) and (other := workbook_xls.in_disguise(data)) is not None:
        return other
    book = _read(data, suffix)
    writer = TextWriter()
    writer.note(book.omitted)
    has_pages = len(book.sheets) > 1
    for number, sheet in enumerate(book.sheets, start=1):
        page, is_named = number if has_pages else None, has_pages or not _NO_NAME.fullmatch(sheet.name)
        _write(sheet, writer, page, is_named=is_named)
    document = writer.finish(author=book.author, metadata={"sheets": [sheet.name for sheet in book.sheets]})
    if not document.blocks:
        raise InputError("all cells of all visible sheets are empty; fill the file or delete it", "no_text")
    # The first sheet's name does not describe the workbook, so it is no title.
    return replace(document, title=book.title)


def _read(data: bytes, suffix: str) -> Workbook:
    if suffix == ".fods":
        return _read(_as_archive(data), ".ods")
    if suffix in _OLD and not data.startswith(_ZIP):
        return workbook_xls.read(data)
    with open_archive(data, suffix, verify=False) as archive:
        if suffix in (".ods", ".ots"):
            return workbook_ods.read(archive)
        if workbook_xlsb.is_binary(archive):
            return workbook_xlsb.read(archive)
        return workbook_xlsx.read(archive)


def _as_archive(flat: bytes) -> bytes:
    """An OpenDocument file that is one XML file, as the archive that it would be; each part holds all of it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("content.xml", "styles.xml", "meta.xml"):
            archive.writestr(name, flat)
    return made.getvalue()


def _write(sheet: Sheet, writer: TextWriter, page: int | None, *, is_named: bool) -> None:
    sheet.fill_down()
    if is_named and (sheet.cells or sheet.lines):
        writer.heading(sheet.name, 1, page=page)
        writer.read(sheet.name)
    try:
        write_tables(sheet.cells, writer, page=page, bridges=sheet.merged)
    except TooWideError as error:
        sheet.omit("unreadable", cause=f"{error} is too large; split it")
    for line in sheet.lines:
        writer.add(line, page=page)
    writer.read("\n".join(sheet.source))
    writer.note(sheet.omitted)
