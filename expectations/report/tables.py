"""Tables of a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from expectations.report.markup import Markup, element


def table(names: Sequence[str], rows: Iterable[Iterable[str]]) -> Markup:
    """Rows under their names; a name that ends in * is of numbers, and the first column is never wrapped."""
    head = element("tr", *(element("th", name.rstrip("*"), class_=_class(name)) for name in names))
    body = (element("tr", *_cells(names, row)) for row in rows)
    return element("div", element("table", element("thead", head), element("tbody", *body)), class_="scroll")


def _cells(names: Sequence[str], row: Iterable[str]) -> Iterator[Markup]:
    for number, (name, value) in enumerate(zip(names, row, strict=True)):
        yield element("td", value, class_=_class(name) or (None if number else "id"))


def _class(name: str) -> str | None:
    return "n" if name.endswith("*") else None


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
