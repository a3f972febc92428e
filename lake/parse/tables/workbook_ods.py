"""OpenDocument spreadsheets (ods): cells as the file shows them, with dates and times in ISO order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.archive import lenient_xml, read_member
from lake.parse.canonical import one_line
from lake.parse.office.odf_forms import control_texts
from lake.parse.tables.cell_format import general
from lake.parse.tables.workbook import Sheet, Workbook, column_name

if TYPE_CHECKING:
    import zipfile

_MANIFEST = "META-INF/manifest.xml"
#: Maximum number of times that a filled row or cell is repeated.
_REPEATED = 1000
#: Cells that repeated rows of a sheet may add; a small file can state millions.
_MAX_ADDED = 200_000
_TIME = re.compile(r"(-?)PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")
_FIELDS_WITHOUT_TEXT = frozenset(("ruby-text",))


def read(archive: zipfile.ZipFile) -> Workbook:
    """Read all sheets. Raises InputError if content.xml can't be read."""
    names = set(archive.namelist())
    if _MANIFEST in names and b"encryption-data" in read_member(archive, _MANIFEST):
        raise InputError("the file is protected by a password; save it without one", "encrypted")
    root = _root(read_member(archive, "content.xml"))
    body = next(root.iter("{*}spreadsheet"), None) if root is not None else None
    if body is None:
        raise InputError("not an OpenDocument spreadsheet: content.xml has no sheets; check its suffix", "garbage")
    book = Workbook()
    hidden = set(_hidden_styles(root))
    for node in body.iterchildren("{*}table"):
        sheet = Sheet(one_line(_attribute(node, "name")))
        book.sheets.append(sheet)
        _read_sheet(node, sheet)
        for target in _objects(node):
            _read_object(archive, target, sheet)
        controls = control_texts(node).values()
        sheet.lines += controls
        sheet.source += [*_second_reading(node), *controls]
        if _attribute(node, "style-name") in hidden:
            sheet.hide()
    for node in body.iterchildren("{*}tracked-changes"):
        if book.sheets and (text := "\n".join(_paragraphs(node))):
            book.sheets[0].source.append(text)
            book.sheets[0].omit("deleted", text, "tracked changes")
    if book.sheets and "styles.xml" in names:
        _read_running_lines(archive, book.sheets[0])
    if "meta.xml" in names:
        _read_properties(archive, book)
    return book


def _hidden_styles(root: Any) -> Iterator[str]:
    for style in root.iter("{*}style"):
        if any(_attribute(part, "display") == "false" for part in style.iterchildren("{*}table-properties")):
            yield _attribute(style, "name")


def _read_sheet(node: Any, sheet: Sheet) -> None:
    number = 1
    may_add = _MAX_ADDED
    for row in node.iter("{*}table-row"):
        if next(row.iterancestors("{*}table")) is not node:
            continue  # of a table inside a cell
        n_rows = _count(row, "number-rows-repeated")
        if cells := _read_row(row, sheet, number):
            n_shown = min(n_rows, _REPEATED, 1 + may_add // len(cells))
            may_add -= (n_shown - 1) * len(cells)
            if n_rows > n_shown:
                text = "\n".join(cells.values())
                sheet.omit("repeated", text, f"row {number}, which is repeated {n_rows:,} times")
            for i in range(n_shown):
                sheet.cells[number + i] = dict(cells)
        number += n_rows
    for shapes in node.iterchildren("{*}shapes"):
        sheet.lines += _paragraphs(shapes)
        sheet.lines += _descriptions(shapes)


def _read_row(row: Any, sheet: Sheet, number: int) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = 1
    for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
        n_columns = _count(cell, "number-columns-repeated")
        if len(cell) or cell.attrib:
            _read_cell(cell, sheet, number, column, n_columns, cells)
        column += n_columns
    return cells


def _read_cell(cell: Any, sheet: Sheet, number: int, column: int, n_columns: int, cells: dict[int, str]) -> None:
    text = _shown(cell)
    if text and _name(cell) == "covered-table-cell":
        sheet.omit("hidden", text, f"{column_name(column)}{number} is covered by a merged cell")
    elif text:
        for i in range(min(n_columns, _REPEATED)):
            cells[column + i] = text
    elif _attribute(cell, "formula") and not _attribute(cell, "value-type"):
        sheet.omit_cells([f"{column_name(column)}{number}"], "formulas whose values the file does not store")
    if len(cell):
        sheet.lines += _notes(cell, f"{column_name(column)}{number}")
        for child in cell:
            if _name(child) not in ("p", "annotation", "table"):
                sheet.lines += _paragraphs(child)
                sheet.lines += _descriptions(child)
            elif _name(child) == "table":
                sheet.lines += _paragraphs(child)
    n_below, n_right = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
    if n_below > 1 or n_right > 1:
        sheet.merged.append((number, column, number + n_below - 1, column + n_right - 1))


def _shown(cell: Any) -> str:
    kind = _attribute(cell, "value-type")
    shown = "\n".join(_text(child) for child in cell.iterchildren("{*}p")).strip()
    if kind == "date":
        return _date(_attribute(cell, "date-value"), shown)
    if kind == "time":
        return _time(_attribute(cell, "time-value"), shown)
    if shown or not kind:
        return shown
    value = _attribute(cell, "value") or _attribute(cell, "boolean-value") or _attribute(cell, "string-value")
    try:
        return general(float(value))
    except ValueError:
        return value.upper() if kind == "boolean" else value


def _date(value: str, shown: str) -> str:
    """A date in ISO order; the time of day only if the cell shows one."""
    day, _, clock = value.partition("T")
    if not re.fullmatch(r"-?\d{4,}-\d\d-\d\d", day):
        return shown or value
    if not clock or (shown and ":" not in shown):
        return day
    clock = clock.partition(".")[0]
    return f"{day} {clock if shown.count(':') != 1 else clock[:5]}"


def _time(value: str, shown: str) -> str:
    found = _TIME.fullmatch(value)
    if not found:
        return shown or value
    sign, *parts = found.groups()
    hours, minutes = (int(part or 0) for part in parts[:2])
    seconds = float((parts[2] or "0").replace(",", "."))
    if round(seconds) >= 60:
        minutes, seconds = minutes + 1, 0.0
        hours, minutes = hours + minutes // 60, minutes % 60
    has_seconds = shown.count(":") == 2 or (not shown and seconds)
    return f"{sign}{hours:02}:{minutes:02}" + (f":{round(seconds):02}" if has_seconds else "")


def _notes(cell: Any, place: str) -> Iterator[str]:
    for note in cell.iterchildren("{*}annotation"):
        text = one_line(" ".join(_paragraphs(note)))
        author = next((one_line(node.text or "") for node in note.iterchildren("{*}creator")), "")
        if text:
            yield f"Comment on {place}{f' by {author}' if author else ''}: {text}"


def _paragraphs(node: Any) -> list[str]:
    return [text for part in node.iter("{*}p", "{*}h") if (text := one_line(_text(part)))]


def _descriptions(node: Any) -> list[str]:
    """Alternative texts of pictures and shapes."""
    found = (one_line("".join(part.itertext())) for part in node.iter("{*}title", "{*}desc"))
    return [text for text in found if text]


def _text(node: Any) -> str:
    """Text of a paragraph; OpenDocument writes runs of spaces, tabs and breaks as elements."""
    pieces = [node.text or ""]
    for child in node:
        name = _name(child)
        if name == "s":
            pieces.append(" " * min(_count(child, "c"), _REPEATED))
        elif name in ("tab", "line-break"):
            pieces.append("\t" if name == "tab" else "\n")
        elif name not in _FIELDS_WITHOUT_TEXT:
            pieces.append(_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _second_reading(node: Any) -> Iterator[str]:
    """All paragraphs of a sheet; those of dates and times, which are shown in another order, by their values."""
    for part in node.iter("{*}p", "{*}h", "{*}desc", "{*}title"):
        cell = part.getparent()
        if _attribute(cell, "value-type") not in ("date", "time"):
            yield "".join(_second_text(part))
    for cell in node.iter("{*}table-cell"):
        if _attribute(cell, "value-type") == "date":
            yield _attribute(cell, "date-value").partition("T")[0]


def _second_text(node: Any) -> Iterator[str]:
    for part in node.iter():
        name = _name(part)
        yield " " if name in ("s", "tab", "line-break") else ""
        yield "" if name == "ruby-text" else part.text or ""
        yield part.tail or "" if part is not node else ""


def _objects(node: Any) -> Iterator[str]:
    for part in node.iter("{*}object"):
        target = _attribute(part, "href").removeprefix("./").strip("/")
        if target:
            yield target


def _read_object(archive: zipfile.ZipFile, target: str, sheet: Sheet) -> None:
    """Titles of a chart. Its other texts repeat the cells."""
    try:
        root = _root(read_member(archive, f"{target}/content.xml"))
    except InputError as error:
        sheet.omit("unreadable", cause=f"part {target!r}: {error}")
        return
    if root is None:
        return
    kept = [text for node in root.iter("{*}title", "{*}subtitle", "{*}footer") for text in _paragraphs(node)]
    sheet.lines += kept
    sheet.source += kept
    data = "\n".join(text for node in root.iter("{*}table") for text in _paragraphs(node))
    if data:
        sheet.source.append(data)
        sheet.omit("repeated", data, f"the data of a chart ({target})")


def _read_running_lines(archive: zipfile.ZipFile, sheet: Sheet) -> None:
    """Headers and footers of printed pages; fields such as page numbers say nothing."""
    try:
        root = _root(read_member(archive, "styles.xml"))
    except InputError as error:
        sheet.omit("unreadable", cause=f"part 'styles.xml': {error}")
        return
    if root is None:
        return
    used: dict[str, None] = {}
    for page in root.iter("{*}master-page"):
        for part in page.iterchildren("{*}header", "{*}footer", "{*}header-left", "{*}footer-left"):
            if _attribute(part, "display") == "false":
                continue
            for field in list(
                part.iter(
                    "{*}sheet-name", "{*}page-number", "{*}page-count", "{*}date", "{*}time", "{*}file-name", "{*}title"
                )
            ):
                field.text = "" if not len(field) else field.text
            used.update(dict.fromkeys(text for text in _paragraphs(part) if _says_something(text)))
    sheet.lines += used
    sheet.source += used


def _says_something(text: str) -> bool:
    return any(character.isalpha() for character in text) and text.lower() not in ("page", "page /", "seite", "seite /")


def _read_properties(archive: zipfile.ZipFile, book: Workbook) -> None:
    try:
        root = _root(read_member(archive, "meta.xml"))
    except InputError:
        return
    if root is None:
        return
    for node in root.iter("{http://purl.org/dc/elements/1.1/}title"):
        book.title = one_line(node.text or "") or None
    for node in root.iter("{*}initial-creator", "{http://purl.org/dc/elements/1.1/}creator"):
        book.author = book.author or one_line(node.text or "") or None


def _root(data: bytes) -> Any:
    """The root of a part, repaired as far as possible; None if nothing is left."""
    return lenient_xml(data, huge=True)[0]


def _count(node: Any, name: str) -> int:
    number = _attribute(node, name)
    return max(1, int(number)) if number.isdecimal() else 1


def _name(node: Any) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _attribute(node: Any, name: str) -> str:
    return next((str(value) for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")
