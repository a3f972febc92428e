"""Excel workbooks (xlsx) by ECMA-376: cells as shown, and the texts of the parts that belong to each sheet."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

from lake.errors import InputError
from lake.parse.canonical import one_line
from lake.parse.document import Omission
from lake.parse.tables.cell_format import Shows, adds_words, built_in, general, shown_by, shown_text
from lake.parse.tables.workbook import Sheet, Workbook, column_number
from lake.parse.tables.workbook_beside import TextsBeside
from lake.parse.tables.workbook_cells import (
    Cell,
    all_cells,
    cells_again,
    merged,
    raw_text,
    shared_strings,
    usual_cells,
    without_cells,
)
from lake.parse.tables.workbook_package import WorkbookPackage
from lake.parse.tables.workbook_parts import decoded, local, local_name

if TYPE_CHECKING:
    import zipfile


def read(archive: zipfile.ZipFile) -> Workbook:
    """Read all sheets. Raises InputError if the workbook's own part can't be read."""
    return XlsxReader(archive).workbook()


_TEXTS = ("s", "str", "inlineStr")


class XlsxReader:
    """Reads the parts of a workbook; `workbook_xlsb` replaces the readers of those that are binary there."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._package = WorkbookPackage(archive)
        self._book = Workbook()
        self._since_1904 = False
        #: Formats that add words to a cell's text, by the number of a style.
        self._worded: dict[str, str] = {}

    def workbook(self) -> Workbook:
        path = next(
            (target for kind, target in self._package.related("") if kind == "officeDocument"), "xl/workbook.xml"
        )
        root = self._package.root(path)
        if root is None or local_name(root) != "workbook":
            raise InputError("a zip file, but not a .xlsx: it has no workbook part; check its suffix", "garbage")
        related = {identifier: target for identifier, _, target in self._package.relations(path)}
        kinds = {kind: target for kind, target in self._package.related(path)}
        # Extensions have an element of the same name that states no epoch.
        epochs = (node.get("date1904", "0").lower() for node in root.iter("{*}workbookPr"))
        self._since_1904 = any(epoch in ("1", "true", "on") for epoch in epochs)
        self._shows = self._styles(kinds.get("styles", "xl/styles.xml"))
        self._strings = self._shared_strings(kinds.get("sharedStrings", "xl/sharedStrings.xml"))
        self._persons = self._person_names(kinds.get("person", ""))
        for node in root.iter("{*}sheet"):
            sheet = Sheet(one_line(decoded(node.get("name", ""))))
            target = next((related.get(value, "") for key, value in node.attrib.items() if local(key) == "id"), "")
            self._book.sheets.append(sheet)
            self._read_sheet(sheet, target, is_hidden=node.get("state", "visible") != "visible")
        self._read_properties()
        return self._book

    def _styles(self, path: str) -> list[Shows]:
        """The function of each cell style that shows its numbers."""
        try:
            root = self._package.root(path)
        except InputError:
            return []
        if root is None:
            return []
        # Conditional formats have codes of their own, whose numbers may be those of other codes.
        declared = next(root.iter("{*}numFmts"), ())
        codes = {node.get("numFmtId"): node.get("formatCode", "") for node in declared}
        formats = next(root.iter("{*}cellXfs"), ())
        numbers = [node.get("numFmtId", "0") for node in formats if local_name(node) == "xf"]
        chosen = [codes.get(n) or built_in(int(n) if n.isdecimal() else 0) for n in numbers]
        self._worded = {str(index): code for index, code in enumerate(chosen) if adds_words(code)}
        return [shown_by(code, self._since_1904) for code in chosen]

    def _shared_strings(self, path: str) -> list[str]:
        if not self._package.has(path):
            return []
        try:
            data = self._package.part(path)
        except InputError as error:
            self._book.omitted.append(Omission("unreadable", 0, f"part {path!r}: {error}"))
            return []
        return shared_strings(data)

    def _person_names(self, path: str) -> dict[str, str]:
        if not path:
            return {}
        try:
            root = self._package.root(path)
        except InputError:
            return {}
        persons = root.iter("{*}person") if root is not None else ()
        return {node.get("id", ""): node.get("displayName", "") for node in persons}

    def _read_properties(self) -> None:
        if not self._package.has("docProps/core.xml"):
            return
        try:
            root = self._package.root("docProps/core.xml")
        except InputError:
            return
        stated = (
            {local_name(node): one_line(node.text or "") for node in root if isinstance(node.tag, str)}
            if root is not None
            else {}
        )
        self._book.title, self._book.author = stated.get("title") or None, stated.get("creator") or None

    def _read_sheet(self, sheet: Sheet, path: str, *, is_hidden: bool) -> None:
        try:
            data = self._package.part(path)
        except InputError as error:
            sheet.omit("unreadable", cause=str(error))
            return
        self._read_cells(sheet, data)
        tail = without_cells(data)
        sheet.lines += TextsBeside(self._package, sheet, path, self._persons).lines(tail)
        sheet.merged = list(merged(tail))
        if is_hidden:
            sheet.hide()

    def _read_cells(self, sheet: Sheet, data: bytes) -> None:
        cells = usual_cells(data)
        if cells is None:
            cells, cut = all_cells(data)
            if cut:
                sheet.omit("unreadable", cause=f"its XML is damaged ({cut}); rows after that are missing")
        texts, n_empty = self._show(sheet, cells)
        # Each value of the bytes was read, or else all of them are read again, by pattern.
        n_values = sum(map(data.count, (b"<v>", b"<v ", b"<is>", b":v>", b":is>")))
        is_complete = n_values == len(texts) + n_empty
        sheet.source.append("\n".join(texts) if is_complete else self._second_reading(data))

    def _show(self, sheet: Sheet, cells: Iterable[Cell]) -> tuple[list[str], int]:
        """Fill the sheet's cells. Returns their texts in order, and the number of values without a text."""
        uncached: list[str] = []
        wrong: list[str] = []
        texts: list[str] = []
        n_empty, found, strings, n_strings = 0, sheet.cells, self._strings, len(self._strings)
        worded = self._worded
        known: dict[tuple[str, str, str], str | None] = {}
        columns: dict[str, int] = {}
        row_before, row = "", dict[int, str]()
        for letters, number, style, kind, raw in cells:
            if kind == "s" and raw.isdecimal() and int(raw) < n_strings:
                text: str | None = strings[int(raw)]
            elif (style, kind, raw) in known:
                text = known[style, kind, raw]
            else:
                text = known[style, kind, raw] = self._text_of(style, kind, raw)
            if style in worded and text and kind in _TEXTS:
                text = shown_text(worded[style], text)
            if not text:
                if kind == "f":
                    uncached.append(f"{letters}{number}")
                elif text is None:
                    wrong.append(f"{letters}{number}")
                n_empty += raw != ""
                continue
            texts.append(text)
            if number != row_before:
                row = found.setdefault(int(number), {})
                row_before = number
            if letters not in columns:
                columns[letters] = column_number(letters)
            row[columns[letters]] = text
        sheet.omit_cells(uncached, "formulas whose values the file does not store")
        sheet.omit_cells(wrong, "cells with values that can't be read")
        return texts, n_empty

    def _text_of(self, style: str, kind: str, raw: str) -> str | None:
        """A cell's text as shown, or as written if it is not of its type; None for a string that there isn't."""
        if kind == "s" and raw and not raw.isdecimal():
            return decoded(raw)
        if kind == "s":
            index = int(raw) if raw.isdecimal() else -1
            return self._strings[index] if 0 <= index < len(self._strings) else None
        if kind in ("str", "inlineStr"):
            return raw
        if kind == "b":
            return {"1": "TRUE", "true": "TRUE"}.get(raw, "FALSE") if raw else ""
        if kind == "e":
            return raw
        if kind == "d":
            return raw.removesuffix("T00:00:00").removesuffix("T00:00:00.000").replace("T", " ").removesuffix("Z")
        if not raw or kind == "f":
            return ""
        try:
            value = float(raw)
        except ValueError:
            return decoded(raw)
        shows = self._shows[int(style)] if style.isdecimal() and int(style) < len(self._shows) else general
        try:
            return shows(value)
        except (ValueError, OverflowError):
            return general(value)

    def _second_reading(self, data: bytes) -> str:
        """The text of all cells in the bytes of a sheet, whatever their place."""
        shown = cache(self._text_of)
        texts: list[str] = []
        for style, kind, values in cells_again(data):
            if kind == "inlineStr":
                texts.append("".join(map(raw_text, values)))
            else:
                texts += (decoded(text) for value in values if (text := shown(style, kind, unescape(value))))
        return "\n".join(texts)
