"""Texts of an Excel 97 workbook that stand in no cell, by MS-XLS: text boxes, charts, headers and footers."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from lake.parse.canonical import one_line
from lake.parse.tables.workbook_parts import without_codes

_OLE = b"\xd0\xcf\x11\xe0"
_BOF, _EOF, _BOUNDSHEET, _CONTINUE = 0x809, 0x0A, 0x85, 0x3C
_HEADER, _FOOTER, _OBJECT, _TEXT_OBJECT, _SERIES_TEXT = 0x14, 0x15, 0x5D, 0x1B6, 0x100D
_BIFF8 = 0x600
_WORK_SHEET, _CHART_SHEET, _COMMENT_BOX = 0, 2, 0x19
#: Storages of embedded objects, by the beginning of their names.
_EMBEDDED = ("MBD", "LNK")


@dataclass(slots=True)
class SheetTexts:
    """Texts of one sheet. ``hidden`` means that the workbook hides it."""

    name: str
    is_chart: bool
    hidden: bool
    lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Append a text, unless it is blank or there already."""
        line = one_line(text)
        if line and line not in self.lines:
            self.lines.append(line)


def sheet_texts(data: bytes) -> tuple[list[SheetTexts], list[str]]:
    """The texts of each sheet in order, and the names of embedded objects.

    Raises what xlrd's reader of containers raises if the file is damaged, or struct.error.
    """
    stream, names = data, list[str]()
    if data.startswith(_OLE):
        from xlrd.compdoc import CompDoc  # type: ignore[import-untyped]

        container = CompDoc(data, logfile=io.StringIO())
        names = [entry.name for entry in container.dirlist if entry.etype == 1 and entry.name.startswith(_EMBEDDED)]
        stream = next(filter(None, map(container.get_named_stream, ("Workbook", "Book"))), b"")
    return list(_sheets(stream)), names


def _sheets(stream: bytes) -> Iterator[SheetTexts]:
    if len(stream) < 6 or struct.unpack_from("<HHH", stream)[2] != _BIFF8:
        return
    for kind, start, size in _records(stream, 0):
        if kind == _BOUNDSHEET and size >= 8:
            place, state, what = struct.unpack_from("<IBB", stream, start)
            if what not in (_WORK_SHEET, _CHART_SHEET):  # macros of Excel 4 and modules, which xlrd leaves out too
                continue
            name = _characters(stream[start + 7 : start + size], stream[start + 6])
            found = SheetTexts(one_line(name), what == _CHART_SHEET, state & 3 != 0)
            _read_sheet(stream, place, found)
            yield found


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and size of the records of one substream, with those inside it."""
    depth, end = 0, len(stream) - 4
    header = struct.Struct("<HH").unpack_from
    while 0 <= place <= end:
        kind, size = header(stream, place)
        yield kind, place + 4, min(size, len(stream) - place - 4)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        place += 4 + size


def _read_sheet(stream: bytes, place: int, found: SheetTexts) -> None:
    box = wanted = 0
    pieces: list[str] = []
    for kind, start, size in _records(stream, place):
        if kind == _CONTINUE and wanted > 0 and size > 1:
            piece = _characters(stream[start : start + size], wanted)
            wanted -= len(piece)
            pieces.append(piece)
            if wanted <= 0:
                found.add("".join(pieces))
        elif kind == _OBJECT and size >= 6:
            box = struct.unpack_from("<H", stream, start + 4)[0]
        elif kind == _TEXT_OBJECT and size >= 12:
            # The text of a comment is read with its cell.
            wanted = 0 if box == _COMMENT_BOX else struct.unpack_from("<H", stream, start + 10)[0]
            pieces = []
        elif kind == _SERIES_TEXT and size > 4:
            found.add(_characters(stream[start + 3 : start + size], stream[start + 2]))
        elif kind in (_HEADER, _FOOTER) and size > 3:
            n_characters = struct.unpack_from("<H", stream, start)[0]
            found.add(without_codes(_characters(stream[start + 2 : start + size], n_characters)))


def _characters(data: bytes, most: int) -> str:
    """At most ``most`` characters after a byte that tells their width."""
    if data[0] & 1:
        return data[1 : 1 + 2 * most].decode("utf-16-le", "replace")
    return data[1 : 1 + most].decode("latin-1")
