"""Binary Excel workbooks (xlsb): a package like that of xlsx, whose sheets, strings, styles and notes are records."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import one_line
from lake.parse.document import Omission
from lake.parse.tables import biff12
from lake.parse.tables.cell_format import Shows, built_in, shown_by
from lake.parse.tables.workbook import Sheet, Workbook, column_name, plain_lines
from lake.parse.tables.workbook_beside import TextsBeside, note_line, printed_lines
from lake.parse.tables.workbook_cells import Cell
from lake.parse.tables.workbook_xlsx import XlsxReader

if TYPE_CHECKING:
    import zipfile

MAIN_PART = "xl/workbook.bin"


def is_binary(archive: zipfile.ZipFile) -> bool:
    """Whether a package is a binary workbook, whatever its name says."""
    return any(name.lower().lstrip("/") == MAIN_PART for name in archive.namelist())


def read(archive: zipfile.ZipFile) -> Workbook:
    """Read all sheets. Raises InputError if the workbook's own part can't be read."""
    return _XlsbReader(archive).workbook()


class _XlsbReader(XlsxReader):
    def workbook(self) -> Workbook:
        related = {identifier: target for identifier, _, target in self._package.relations(MAIN_PART)}
        kinds = dict(self._package.related(MAIN_PART))
        sheets: list[tuple[int, str, str]] = []
        try:
            for number, record in biff12.records(self._package.part(MAIN_PART)):
                if number == biff12.BOOK_SETTINGS:
                    self._since_1904 = bool(record[0] & 1)
                elif number == biff12.SHEET:
                    state, _ = struct.unpack_from("<II", record)
                    target, end = biff12.text_at(record, 8)
                    sheets.append((state, related.get(target, ""), biff12.text_at(record, end)[0]))
        except biff12.DAMAGED as error:
            raise InputError(f"the list of sheets is damaged: {error}; fetch the file again", "truncated") from error
        self._shows = self._styles(kinds.get("styles", "xl/styles.bin"))
        self._strings = self._shared_strings(kinds.get("sharedStrings", "xl/sharedStrings.bin"))
        self._persons = self._person_names(kinds.get("person", ""))
        for state, target, name in sheets:
            sheet = Sheet(one_line(name))
            self._book.sheets.append(sheet)
            self._read_sheet(sheet, target, is_hidden=state != 0)
        self._read_properties()
        return self._book

    def _styles(self, path: str) -> list[Shows]:
        codes: dict[int, str] = {}
        numbers: list[int] = []
        is_inside = False
        try:
            for number, record in biff12.records(self._package.part(path)):
                if number == biff12.NAMED_FORMAT:
                    codes[struct.unpack_from("<H", record)[0]] = biff12.text_at(record, 2)[0]
                elif number in (biff12.CELL_STYLES, biff12.CELL_STYLES_END):
                    is_inside = number == biff12.CELL_STYLES
                elif number == biff12.CELL_STYLE and is_inside:
                    numbers.append(struct.unpack_from("<H", record, 2)[0])
        except (InputError, *biff12.DAMAGED):
            pass  # numbers are shown without their formats
        return [shown_by(codes.get(n) or built_in(n), self._since_1904) for n in numbers]

    def _shared_strings(self, path: str) -> list[str]:
        found: list[str] = []
        if not self._package.has(path):
            return found
        try:
            for number, record in biff12.records(self._package.part(path)):
                if number == biff12.SHARED_STRING:
                    found.append(biff12.text_at(record, 1)[0])
        except (InputError, *biff12.DAMAGED) as error:
            self._book.omitted.append(Omission("unreadable", 0, f"part {path!r}: {error}"))
        return found

    def _read_sheet(self, sheet: Sheet, path: str, *, is_hidden: bool) -> None:
        try:
            data = self._package.part(path)
        except InputError as error:
            sheet.omit("unreadable", cause=str(error))
            return
        texts, _ = self._show(sheet, self._cells(sheet, data))
        sheet.source.append("\n".join(texts))
        lines = [*self._drawings(sheet, path), *self._margins(data)]
        sheet.source += lines
        sheet.lines += plain_lines(lines)
        if is_hidden:
            sheet.hide()

    def _cells(self, sheet: Sheet, data: bytes) -> Iterator[Cell]:
        try:
            for row, column, style, kind, raw in biff12.cells(data):
                yield column_name(column), str(row), str(style), kind, raw
            for number, record in biff12.records(data):
                if number == biff12.MERGED:
                    top, bottom, left, right = struct.unpack_from("<IIII", record)
                    sheet.merged.append((top + 1, left + 1, bottom + 1, right + 1))
        except biff12.DAMAGED as error:
            sheet.omit("unreadable", cause=f"its records are damaged ({error}); rows after that are missing")

    def _margins(self, data: bytes) -> list[str]:
        """The lines that are printed on each page."""
        found: list[str] = []
        try:
            for number, record in biff12.records(data):
                at = 2
                while number == biff12.HEADER_FOOTER and at < len(record):
                    text, at = biff12.text_at(record, at)
                    found.append(text)
        except biff12.DAMAGED:
            pass  # named with the cells
        return printed_lines(found)

    def _drawings(self, sheet: Sheet, path: str) -> Iterator[str]:
        """Comments, text boxes and charts; embedded files are named."""
        texts = TextsBeside(self._package, sheet, path, self._persons)
        threads = texts.threads()
        yield from (text for _, text in threads)
        threaded = {cell for cell, _ in threads}
        for target in (target for kind, target in texts.relations if kind == "comments"):
            try:
                yield from (text for cell, text in _notes(self._package.part(target)) if cell not in threaded)
            except (InputError, *biff12.DAMAGED) as error:
                sheet.omit("unreadable", cause=f"part {target!r}: {error}")
        yield from texts.drawn(one for one in texts.relations if not one[1].lower().endswith(".bin"))
        texts.omit_embedded()


def _notes(data: bytes) -> Iterator[tuple[str, str]]:
    """The cell and the line of each note."""
    authors: list[str] = []
    author = cell = ""
    for number, record in biff12.records(data):
        if number == biff12.AUTHOR:
            authors.append(one_line(biff12.text_at(record, 0)[0]))
        elif number == biff12.NOTE:
            place, row, _, column = struct.unpack_from("<IIII", record)
            author = authors[place] if place < len(authors) else ""
            cell = f"{column_name(column + 1)}{row + 1}"
        elif number == biff12.NOTE_TEXT and (line := note_line(cell, author, one_line(biff12.text_at(record, 1)[0]))):
            yield cell, line
