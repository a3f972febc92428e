"""Excel 97 workbooks (xls) by xlrd; what Excel opens under that name is often a page, XML or delimited text."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import one_line
from lake.parse.document import Omission
from lake.parse.tables import delimited, workbook_xml
from lake.parse.tables.biff_texts import sheet_texts
from lake.parse.tables.cell_format import built_in, general, shown_by, shown_text
from lake.parse.tables.workbook import Sheet, Workbook, column_name
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: The first record of a workbook that is in no OLE container.
_BIFF = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_SPREADSHEET_ML = b"urn:schemas-microsoft-com:office:spreadsheet"
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta|style)\b", re.I)
_PASSWORD_WORDS = ("password", "encrypt")
_NO_WORDS = re.compile(r"[-+\d.:TZEe\s/%]*|true|false", re.I)


def in_disguise(data: bytes) -> ParsedDocument | None:
    """The document if the bytes are a page or delimited text; None for a workbook."""
    head = data[:4096]
    if head.startswith((_OLE, *_BIFF)) or _SPREADSHEET_ML in head:
        return None
    if _PAGE.search(head):
        return html.parse(data, ".html")
    return delimited.parse(data, ".tsv")


def read(data: bytes) -> Workbook:
    """Read all sheets. Raises InputError if neither of two readers can."""
    if _SPREADSHEET_ML in data[:4096]:
        return workbook_xml.read(data)
    try:
        return _read(data)
    except _damage() as error:
        # The second reader repairs more, and knows no formats.
        return _read_again(data, f"{type(error).__name__}: {error}"[:200])


def _damage() -> tuple[type[Exception], ...]:
    """What xlrd raises for damaged files."""
    from xlrd import XLRDError  # type: ignore[import-untyped]
    from xlrd.compdoc import CompDocError  # type: ignore[import-untyped]

    usual = (AssertionError, AttributeError, LookupError, OverflowError, TypeError, ValueError, struct.error)
    return XLRDError, CompDocError, *usual


def _read(data: bytes) -> Workbook:
    import xlrd

    try:
        source = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO(), on_demand=True
        )
    except xlrd.XLRDError as error:
        if any(word in str(error).lower() for word in _PASSWORD_WORDS):
            raise _encrypted() from error
        raise
    book = Workbook()
    for index, name in enumerate(source.sheet_names()):
        sheet = Sheet(one_line(name))
        book.sheets.append(sheet)
        _read_sheet(source.sheet_by_index(index), source, sheet)
        source.unload_sheet(index)
    texts = _second_reading(data)
    for sheet in book.sheets:
        own = [text for row in sheet.cells.values() for text in row.values()]
        sheet.source += texts.get(sheet.name, own)
    _read_beside(data, book)
    for sheet in book.sheets:
        if sheet.hidden:
            sheet.hide()
    return book


def _read_beside(data: bytes, book: Workbook) -> None:
    """Add what stands in no cell, and sheets that are charts."""
    try:
        found, embedded = sheet_texts(data)
    except _damage() as error:
        book.omitted.append(Omission("unreadable", 0, f"text boxes, charts and headers ({error})"[:200]))
        return
    book.omitted += (Omission("attachment", 0, f"embedded object {name}") for name in embedded)
    sheets = iter(list(book.sheets))
    for number, texts in enumerate(found):
        sheet = Sheet(texts.name, hidden=texts.hidden) if texts.is_chart else next(sheets, None)
        if sheet is None:
            return
        if texts.is_chart:
            book.sheets.insert(number, sheet)
        # A chart's labels mostly repeat cells.
        shown = {one_line(text) for row in sheet.cells.values() for text in row.values()}
        lines = [line for line in texts.lines if line not in shown]
        sheet.lines += lines
        sheet.source += lines


def _read_sheet(source: Any, book: Any, sheet: Sheet) -> None:
    shown: dict[int, Any] = {}
    since_1904 = bool(book.datemode)
    for number in range(source.nrows):
        row = {}
        for column, cell in enumerate(source.row(number), start=1):
            if cell.ctype in (2, 3):
                if cell.xf_index not in shown:
                    shown[cell.xf_index] = shown_by(_format_code(book, cell.xf_index), since_1904)
                text = shown[cell.xf_index](cell.value)
            else:
                text = _text_of(cell)
                if text and cell.ctype == 1:
                    text = shown_text(_format_code(book, cell.xf_index), text)
            if text:
                row[column] = text
        if row:
            sheet.cells[number + 1] = row
    sheet.merged = [(top + 1, left + 1, bottom, right) for top, bottom, left, right in source.merged_cells]
    for (row_index, column_index), note in sorted(source.cell_note_map.items()):
        text, author = one_line(note.text), one_line(note.author or "")
        by = f" by {author}" if author and not text.startswith(author) else ""
        if text:
            sheet.lines.append(f"Comment on {column_name(column_index + 1)}{row_index + 1}{by}: {text}")
    sheet.source += sheet.lines
    sheet.hidden = source.visibility != 0


def _format_code(book: Any, style: int) -> str:
    """A style's number format. A style or format that the file does not define costs only the form of its numbers."""
    try:
        key = book.xf_list[style].format_key
        return book.format_map[key].format_str or built_in(key)
    except LookupError:
        return built_in(0)


def _text_of(cell: Any) -> str:
    """The text of a cell that holds words, a boolean or an error."""
    from xlrd import error_text_from_code

    if cell.ctype == 1:
        return str(cell.value)
    if cell.ctype == 4:
        return "TRUE" if cell.value else "FALSE"
    return str(error_text_from_code.get(cell.value, "#ERROR!")) if cell.ctype == 5 else ""


def _second_reading(data: bytes) -> dict[str, list[str]]:
    """Texts of each sheet by another library, without numbers and dates, which it writes in its own way."""
    try:
        return {
            name: [text for row in rows for text in row if text and not _NO_WORDS.fullmatch(text)]
            for name, rows in _rows_by_fastexcel(data)
        }
    except InputError:
        return {}


def _read_again(data: bytes, cause: str) -> Workbook:
    book = Workbook()
    for name, rows in _rows_by_fastexcel(data):
        sheet = Sheet(one_line(name))
        for number, row in enumerate(rows, start=1):
            if filled := {column: _plain(text) for column, text in enumerate(row, start=1) if text}:
                sheet.cells[number] = filled
        sheet.source += [text for row in sheet.cells.values() for text in row.values()]
        sheet.omit("unreadable", cause=f"formats and comments ({cause})")
        book.sheets.append(sheet)
    return book


def _plain(text: str) -> str:
    try:
        return general(float(text))
    except (ValueError, OverflowError):
        return text.removesuffix(" 00:00:00")


def _rows_by_fastexcel(data: bytes) -> Iterator[tuple[str, list[tuple[str | None, ...]]]]:
    import fastexcel

    with _without_panics():
        try:
            book = fastexcel.read_excel(data)
            for name in book.sheet_names:
                sheet = book.load_sheet(name, header_row=None, dtypes="string")
                yield name, sheet.to_polars().rows() if sheet.width else []
        except fastexcel.FastExcelError as error:
            if any(word in str(error).lower() for word in _PASSWORD_WORDS):
                raise _encrypted() from error
            first_line = str(error).splitlines()[0]
            raise InputError(f"not a readable .xls file ({first_line}); open and save it again", "garbage") from error


@contextmanager
def _without_panics() -> Iterator[None]:
    """Translate panics of the Rust reader on damaged files, a BaseException that can't be imported."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"the .xls is damaged: {error}; open and save it again", "garbage") from error


def _encrypted() -> InputError:
    return InputError("the .xls file is protected by a password; save it without one", "encrypted")
