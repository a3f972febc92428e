"""Workbooks of Excel 2003 in one XML file, as reports of many programs are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lake.parse.archive import lenient_xml
from lake.parse.canonical import one_line
from lake.parse.tables.cell_format import shown_by
from lake.parse.tables.workbook import Sheet, Workbook, column_name

#: Codes of the number formats that have a name.
_NAMED = {"Percent": "0.00%", "Scientific": "0.00E+00", "Standard": "#,##0.00", "Fixed": "0.00"}
#: Days that stand for none, in cells that are times.
_NO_DAYS = ("1899-12-30", "1899-12-31", "1904-01-01")


def read(data: bytes) -> Workbook:
    root, _ = lenient_xml(data.lstrip())
    book = Workbook()
    if root is None:
        return book
    formats = dict(_formats(root))
    for node in root.iter("{*}Worksheet"):
        sheet = Sheet(one_line(_attribute(node, "Name")))
        _read_sheet(node, sheet, formats)
        book.sheets.append(sheet)
        if any(one.text != "SheetVisible" for one in node.iterfind("{*}WorksheetOptions/{*}Visible")):
            sheet.hide()
    return book


def _formats(root: Any) -> Iterator[tuple[str, str]]:
    """Names of styles, and the code of the number format of each that has one."""
    for style in root.iterfind("{*}Styles/{*}Style"):
        for found in style.iterfind("{*}NumberFormat"):
            code = _attribute(found, "Format")
            yield _attribute(style, "ID"), _NAMED.get(code, code)


def _read_sheet(node: Any, sheet: Sheet, formats: Mapping[str, str]) -> None:
    number = 0
    for row in node.iter("{*}Row"):
        number = _number(row, "Index", number + 1)
        column = 0
        for cell in row.iter("{*}Cell"):
            column = _number(cell, "Index", column + 1)
            _read_cell(cell, sheet, number, column, formats)
            last = column + _number(cell, "MergeAcross", 0)
            if below := _number(cell, "MergeDown", 0):
                sheet.merged.append((number, column, number + below, last))
            column = last


def _read_cell(cell: Any, sheet: Sheet, number: int, column: int, formats: Mapping[str, str]) -> None:
    for child in cell:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        text = one_line("".join(child.itertext()))
        if not text:
            continue
        if name == "Data":
            text = _shown(text, _attribute(child, "Type"), formats.get(_attribute(cell, "StyleID"), ""))
            sheet.cells.setdefault(number, {})[column] = text
        elif name == "Comment":
            sheet.lines.append(f"Comment on {column_name(column)}{number}: {text}")
        sheet.source.append(text)


def _shown(text: str, kind: str, code: str) -> str:
    if kind == "DateTime":
        return _moment(text)
    if kind == "Boolean":
        return "FALSE" if text == "0" else "TRUE"
    try:
        return shown_by(code)(float(text)) if kind == "Number" and code else text
    except ValueError:
        return text


def _moment(text: str) -> str:
    """A date, a time, or both, with seconds if there are any."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    time = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    if text.startswith(_NO_DAYS):
        return time
    return f"{moment:%Y-%m-%d}" if time == "00:00" else f"{moment:%Y-%m-%d} {time}"


def _number(node: Any, name: str, otherwise: int) -> int:
    value = _attribute(node, name)
    return int(value) if value.isdecimal() and len(value) < 8 else otherwise


def _attribute(node: Any, name: str) -> str:
    return next((str(value) for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")
