"""Binary Excel workbooks: cells as xlsx shows them; a damaged part costs that part.

``data/prices.xlsb`` was written by SheetJS from made-up values.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.tables import biff12

PRICES = (Path(__file__).parent / "data" / "prices.xlsb").read_bytes()
SHEET, BOOK, STRINGS = "xl/worksheets/sheet1.bin", "xl/workbook.bin", "xl/sharedStrings.bin"
Change = Callable[[bytes], bytes]


def changed(**parts: Change) -> bytes:
    """The workbook with some of its parts changed: ``sheet``, ``book`` or ``strings``."""
    names = {SHEET: parts.get("sheet"), BOOK: parts.get("book"), STRINGS: parts.get("strings")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PRICES)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            change = names.get(name)
            after.writestr(name, change(before.read(name)) if change else before.read(name))
    return buffer.getvalue()


def record(number: int, content: bytes) -> bytes:
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    return head + bytes([len(content)]) + content


@pytest.mark.parametrize("name", ["prices.xlsb", "renamed.xlsx"])
def test_cells_are_shown_as_in_other_workbooks(name: str) -> None:
    document = parse(PRICES, name)
    assert document.text == (
        "# Prices\n\n| Part | Price | Share | When | Stock |\n| --- | --- | --- | --- | --- |\n"
        "| Lamp | 1,234.50 | 12.5% | 2031-01-01 | TRUE |\n| Žárovka ☀ | -7 | 100% | 2031-01-01 12:00 | FALSE |\n"
        "| Bell | 0.1 | 50% | 09:30 | #DIV/0! |\n| Merged note over two columns |  |  |  |  |\n"
        "| 42 | joined | 12345678.25 |  |  |\n\nComment on B2 by Ida: Check the price.\n\n"
        "# Third\n\n| Third sheet | x |\n| --- | --- |\n| more | 3 |"
    )
    account = account_of(document)
    assert (document.title, document.author, account.n_words_lost) == ("Price list", "Ida", 0)
    assert [(one.kind, one.n_words) for one in account.omitted] == [("hidden", 2)]


def test_a_sheet_that_is_cut_off_keeps_the_rows_before() -> None:
    document = parse(changed(sheet=lambda data: data[: len(data) // 2]), "a.xlsb")
    assert "| Lamp | 1,234.50 |" in document.text
    assert "more" in document.text
    assert ["rows after that are missing" in one.place for one in document.omitted if one.kind == "unreadable"] == [
        True
    ]


def test_strings_that_are_cut_off_are_named() -> None:
    document = parse(changed(strings=lambda data: data[:40]), "a.xlsb")
    assert {one.kind for one in document.omitted} == {"unreadable", "hidden"}
    assert "1,234.50" in document.text


def test_a_workbook_whose_list_of_sheets_is_damaged_is_refused() -> None:
    with pytest.raises(InputError, match="list of sheets"):
        parse(changed(book=lambda data: data[:-3] + b"\xff\x7f\x7f"), "a.xlsb")


def test_cells_right_of_another_one_headers_and_rich_texts() -> None:
    def text(words: str) -> bytes:
        return struct.pack("<I", len(words)) + words.encode("utf-16-le")

    style = struct.pack("<I", 0)
    nothing = struct.pack("<I", 0xFFFFFFFF)
    sheet = (
        record(0, struct.pack("<I", 4) + bytes(13))
        + record(62, struct.pack("<I", 1) + style + b"\0" + text("Tide"))
        + record(17, style + text("Height"))
        + record(16, style + struct.pack("<d", 2.5))
        + record(13, style + struct.pack("<I", 7 << 2 | 2))
        + record(14, style + b"\x2a")
        + record(12, style)
        + record(15, style + b"\x01")
        + record(479, b"\0\0" + text("&CHarbour &P") + nothing * 5)
    )
    assert [(one.column, one.raw) for one in biff12.cells(sheet)] == [
        *((2, "Tide"), (3, "Height"), (4, "2.5"), (5, "7.0"), (6, "#N/A"), (8, "1")),
    ]
    document = parse(changed(sheet=lambda data: sheet), "a.xlsb")
    assert "Tide | Height | 2.5 | 7 | #N/A |" in document.text
    assert "Harbour" in document.text
    assert account_of(document).n_words_lost == 0
