"""Tables as delimited text (csv, tsv): quotes, line breaks in cells, comments and lines above the header."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import TextWriter
from lake.parse.tables.cell_markup import without_markup
from lake.parse.tables.dialects import plain_cell, with_usual_quotes
from lake.parse.tables.grid import TooWideError, write_tables
from lake.parse.text import decode_without_data

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

    from lake.parse.document import ParsedDocument

_DELIMITERS = (",", ";", "\t", "|")
#: Of which one may part cells instead: U+0001, and the separators of units.
_CONTROLS = (b"\x01", b"\x1f")
_SNIFFED_ROWS = 50
_LONGEST_FIELD = 1 << 30
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
#: Lines that may have a wrong quote, before quotes lose their meaning.
_MAX_REPAIRS = 100


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode_without_data(_with_tabs(data))
    writer = TextWriter()
    writer.note(omitted)
    delimiter, body, n_above = _declared(text, writer)
    body = with_usual_quotes(body, lambda rows: delimiter or delimiter_of(rows))
    if not delimiter:
        delimiter = "\t" if suffix in (".tsv", ".tab") and "\t" in text else delimiter_of(body)
    reader = _LineReader(body.split("\n"), delimiter, n_above)
    try:
        rows = reader.rows()
    except csv.Error as error:
        raise InputError(f"not readable as a table: {error}; check quotes and delimiters", "garbage") from error
    for line in reader.wrong:
        writer.omit("unreadable", place=f"line {line}: a quotation mark is never closed; the line is kept as it is")
    cells = {
        number: {column: plain_cell(cell) for column, cell in enumerate(row, start=1) if cell and not cell.isspace()}
        for number, row in enumerate(rows, start=1)
    }
    writer.read(without_markup(cells, text, writer))
    try:
        write_tables(cells, writer, page=None, side_by_side=False)
    except TooWideError as error:
        raise InputError(f"{error} is too large; split the file", "too_large") from error
    return writer.finish(metadata=metadata)


def _with_tabs(data: bytes) -> bytes:
    """``data`` with tabs for the control character that parts its cells, as in files of Hive."""
    if b"\0" in data or b"\t" in data:
        return data
    return next((data.replace(mark, b"\t") for mark in _CONTROLS if data.count(mark) >= data.count(b"\n")), data)


def _declared(text: str, writer: TextWriter) -> tuple[str, str, int]:
    """The delimiter that Excel's first line ``sep=;`` declares, the text after it, and the number of lines before."""
    first, _, rest = text.partition("\n")
    declared = first.strip('"\ufeff \t').lower()
    if declared.startswith("sep=") and len(first.strip('"\ufeff')) == len("sep=;"):
        writer.omit("decoration", first, "line 1: the delimiter")
        return first.strip('"\ufeff')[-1], rest, 1
    return "", text, 0


def delimiter_of(text: str) -> str:
    r"""The delimiter that splits the first rows most often and most evenly.

    >>> delimiter_of("a;b;c\n1,5;2;3\n")
    ';'
    """
    sample = "\n".join(line for line in text[: 1 << 16].split("\n") if not line.startswith("# "))
    return max(_DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row, _ in zip(_split(sample, delimiter), range(_SNIFFED_ROWS), strict=False) if row]
    except csv.Error:
        return 0.0, 0
    usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
    return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual


def _split(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def cells_as_written(line: str, delimiter: str) -> list[str]:
    """The cells of a line; one with text after the mark that closes it keeps its quotation marks.

    >>> cells_as_written('"a, b" ,say "x", "c"d', ",")
    ['a, b', 'say "x"', '"c"d']
    """
    parts = re.findall(rf' *(?:"(?:[^"]|"")*")?[^{re.escape(delimiter)}]*(?:{re.escape(delimiter)}|$)', line)
    cells = [
        part.removesuffix(delimiter).strip(" ")
        for part in (parts if parts[-1:] != [""] or not parts[:-1] else parts[:-1])
    ]
    return [cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell for cell in cells]


@dataclass(slots=True)
class _LineReader:
    """``wrong`` holds the numbers of lines with a quotation mark that is never closed."""

    lines: Sequence[str]
    delimiter: str
    n_above: int = 0
    wrong: list[int] = field(default_factory=list)

    def rows(self) -> list[list[str]]:
        widths = Counter(line.count(self.delimiter) + 1 for line in self.lines[:_SNIFFED_ROWS] if line)
        width = max(widths, key=lambda width: (widths[width], width), default=1)
        if any('"' in line for line in self.lines):
            header = next(filter(None, _split("\n".join(self.lines[:_SNIFFED_ROWS]), self.delimiter)), [])
            rows = self._quoted({width, len(header)})
        else:
            rows = [line.split(self.delimiter) for line in self.lines]
        return [
            [self.delimiter.join(row)] if row and row[0].startswith("#") and len(row) != width else row for row in rows
        ]

    def _quoted(self, widths: set[int]) -> list[list[str]]:
        csv.field_size_limit(_LONGEST_FIELD)
        found: list[list[str]] = []
        start: int | None = 0
        while start is not None:
            start = self._read(start, widths, found)
        return found

    def _read(self, start: int, widths: set[int], found: list[list[str]]) -> int | None:
        """Append rows from a line on. Returns the line after one with a wrong quotation mark; None at the end."""
        reader = self._reader(start)
        before = 0
        while True:
            try:
                row = next(reader, None)
                is_wrong = row is not None and reader.line_num > before + 1
                is_wrong = is_wrong and self._runs_away(row or [], start + before, start + reader.line_num, widths)
            except csv.Error:
                row, is_wrong = [], True
            if row is None:
                return None
            if not is_wrong:
                found.append(row)
                before = reader.line_num
                continue
            first = start + before
            if reader.line_num > before + 1:
                self.wrong.append(first + 1 + self.n_above)
                found.append(self.lines[first].split(self.delimiter))
            else:  # a quotation mark after the one that closes a cell
                found.append(cells_as_written(self.lines[first], self.delimiter))
            return first + 1

    def _reader(self, start: int) -> CsvReader:
        lines = (f"{self.lines[i]}\n" for i in range(start, len(self.lines)))
        if len(self.wrong) >= _MAX_REPAIRS:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)

    def _runs_away(self, row: list[str], first: int, end: int, widths: set[int]) -> bool:
        """Whether a row of several lines is one whose quotation mark was never meant, or never closed.

        ``widths`` are those of the header and of most lines.
        """
        if end == len(self.lines) and sum(self.lines[i].count('"') for i in range(first, end)) % 2:
            return True
        if len(row) in widths or widths == {1}:
            return False
        return all(self.lines[i].count(self.delimiter) + 1 in widths for i in range(first, min(end, first + 2)))
