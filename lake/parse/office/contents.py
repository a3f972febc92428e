"""Tables of contents: which of their lines only repeat the headings of the document."""

from __future__ import annotations

import re
from typing import Protocol, TypeVar

from lake.parse.office.ooxml_package import Omit

_PAGE = re.compile(r"[\s.]*\b(?:\d+|[ivxlc]+)\s*$")
_NUMBER = re.compile(r"^\s*(?:\d+[.\d]*|[A-Z]\.)\s+")


class _Line(Protocol):
    """A block: a heading if it has a ``level``; ``contents`` if it stands in a table of contents."""

    text: str
    level: int
    contents: bool


_AnyLine = TypeVar("_AnyLine", bound=_Line)


def without_contents(items: list[_AnyLine], omit: Omit) -> list[_AnyLine]:
    """``items`` without the lines of a table of contents that repeat a heading."""
    if not any(item.contents for item in items):
        return items
    headings = {_bare(text) for item in items if item.level for text in (item.text, _NUMBER.sub("", item.text))}
    kept = []
    for item in items:
        if item.contents and any(_bare(text) in headings for text in _entries(item.text)):
            omit("navigation", item.text, "table of contents")
        else:
            kept.append(item)
    return kept


def _entries(line: str) -> tuple[str, str, str]:
    """A line of a table of contents without its page, also without its number, and as it stands."""
    text = _PAGE.sub("", line)
    return text, _NUMBER.sub("", text), line


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
