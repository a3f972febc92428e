"""Records of binary workbooks (MS-XLSB): cells, strings, number formats, sheets, notes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

ROW, NAMED_FORMAT, CELL_STYLE, CELL_STYLES, CELL_STYLES_END = 0, 44, 47, 617, 618
SHARED_STRING, BOOK_SETTINGS, SHEET, MERGED = 19, 153, 156, 176
HEADER_FOOTER, AUTHOR, NOTE, NOTE_TEXT = 479, 632, 635, 637
#: What reading a damaged record raises.
DAMAGED = (struct.error, IndexError, ValueError)

_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
#: What the value of a cell is, by the number of its record; those from 12 to 18 stand right of the cell before.
_CELLS = {
    1: "blank", 2: "short", 3: "error", 4: "bool", 5: "real", 6: "text", 7: "shared", 8: "text", 9: "real",
    10: "bool", 11: "error", 12: "blank", 13: "short", 14: "error", 15: "bool", 16: "real", 17: "text", 18: "shared",
    62: "rich",
}  # fmt: skip
_FIRST_BESIDE, _LAST_BESIDE = 12, 18
_NO_TEXT = 0xFFFFFFFF


class Cell12(NamedTuple):
    """A cell: row and column from 1, the index of its style, and type and value as xlsx writes them."""

    row: int
    column: int
    style: int
    kind: str
    raw: str


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each record. Raises one of ``DAMAGED`` if the part is cut off."""
    at, end = 0, len(data)
    while at < end:
        number, at = data[at], at + 1
        if number & 0x80:
            number, at = number & 0x7F | (data[at] & 0x7F) << 7, at + 1
        size = 0
        for shift in (0, 7, 14, 21):
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        if at + size > end:
            raise ValueError("a record goes beyond the end")
        yield number, data[at : at + size]
        at += size


def text_at(record: bytes, at: int) -> tuple[str, int]:
    """The text that begins at a place, and where it ends; a missing one is empty."""
    (length,) = struct.unpack_from("<I", record, at)
    if length == _NO_TEXT:
        return "", at + 4
    end = at + 4 + 2 * length
    if end > len(record):
        raise ValueError("a text goes beyond its record")
    return record[at + 4 : end].decode("utf-16-le", "replace"), end


def cells(data: bytes) -> Iterator[Cell12]:
    """The cells of a sheet that hold a value."""
    row = column = 0
    for number, record in records(data):
        if number == ROW:
            row, column = struct.unpack_from("<I", record)[0] + 1, 0
            continue
        held = _CELLS.get(number)
        if held is None:
            continue
        if _FIRST_BESIDE <= number <= _LAST_BESIDE:
            column, at = column + 1, 0
        else:
            column, at = struct.unpack_from("<I", record)[0] + 1, 4
        style = struct.unpack_from("<I", record, at)[0] & 0xFFFFFF
        if held != "blank":
            yield Cell12(row, column, style, *_value(held, record, at + 4))


def _value(held: str, record: bytes, at: int) -> tuple[str, str]:
    if held == "shared":
        return "s", str(struct.unpack_from("<I", record, at)[0])
    if held == "text":
        return "str", text_at(record, at)[0]
    if held == "rich":
        return "str", text_at(record, at + 1)[0]
    if held == "bool":
        return "b", "1" if record[at] else "0"
    if held == "error":
        return "e", _ERRORS.get(record[at], "#ERR")
    if held == "real":
        return "n", repr(struct.unpack_from("<d", record, at)[0])
    return "n", repr(short_number(struct.unpack_from("<I", record, at)[0]))


def short_number(raw: int) -> float:
    """A number in 30 bits: an integer or the upper half of a double, perhaps divided by 100.

    >>> short_number(7 << 2 | 2), short_number(1250 << 2 | 3), short_number(0x3FF00000)
    (7.0, 12.5, 1.0)
    """
    if raw & 2:
        value = float((raw >> 2) - (1 << 30 if raw & 0x80000000 else 0))
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, raw & 0xFFFFFFFC))
    return value / 100 if raw & 1 else value
