"""The cells of a sheet as its XML states them: a quick reading of what is usual, and a slower one of everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import TYPE_CHECKING, Any

from lake.parse.tables.workbook import column_name, column_number
from lake.parse.tables.workbook_package import root_of
from lake.parse.tables.workbook_parts import decoded, local_name

if TYPE_CHECKING:
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
_HEAD = 4096


def shared_strings(data: bytes) -> list[str]:
    text = _utf8(data)
    usual = _USUAL_STRING.findall(text)
    if text and len(usual) == _n_starts(text, "si"):
        return list(map(raw_text, usual))
    root = root_of(data)
    return [rich_text(node) for node in root.iter("{*}si")] if root is not None else []


def cells_again(data: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """Style, type and raw values of each cell with content, by pattern: an independent reading for the account."""
    for attributes, content in _ANY_CELL.findall(data):
        if not content:
            continue
        kind, style = _TYPE.search(attributes), _STYLE.search(attributes)
        name = kind[1].decode() if kind else "n"
        values = _ANY_VALUE.findall(_PHONETIC.sub(b"", content) if name == "inlineStr" else content)
        yield style[1].decode() if style else "", name, [value.decode("utf-8", "replace") for value in values]


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


def usual_cells(data: bytes) -> Iterable[Cell] | None:
    """The cells of a sheet that is written in the usual way, in a third of the time; None for any other."""
    text = _utf8(data)
    found = _USUAL_CELL.findall(text) if "<worksheet" in text[:_HEAD] else []
    if len(found) != _n_starts(text, "c") or not found or "<!" in text or not text.rstrip().endswith("</worksheet>"):
        return None
    if "<f" in text:
        found = [_marked(match) for match in _USUAL_CELL.finditer(text)]
    if "&" in text or "_x" in text:
        return ((*rest, kind, raw_text(raw) if kind == "str" else raw) for *rest, kind, raw in found)
    return found


def _marked(match: re.Match[str]) -> Cell:
    """A cell; a formula without a value gets the type "f"."""
    letters, row, style, kind, raw = match.groups("")
    is_empty = not match[5] and kind != "str" and "<f" in match[0]
    return letters, row, style, "f" if is_empty else kind, raw


def all_cells(data: bytes) -> tuple[list[Cell], str]:
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
            raw = rich_text(child)
        elif name == "f":
            formula = True
    if formula and not raw and (raw is None or kind != "str"):
        return "f", ""
    raw = raw or ""
    return kind, decoded(raw) if kind == "str" else raw


def without_cells(data: bytes) -> Any:
    """The root of a sheet whose cells are cut out."""
    start, end = data.find(b"sheetData"), data.rfind(b"sheetData")
    if end < 0:
        return root_of(data)
    return root_of(data[: data.rfind(b"<", 0, start)] + data[data.find(b">", end) + 1 :])


def merged(tail: Any) -> Iterator[Area]:
    for node in tail.iter("{*}mergeCell") if tail is not None else ():
        corners = [(int(row), column_number(letters)) for letters, row in _REFERENCE.findall(node.get("ref", ""))]
        if len(corners) == 2:
            (top, left), (bottom, right) = corners
            yield top, left, min(bottom, _MAX_ROW), min(right, _MAX_COLUMN)


def rich_text(node: Any) -> str:
    """The text of runs, without the phonetic ones that repeat a word in another script."""
    pieces = []
    for child in node:
        name = local_name(child)
        if name == "t":
            pieces.append(child.text or "")
        elif name == "r":
            pieces += [part.text or "" for part in child if local_name(part) == "t"]
    return decoded("".join(pieces))


def raw_text(raw: str) -> str:
    return decoded(unescape(raw) if "&" in raw else raw)
