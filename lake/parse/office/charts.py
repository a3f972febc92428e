"""Charts of Office files: their titles, and their values as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.drawings import drawn_paragraphs
from lake.parse.office.ooxml import child, found, key

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class ChartText:
    """``repeated`` are words that the chart's parts state more than once."""

    lines: list[str]
    tables: list[list[list[str]]]
    repeated: str


def chart_text(root: _Element) -> ChartText:
    """Titles of a chart, and its categories, series and values as tables."""
    titles = [*_linked_titles(root), *(one_line(text) for _, text in drawn_paragraphs(root))]
    series = [_series(one) for one in found(root, "c:ser", "c15:ser")]
    repeated: list[str] = []
    tables: list[list[list[str]]] = []
    before: list[str] | None = None
    for name, columns in series:
        if columns and columns[0][1] == before and len(columns) > 1:
            repeated += before
            columns = columns[1:]
        else:
            before = columns[0][1] if columns and len(columns) > 1 else None
            tables.append([])
        for label, values in columns:
            own = {"cat": "", "x": f"{name} (x)"}.get(label, label)
            heading = name if label == "val" or len(columns) == 1 else own
            tables[-1].append([heading, *values])
    lines = [line for line in (*titles, *(line for one in found(root, "c:ser") for line in _beside(one))) if line]
    # Text of charts of the newer kind, and values outside of series.
    levels = [[one_line(one.text or "") for one in found(level, "cx:pt")] for level in found(root, "cx:lvl")]
    if any(levels):
        tables.append([[str(number), *level] for number, level in enumerate(levels, start=1)])
    lines += [one_line(one.text or "") for one in found(root, "cx:v") if one_line(one.text or "") not in titles]
    return ChartText(lines, [_transposed(table) for table in tables], " ".join(repeated))


def _linked_titles(root: _Element) -> Iterator[str]:
    """Titles and labels that the chart takes from cells."""
    for holder in found(root, "c:title", "c:dLbl"):
        linked = child(holder, "c:tx", "c:strRef")
        if linked is not None:
            yield from _points(linked)


def _series(node: _Element) -> tuple[str, list[tuple[str, list[str]]]]:
    name = one_line(" ".join(one.text or "" for tx in node if key(tx.tag) == "c:tx" for one in found(tx, "c:v")))
    columns = []
    for part, label in (
        ("c:cat", "cat"),
        ("c:xVal", "x"),
        ("c:val", "val"),
        ("c:yVal", "val"),
        ("c:bubbleSize", "size"),
        ("c15:datalabelsRange", "label"),
    ):
        holder = next(found(node, part), None)
        if holder is not None and (values := _points(holder)):
            columns.append((label, values))
    return name, columns


def _beside(series: _Element) -> Iterator[str]:
    """What a chart shows beside the values of a series: names of trends, error bars, a title that a filter keeps."""
    for one in found(series, "c:trendline", "c:errBars", "c15:filteredSeriesTitle"):
        name = child(one, "c:name")
        yield one_line((name.text or "") if name is not None else "")
        for holder in found(one, "c:plus", "c:minus", "c15:tx"):
            yield ", ".join(_points(holder))


def _points(holder: _Element) -> list[str]:
    """Cached texts in the order of their index; levels of a category are joined, the outermost first."""
    dated = any(_DATE_FORMAT.search(one.text or "") for one in found(holder, "c:formatCode"))
    places: dict[int, list[str]] = {}
    levels = list(found(holder, "c:lvl")) or [holder]
    for level in reversed(levels):
        for place, point in enumerate(found(level, "c:pt")):
            index = point.get("idx", "")
            value = one_line(" ".join(one.text or "" for one in found(point, "c:v")))
            places.setdefault(int(index) if index.isdecimal() else place, []).append(_date(value) if dated else value)
    return [" ".join(places.get(i, [])) for i in range(min(max(places, default=-1) + 1, 100_000))]


_DATE_FORMAT = re.compile(r"(?i)(?<![\"\\])(?:yy|m+[/.-]d|d+[/.-]m)")


def _date(value: str) -> str:
    """A day as Excel counts it, with the number kept beside it.

    >>> _date("45000")
    '2023-03-15 (45000)'
    """
    from datetime import date, timedelta

    try:
        return f"{date(1899, 12, 30) + timedelta(days=int(float(value)))} ({value})"
    except (ValueError, OverflowError):
        return value


def _transposed(columns: list[list[str]]) -> list[list[str]]:
    height = max(map(len, columns), default=0)
    return [[column[i] if i < len(column) else "" for column in columns] for i in range(height)]
