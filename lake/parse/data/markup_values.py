"""HTML inside the values of data: what feeds, exports and web services write is read, not its tags and entities."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from lake.parse.document import Omission
from lake.parse.web import html

_IS_HTML = re.compile(
    r"</(?:p|div|b|i|em|strong|u|a|span|li|ul|ol|h[1-6]|table|blockquote|pre|en-note)\s*>|<br\s*/?>", re.IGNORECASE
)
#: Names of values that are code, in which tags are what is said.
OF_CODE = frozenset(("code", "snippet", "source", "src", "template", "html_template", "sql", "input", "cell"))
_TAG = re.compile(r"<[^<>]*>")
#: A character by name or number, with the semicolon that addresses lack: ``?a=1&copy=2``.
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{2,7}|#[xX][0-9A-Fa-f]{2,6});")
_PROLOG = re.compile(r"^\s*<\?xml[^>]*\?>\s*(?:<!DOCTYPE[^>]*>)?", re.IGNORECASE)


class MarkupValue(NamedTuple):
    """The text of a value, its words by another reading with its tags, and what is left out."""

    text: str
    reading: str
    omitted: tuple[Omission, ...]
    tags: str


def read_markup(value: str) -> MarkupValue | None:
    """Read a value that is HTML, or text with its entities; None if it is anything else, or has no words."""
    if "<" not in value or not _IS_HTML.search(value):
        return _without_entities(value)
    source = _PROLOG.sub("", value)
    parsed = html.from_text(f"<body>{source}", whole=True, xhtml="<en-note" in source)
    if not parsed.blocks:
        return None
    return MarkupValue(parsed.text, parsed.source_text or "", parsed.omitted, " ".join(_TAG.findall(value)))


def may_be_markup(text: str) -> bool:
    """Whether some value of a file may be HTML; quick, and sometimes wrong."""
    return "</" in text or "<\\/" in text or "<br" in text or _ENTITY.search(text) is not None


def _without_entities(value: str) -> MarkupValue | None:
    """The value with the characters that its entities stand for; None if it has no entity."""
    if "&" not in value:
        return None
    written: list[str] = []

    def shown(match: re.Match[str]) -> str:
        character = unescape(match[0])
        if character != match[0]:
            written.append(match[0])
        return character

    text = _ENTITY.sub(shown, value)
    return MarkupValue(text, text, (), " ".join(written)) if written else None
