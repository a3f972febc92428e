"""Addresses at which a person can read the sources of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from lake.answer.citations import citations
from lake.options.answer import LINK_FIELD

if TYPE_CHECKING:
    from lake.answer.values import CitedSource

_WEB = ("http://", "https://")


def linked(sources: Sequence[CitedSource], template: str | None) -> tuple[CitedSource, ...]:
    """The sources with their addresses: those of the template, else of documents that come from the web."""
    return tuple(replace(source, url=_url(source, template)) for source in sources)


def _url(source: CitedSource, template: str | None) -> str | None:
    if template is not None:
        return LINK_FIELD.sub(lambda found: _value(source, found[1]), template)
    if source.uri.startswith(_WEB):
        return source.uri
    if source.source.startswith(_WEB) and not re.search(r"[*?\[]", source.source):
        return f"{source.source.rstrip('/')}/{quote(source.uri)}"
    return None


def _value(source: CitedSource, name: str) -> str:
    value = getattr(source, name)
    return "" if value is None else quote(str(value), safe="/" if name == "uri" else "")


def with_links(text: str, sources: Sequence[CitedSource]) -> str:
    """The text with its citations as Markdown links, [1] as [[1]](https://...), to the sources that have an address."""
    urls = {source.number: source.url for source in sources if source.url}
    pieces, done = [], 0
    for citation in citations(text) if urls else ():
        shown = "".join(f"[[{n}]]({_escaped(urls[n])})" if n in urls else f"[{n}]" for n in citation.numbers)
        pieces += [text[done : citation.start], shown]
        done = citation.end
    return "".join([*pieces, text[done:]])


def _escaped(url: str) -> str:
    """Without characters that would end a Markdown link."""
    return re.sub(r"[\s()<>]", lambda found: quote(found[0], safe=""), url)
