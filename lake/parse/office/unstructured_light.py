"""Runs unstructured without its language model, and writes its elements as canonical text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from lake.parse.canonical import TextWriter, one_line
from lake.parse.web.html_table import PageCell, cells_of, grid, own_rows, spans
from lake.patches.unstructured_tokenizer import install_stub

LONGEST_HEADING = 300
#: Elements that part words, in the tables that unstructured writes.
_BORDER = re.compile(r"<(?=/?(?:br|p|div|ul|ol|li|table|tr|td|th)\b)")
_MARGINS = {"Header": "header", "Footer": "footer"}

#: An element of unstructured; typed loosely because the library is imported inside functions only.
Element = Any


@cache
def partitioner(name: str) -> Callable[..., list[Element]]:
    """``partition_<name>`` of unstructured, imported behind the stub."""
    from importlib import import_module

    install_stub()
    module = import_module(f"unstructured.partition.{name}")
    function: Callable[..., list[Element]] = getattr(module, f"partition_{name}")
    return function


def write_elements(elements: Iterable[Element], writer: TextWriter) -> dict[str, object]:
    """Append elements to ``writer``. Returns running headers and footers as metadata."""
    margins: dict[str, list[str]] = {}
    items: list[Element] = []
    for element in elements:
        kind = type(element).__name__
        if kind == "ListItem" and (not items or _same_page(items[-1], element)):
            items.append(element)
            continue
        _write_list(items, writer)
        items = [element] if kind == "ListItem" else []
        if kind in _MARGINS:
            margins.setdefault(_MARGINS[kind], []).append(one_line(element.text))
        elif kind != "ListItem":
            _write(element, kind, writer)
    _write_list(items, writer)
    return {name: list(dict.fromkeys(texts)) for name, texts in margins.items()}


def _write(element: Element, kind: str, writer: TextWriter) -> None:
    page = element.metadata.page_number
    if kind == "Title" and element.metadata.category_depth is not None and len(element.text) <= LONGEST_HEADING:
        writer.heading(element.text, element.metadata.category_depth + 1, page=page)
    elif kind == "CodeSnippet":
        writer.code(element.text, page=page)
    elif kind == "Table" and element.metadata.text_as_html:
        _write_table(element, writer)
    elif kind != "PageBreak":
        writer.add(element.text, page=page)


def _write_list(items: Sequence[Element], writer: TextWriter) -> None:
    if not items:
        return
    depths = [item.metadata.category_depth or 0 for item in items]
    lines = [
        f"{'  ' * (depth - min(depths))}- {one_line(item.text)}"
        for item, depth in zip(items, depths, strict=True)
        if item.text.strip()
    ]
    writer.add("\n".join(lines), "list", page=items[0].metadata.page_number)


def _same_page(one: Element, other: Element) -> bool:
    return bool(one.metadata.page_number == other.metadata.page_number)


def _write_table(element: Element, writer: TextWriter) -> None:
    """Append a table; one cell or one column is layout, so its cells become paragraphs."""
    rows = table_rows(element.metadata.text_as_html)
    page = element.metadata.page_number
    if max((sum(bool(cell) for cell in row) for row in rows), default=0) > 1:
        writer.table(rows, page=page)
        return
    for row in rows:
        writer.add(" ".join(filter(None, row)), page=page)


def table_rows(html: str) -> list[list[str]]:
    """Texts of the cells of an HTML table, each in its column though cells are merged."""
    from selectolax.lexbor import LexborHTMLParser

    table = LexborHTMLParser(_BORDER.sub(" <", html)).css_first("table")
    rows: list[list[str]] = []
    for section in own_rows(table) if table else ():
        rows += grid([PageCell(one_line(cell.text()), *spans(cell)) for cell in cells_of(row)] for row in section)
    return rows
