"""Excel workbooks (xlsx) by ECMA-376: cells as shown, and the texts of the parts that belong to each sheet."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.archive import lenient_xml, read_member
from lake.parse.canonical import one_line
from lake.parse.document import Omission
from lake.parse.tables.cell_format import Shows, built_in, general, shown_by
from lake.parse.tables.workbook import Sheet, Workbook, column_name, column_number, plain_lines
from lake.parse.tables.workbook_parts import (
    decoded,
    drawing_texts,
    local,
    local_name,
    parted,
    unseen_columns,
    vml_texts,
)

if TYPE_CHECKING:
    import zipfile

    from lake.parse.tables.grid import Area

#: One cell: the letters of its column, its row, style, type and raw value. The type "f" is a formula without a value.
Cell = tuple[str, str, str, str, str]

_MAX_ROW, _MAX_COLUMN = 1_048_576, 16_384
#: A cell as Excel and the usual libraries write it.
_USUAL_CELL = re.compile(
    r'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]+)")?(?: t="([a-z]+)")?'
    r"(?:/>|>(?:<f(?:[^>]*/>|[^>]*>[^<]*</f>))?(?:<v>([^<]*)</v>|<v/>)?</c>)"
)
_USUAL_STRING = re.compile(r"<si>\s*<t(?: [^>]*)?(?:/>|>([^<]*)</t>)\s*</si>")
#: Any cell, for the second reading: attributes in any order, any prefix.
_ANY_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])([^>]*)>((?:[^<]++|<(?!/?(?:\w+:)?c[\s/>]))*+)")
_ANY_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^<>]*)?>([^<]*)<")
_STYLE, _TYPE = re.compile(rb'\ss\s*=\s*["\'](\d+)'), re.compile(rb'\st\s*=\s*["\'](\w+)')
_PHONETIC = re.compile(rb"<(?:\w+:)?rPh\b.*?</(?:\w+:)?rPh>", re.S)
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|[A-Z]|&)', re.I)
_THREAD = "[Threaded comment]"
#: Parts whose texts stand on a sheet, by the last word of their relationship's type.
_DRAWN = (
    "drawing",
    "chart",
    "chartEx",
    "chartUserShapes",
    "diagramData",
    "vmlDrawing",
    "ctrlProp",
    "slicer",
    "timeline",
)
_MAX_PARTS = 2000
_HEAD = 4096


def read(archive: zipfile.ZipFile) -> Workbook:
    """Read all sheets. Raises InputError if the workbook's own part can't be read."""
    return XlsxReader(archive).workbook()


class XlsxReader:
    """Reads the parts of a workbook; `workbook_xlsb` replaces the readers of those that are binary there."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower().lstrip("/"): name for name in archive.namelist()}
        self._book = Workbook()
        self._since_1904 = False

    def workbook(self) -> Workbook:
        path = next((target for kind, target in self._related("") if kind == "officeDocument"), "xl/workbook.xml")
        root = _root(self._part(path))
        if root is None or local_name(root) != "workbook":
            raise InputError("a zip file, but not a .xlsx: it has no workbook part; check its suffix", "garbage")
        related = {identifier: target for identifier, _, target in self._relations(path)}
        kinds = {kind: target for kind, target in self._related(path)}
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

    def _part(self, path: str) -> bytes:
        """A part's bytes; names are compared without case. Raises InputError if it is missing or damaged."""
        return read_member(self._archive, self._names.get(path.lower().lstrip("/"), path))

    def _relations(self, path: str) -> Iterator[tuple[str, str, str]]:
        """Id, kind and target of a part's relationships inside the archive."""
        folder, name = posixpath.split(path)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if listed.lower() not in self._names:
            return
        root = _root(self._part(listed))
        for node in root.iter("{*}Relationship") if root is not None else ():
            target = node.get("Target", "")
            if node.get("TargetMode") == "External" or not target:
                continue
            whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            yield node.get("Id", ""), _last(node.get("Type", "")), whole

    def _related(self, path: str) -> Iterator[tuple[str, str]]:
        return ((kind, target) for _, kind, target in self._relations(path))

    def _styles(self, path: str) -> list[Shows]:
        """The function of each cell style that shows its numbers."""
        try:
            root = _root(self._part(path))
        except InputError:
            return []
        if root is None:
            return []
        # Conditional formats have codes of their own, whose numbers may be those of other codes.
        declared = next(root.iter("{*}numFmts"), ())
        codes = {node.get("numFmtId"): node.get("formatCode", "") for node in declared}
        formats = next(root.iter("{*}cellXfs"), ())
        numbers = [node.get("numFmtId", "0") for node in formats if local_name(node) == "xf"]
        chosen = (codes.get(n) or built_in(int(n) if n.isdecimal() else 0) for n in numbers)
        return [shown_by(code, self._since_1904) for code in chosen]

    def _shared_strings(self, path: str) -> list[str]:
        if path.lower() not in self._names:
            return []
        try:
            data = self._part(path)
        except InputError as error:
            self._book.omitted.append(Omission("unreadable", 0, f"part {path!r}: {error}"))
            return []
        text = _utf8(data)
        usual = _USUAL_STRING.findall(text)
        if text and len(usual) == _n_starts(text, "si"):
            return list(map(_raw_text, usual))
        root = _root(data)
        found = root.iter("{*}si") if root is not None else ()
        return [_rich_text(node) for node in found]

    def _person_names(self, path: str) -> dict[str, str]:
        if not path:
            return {}
        try:
            root = _root(self._part(path))
        except InputError:
            return {}
        persons = root.iter("{*}person") if root is not None else ()
        return {node.get("id", ""): node.get("displayName", "") for node in persons}

    def _read_properties(self) -> None:
        if "docprops/core.xml" not in self._names:
            return
        try:
            root = _root(self._part("docProps/core.xml"))
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
            data = self._part(path)
        except InputError as error:
            sheet.omit("unreadable", cause=str(error))
            return
        self._read_cells(sheet, data)
        tail = _without_cells(data)
        sheet.lines += self._beside(sheet, path, tail)
        sheet.merged = list(_merged(tail))
        if is_hidden:
            sheet.hide()

    def _read_cells(self, sheet: Sheet, data: bytes) -> None:
        cells = _usual_cells(data)
        if cells is None:
            cells, cut = _all_cells(data)
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
        """A cell's text as shown; None if its value is not of its type."""
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
            return None
        shows = self._shows[int(style)] if style.isdecimal() and int(style) < len(self._shows) else general
        try:
            return shows(value)
        except (ValueError, OverflowError):
            return general(value)

    def _second_reading(self, data: bytes) -> str:
        """The text of all cells in the bytes of a sheet, whatever their place."""
        shown = cache(self._text_of)
        texts = []
        for attributes, content in _ANY_CELL.findall(data):
            if not content:
                continue
            kind, style = _TYPE.search(attributes), _STYLE.search(attributes)
            name = kind[1].decode() if kind else "n"
            if name == "inlineStr":
                values = _ANY_VALUE.findall(_PHONETIC.sub(b"", content))
                texts.append("".join(_raw_text(value.decode("utf-8", "replace")) for value in values))
                continue
            for value in _ANY_VALUE.findall(content):
                text = shown(style[1].decode() if style else "", name, unescape(value.decode("utf-8", "replace")))
                if text:
                    texts.append(decoded(text))
        return "\n".join(texts)

    def _beside(self, sheet: Sheet, path: str, tail: Any) -> list[str]:
        """Texts that stand beside the cells: comments, drawings, header and footer."""
        lines: list[str] = []
        relations = list(self._related(path))
        threads = self._each(sheet, relations, "threadedComment", self._threads)
        lines += [text for _, text in threads]
        threaded = {cell for cell, _ in threads}
        for cell, text in self._each(sheet, relations, "comments", _notes):
            if cell not in threaded:
                lines.append(text)
        lines += self._drawn(sheet, relations)
        for target in (target for kind, target in relations if kind in ("oleObject", "package")):
            sheet.omit("attachment", cause=f"embedded file {posixpath.basename(target)}")
        for node in tail.iter("{*}headerFooter") if tail is not None else ():
            lines += printed_lines(part.text or "" for part in node)
        sheet.source += lines
        self._omit_prompts(sheet, tail)
        unseen = "\n".join(name for _, name in self._each(sheet, relations, "table", unseen_columns))
        if unseen:
            sheet.source.append(unseen)
            sheet.omit("decoration", unseen, "names of columns that a table does not show")
        return list(plain_lines(lines))

    def _omit_prompts(self, sheet: Sheet, tail: Any) -> None:
        names = ("promptTitle", "prompt", "errorTitle", "error", "tooltip")
        nodes = (
            [node for tag in ("dataValidation", "hyperlink") for node in tail.iter(f"{{*}}{tag}")]
            if tail is not None
            else []
        )
        texts = [node.get(name, "") for node in nodes for name in names]
        for node in nodes:
            texts += (one.text or "" for one in node.iter("{*}formula1") if (one.text or "").startswith('"'))
        prompts = "\n".join(texts)
        if prompts.strip():
            sheet.source.append(prompts)
            sheet.omit("decoration", prompts, "prompts, tooltips and choices of cells")

    def _each(
        self,
        sheet: Sheet,
        relations: Iterable[tuple[str, str]],
        wanted: str,
        reads: Callable[[Any], Iterable[tuple[str, str]]],
    ) -> list[tuple[str, str]]:
        """What ``reads`` finds in each related part of a kind; damaged parts are named."""
        found: list[tuple[str, str]] = []
        for kind, target in relations:
            if kind != wanted:
                continue
            try:
                root = _root(self._part(target))
            except InputError as error:
                sheet.omit("unreadable", cause=f"part {target!r}: {error}")
                continue
            if root is not None:
                found += reads(root)
        return found

    def _threads(self, root: Any) -> Iterator[tuple[str, str]]:
        for node in root.iter("{*}threadedComment"):
            text = one_line(" ".join(part.text or "" for part in node.iter("{*}text")))
            cell, author = node.get("ref", ""), self._persons.get(node.get("personId", ""), "")
            if text:
                yield cell, f"Comment on {cell}{f' by {author}' if author else ''}: {text}"

    def _drawn(self, sheet: Sheet, relations: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Texts of drawings, and of the charts and diagrams in them."""
        waiting = [relation for relation in relations if relation[0] in _DRAWN]
        seen: set[str] = set()
        while waiting and len(seen) < _MAX_PARTS:
            kind, target = waiting.pop(0)
            if target in seen:
                continue
            seen.add(target)
            try:
                root = _root(self._part(target))
            except InputError as error:
                sheet.omit("unreadable", cause=f"part {target!r}: {error}")
                continue
            if root is None:
                sheet.omit("unreadable", cause=f"part {target!r} is no XML")
                continue
            if repeated := parted(root, kind):
                sheet.source += repeated
                sheet.omit("repeated", "\n".join(repeated), "copies of shapes for other programs")
            yield from vml_texts(root) if kind == "vmlDrawing" else drawing_texts(root, kind)
            waiting += [relation for relation in self._related(target) if relation[0] in _DRAWN]


def _utf8(data: bytes) -> str:
    """The text of a part in UTF-8; "" if it is in another encoding."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    declared = re.match(r"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""", text)
    return text if not declared or declared[1].lower() in ("utf-8", "us-ascii", "ascii") else ""


def _n_starts(text: str, name: str) -> int:
    """The number of start tags with this name and no prefix."""
    return sum(text.count(f"<{name}{end}") for end in " >/")


def _usual_cells(data: bytes) -> Iterable[Cell] | None:
    """The cells of a sheet that is written in the usual way, in a third of the time; None for any other."""
    text = _utf8(data)
    found = _USUAL_CELL.findall(text) if "<worksheet" in text[:_HEAD] else []
    if len(found) != _n_starts(text, "c") or not found or "<!" in text or not text.rstrip().endswith("</worksheet>"):
        return None
    if "<f" in text:
        found = [_marked(match) for match in _USUAL_CELL.finditer(text)]
    if "&" in text or "_x" in text:
        return ((*rest, kind, _raw_text(raw) if kind == "str" else raw) for *rest, kind, raw in found)
    return found


def _marked(match: re.Match[str]) -> Cell:
    """A cell; a formula without a value gets the type "f"."""
    letters, row, style, kind, raw = match.groups("")
    is_empty = not match[5] and kind != "str" and "<f" in match[0]
    return letters, row, style, "f" if is_empty else kind, raw


def _all_cells(data: bytes) -> tuple[list[Cell], str]:
    """The cells of a sheet by an XML parser, and what stopped it, if anything did."""
    from io import BytesIO

    from lxml import etree  # type: ignore[import-untyped]

    cells: list[Cell] = []
    row = column = 0
    try:
        events = etree.iterparse(
            BytesIO(data), events=("start", "end"), tag=("{*}row", "{*}c"), resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=True, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        for event, node in events:
            name = local_name(node)
            if event == "start" and name == "row":
                number = node.get("r", "")
                row, column = int(number) if number.isdecimal() else row + 1, 0
            elif event == "end" and name == "c":
                place = _REFERENCE.fullmatch(node.get("r", ""))
                row, column = (int(place[2]), column_number(place[1])) if place else (row, column + 1)
                cells.append((column_name(column), str(row), node.get("s", ""), *_type_and_value(node)))
            elif event == "end":
                node.clear()
    except etree.XMLSyntaxError as error:
        return cells, str(error.msg)
    return cells, ""


def _type_and_value(node: Any) -> tuple[str, str]:
    kind, raw, formula = node.get("t", ""), None, False
    for child in node:
        name = local_name(child)
        if name == "v":
            raw = "".join(child.itertext())
        elif name == "is":
            raw = _rich_text(child)
        elif name == "f":
            formula = True
    if formula and not raw and (raw is None or kind != "str"):
        return "f", ""
    raw = raw or ""
    return kind, decoded(raw) if kind == "str" else raw


def _without_cells(data: bytes) -> Any:
    """The root of a sheet whose cells are cut out."""
    start, end = data.find(b"sheetData"), data.rfind(b"sheetData")
    if end < 0:
        return _root(data)
    return _root(data[: data.rfind(b"<", 0, start)] + data[data.find(b">", end) + 1 :])


def _merged(tail: Any) -> Iterator[Area]:
    for node in tail.iter("{*}mergeCell") if tail is not None else ():
        corners = [(int(row), column_number(letters)) for letters, row in _REFERENCE.findall(node.get("ref", ""))]
        if len(corners) == 2:
            (top, left), (bottom, right) = corners
            yield top, left, min(bottom, _MAX_ROW), min(right, _MAX_COLUMN)


def _notes(root: Any) -> Iterator[tuple[str, str]]:
    authors = [one_line(node.text or "") for node in root.iter("{*}author")]
    for node in root.iter("{*}comment"):
        text = one_line(" ".join(_rich_text(part) for part in node.iter("{*}text")))
        number = node.get("authorId", "")
        author = authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
        cell = node.get("ref", "")
        if line := note_line(cell, author, text):
            yield cell, line


def note_line(cell: str, author: str, text: str) -> str:
    """How a note is shown after the tables; empty if it has no text.

    >>> note_line("B2", "Ida", "Check it."), note_line("B2", "Ida", "Ida: Check it.")
    ('Comment on B2 by Ida: Check it.', 'Comment on B2: Ida: Check it.')
    """
    if text.startswith(_THREAD):  # what older versions show for a thread, after a notice of their own
        text = text.partition("Comment:")[2].strip()
    by = f" by {author}" if author and not text.startswith(author) and not author.startswith("tc=") else ""
    return f"Comment on {cell}{by}: {text}" if text else ""


def printed_lines(parts: Iterable[str]) -> list[str]:
    """Headers and footers of printed pages without their codes, each once."""
    return list(dict.fromkeys(line for part in parts if (line := one_line(_CODES.sub(" ", part)))))


def _rich_text(node: Any) -> str:
    """The text of runs, without the phonetic ones that repeat a word in another script."""
    pieces = []
    for child in node:
        name = local_name(child)
        if name == "t":
            pieces.append(child.text or "")
        elif name == "r":
            pieces += [part.text or "" for part in child if local_name(part) == "t"]
    return decoded("".join(pieces))


def _raw_text(raw: str) -> str:
    return decoded(unescape(raw) if "&" in raw else raw)


def _root(data: bytes) -> Any:
    """The root of a part, repaired as far as possible; None if nothing is left."""
    return lenient_xml(data)[0]


def _last(kind: str) -> str:
    return kind.rpartition("/")[2]
