"""Tables of AsciiDoc: rows of cells that span columns and rows, separated by bars, commas or colons."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lake.parse.web.html_table import PageCell, grid

#: What may stand before a cell's bar: how many cells it spans or how often it is repeated, its place, its style.
_SPEC = r"(?:(\d+)?(?:\.(\d+))?([+*]))?[<^>]?(?:\.[<^>])?([a-z])?"
_COLUMNS = re.compile(r"(?:(\d+)\*)?[^,;]*")
_MOST = 1000


class AsciidocCell(NamedTuple):
    """A cell as it is written, the columns and rows that it spans, and its ``style`` ("a": blocks of AsciiDoc)."""

    text: str
    columns: int = 1
    rows: int = 1
    style: str = ""


def separator_of(delimiter: str, stated: Mapping[str, str]) -> str:
    return stated.get("separator") or {"!": "!", ",": ",", ":": ":"}.get(delimiter[0], "|")


def rows_of(lines: Sequence[str], separator: str, stated: Mapping[str, str]) -> list[list[AsciidocCell]] | None:
    """The rows of a table with the named values ``stated``; None if no cell begins in it."""
    form = stated.get("format", "")
    if form in ("csv", "dsv", "tsv") or separator in (",", ":"):
        return _separated(lines, separator if separator != "|" else {"dsv": ":", "tsv": "\t"}.get(form, ","))
    cells = list(_cells_of(lines, separator))
    return _in_rows(cells, _n_columns(stated.get("cols", ""), lines, separator)) if cells else None


def _cells_of(lines: Sequence[str], separator: str) -> Iterator[AsciidocCell]:
    """The cells between bars, in order."""
    text = "\n".join(lines)
    bar = re.escape(separator)
    found = list(re.finditer(rf"(?<!\S){_SPEC}(?<!\\){bar}|(?<!\\){bar}", text))
    for match, after in zip(found, (*found[1:], None), strict=False):
        content = text[match.end() : after.start() if after else len(text)].replace(f"\\{separator}", separator)
        columns, rows, sign = match[1], match[2], match[3]
        if sign == "*":
            for _ in range(_span(columns)):
                yield AsciidocCell(content, style=match[4] or "")
        else:
            yield AsciidocCell(content, _span(columns), _span(rows), match[4] or "")


def _span(number: str | None) -> int:
    return max(1, min(int(number or 1), _MOST))


def _separated(lines: Sequence[str], separator: str) -> list[list[AsciidocCell]]:
    """Rows of comma- or colon-separated values."""
    if separator == ":":
        return [
            [AsciidocCell(part.replace("\\:", ":")) for part in re.split(r"(?<!\\):", line)]
            for line in lines
            if line.strip()
        ]
    rows = csv.reader(lines, delimiter="\t" if separator == "\\t" else separator[:1], skipinitialspace=True)
    return [[AsciidocCell(part) for part in row] for row in rows if any(row)]


def _n_columns(stated: str, lines: Sequence[str], separator: str) -> int:
    """The number of columns that ``cols`` states, else that of the first line with cells."""
    if stated.strip():
        if stated.strip().isdecimal():
            return min(int(stated), _MOST) or 1
        parts = [part for part in re.split("[,;]", stated)]
        repeats = (re.match(r"\s*(\d+)\*", part) for part in parts)
        return max(1, min(sum(int(match[1]) if match else 1 for match in repeats), _MOST))
    first = next((line for line in lines if line.strip()), "")
    return max(1, sum(cell.columns for cell in _cells_of([first], separator)))


def _in_rows(cells: Sequence[AsciidocCell], width: int) -> list[list[AsciidocCell]]:
    """Cells in rows of ``width`` columns, less those that cells above still cover."""
    rows: list[list[AsciidocCell]] = []
    covered = [0] * width
    row: list[AsciidocCell] = []
    free = width
    for cell in cells:
        row.append(cell)
        free -= cell.columns
        if free <= 0:
            rows.append(row)
            covered = _covered_after(row, covered)
            row, free = [], sum(left == 0 for left in covered)
            while not free:
                rows.append([])
                covered = _covered_after([], covered)
                free = sum(left == 0 for left in covered)
    return [*rows, row] if row else rows


def _covered_after(row: Sequence[AsciidocCell], covered: list[int]) -> list[int]:
    """For each column, the rows below this one that a cell of it or of one above covers."""
    left = [max(0, one - 1) for one in covered]
    free = [column for column, one in enumerate(covered) if one == 0]
    for cell in row:
        for _ in range(min(cell.columns, len(free))):
            left[free.pop(0)] = cell.rows - 1
    return left


def as_texts(rows: Sequence[Sequence[tuple[str, AsciidocCell]]]) -> list[list[str]]:
    """Rows of texts, each at the column of its cell."""
    return grid([PageCell(text, cell.columns, cell.rows) for text, cell in row] for row in rows)
