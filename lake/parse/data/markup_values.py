"""HTML inside the values of data: what feeds, exports and web services write is read, not its tags."""

from __future__ import annotations

import re
from typing import NamedTuple

from lake.parse.document import Omission
from lake.parse.web import html

_IS_HTML = re.compile(
    r"</(?:p|div|b|i|em|strong|u|a|span|li|ul|ol|h[1-6]|table|blockquote|pre|en-note)\s*>|<br\s*/?>", re.IGNORECASE
)
#: Names of values that are code, in which tags are what is said.
OF_CODE = frozenset(("code", "snippet", "source", "src", "template", "html_template", "sql", "input", "cell"))
_TAG = re.compile(r"<[^<>]*>")
_PROLOG = re.compile(r"^\s*<\?xml[^>]*\?>\s*(?:<!DOCTYPE[^>]*>)?", re.IGNORECASE)


class MarkupValue(NamedTuple):
    """The text of a value, its words by another reading with its tags, and what is left out."""

    text: str
    reading: str
    omitted: tuple[Omission, ...]
    tags: str


def read_markup(value: str) -> MarkupValue | None:
    """Read a value that is HTML; None if it is anything else, or has no words."""
    if "<" not in value or not _IS_HTML.search(value):
        return None
    source = _PROLOG.sub("", value)
    parsed = html.from_text(f"<body>{source}", whole=True, xhtml="<en-note" in source)
    if not parsed.blocks:
        return None
    return MarkupValue(parsed.text, parsed.source_text or "", parsed.omitted, " ".join(_TAG.findall(value)))
