"""Tables (csv, tsv, xlsx, xls, ods): each sheet becomes one GFM table and counts as a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.archive import open_archive
from lake.parse.canonical import TextWriter
from lake.parse.text import decode

if TYPE_CHECKING:
    from fastexcel import ExcelReader

    from lake.parse.document import ParsedDocument

_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_ROWS = 50
MAX_CELLS = 20_000_000
_LONGEST_FIELD = 1 << 30
_PASSWORD_WORDS = ("password", "encrypt")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if suffix in (".csv", ".tsv"):
        return _from_delimited(data, suffix)
    if suffix != ".xls":
        open_archive(data, suffix).close()
    return _from_workbook(data, suffix)


def _from_delimited(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    delimiter = "\t" if suffix == ".tsv" else delimiter_of(text)
    writer = TextWriter()
    try:
        rows = list(_rows(text, delimiter))
    except csv.Error as error:
        raise InputError(f"not readable as a table: {error}; check quotes and delimiters", "garbage") from error
    _write_sheet(writer, rows, 1)
    return writer.finish(metadata=metadata, omitted=omitted)


def delimiter_of(text: str) -> str:
    r"""The delimiter that splits the first rows most often and most evenly.

    >>> delimiter_of("a;b;c\n1,5;2;3\n")
    ';'
    """
    sample = text[: 1 << 16]
    return max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row, _ in zip(_rows(sample, delimiter), range(_SNIFFED_ROWS), strict=False) if row]
    except csv.Error:
        return 0.0, 0
    usual = max(set(widths), key=widths.count, default=1)
    return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _from_workbook(data: bytes, suffix: str) -> ParsedDocument:
    book = _open(data, suffix)
    writer = TextWriter()
    names = book.sheet_names
    for page, name in enumerate(names, start=1):
        rows = _sheet_rows(book, name)
        if rows and len(names) > 1:
            writer.heading(name, 1, page=page)
        _write_sheet(writer, rows, page)
    # The first sheet's name does not describe the workbook, so it is no title.
    document = replace(writer.finish(metadata={"sheets": names}), title=None)
    if not document.blocks:
        raise InputError("all cells of all sheets are empty; fill the file or delete it", "no_text")
    return document


def _write_sheet(writer: TextWriter, rows: Sequence[Sequence[str]], page: int) -> None:
    """Append a table whose header is the first row with two filled cells, after the rows above as its caption."""
    filled = (i for i, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row) > 1)
    header = next(filled, 0)
    for row in rows[:header]:
        writer.add(" ".join(row).strip(), page=page)
    writer.table(rows[header:], page=page)


def _open(data: bytes, suffix: str) -> ExcelReader:
    import fastexcel

    try:
        with _without_panics(suffix):
            return fastexcel.read_excel(data)
    except fastexcel.FastExcelError as error:
        raise _reason(str(error), suffix) from error


@contextmanager
def _without_panics(what: str) -> Iterator[None]:
    """Translate panics of the Rust reader on damaged files, a BaseException that can't be imported."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"the {what} is damaged: {error}; open and save it again", "garbage") from error


def _reason(message: str, suffix: str) -> InputError:
    first_line = message.splitlines()[0]
    if any(word in message.lower() for word in _PASSWORD_WORDS):
        return InputError(f"the {suffix} file is protected by a password; save it without one", "encrypted")
    return InputError(f"not a readable {suffix} file ({first_line}); open and save it again", "garbage")


def _sheet_rows(book: ExcelReader, name: str) -> Sequence[Sequence[str]]:
    import fastexcel

    try:
        with _without_panics("workbook"):
            sheet = book.load_sheet(name, header_row=None, dtypes="string")
        if sheet.width * sheet.total_height > MAX_CELLS:
            raise InputError(f"sheet {name!r} spans more than {MAX_CELLS:,} cells; split it", "too_large")
        rows = sheet.to_polars().rows() if sheet.width else []
    except fastexcel.FastExcelError as error:
        raise InputError(
            f"sheet {name!r} can't be read ({str(error).splitlines()[0]}); save it again", "garbage"
        ) from error
    return [["" if cell is None else str(cell) for cell in row] for row in rows]
