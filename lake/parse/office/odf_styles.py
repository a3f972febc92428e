"""OpenDocument: styles that make headings of paragraphs, or hide them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lake.parse.office.odf_text import odf_name
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_HEADING_STYLE = re.compile(r"(?:Heading|Überschrift|Titre)(?:_20_| )(\d)")
_TITLE_STYLES = {"Title": 1, "Subtitle": 2}


class OdfStyles:
    """The styles of a document, by what they inherit from each other."""

    def __init__(self, roots: Iterable[_Element]) -> None:
        self._levels: dict[str, int] = {}
        self._hidden: set[str] = set()
        self._hidden_pages: set[str] = set()
        self._parents: dict[str, str] = {}
        for root in roots:
            for style in root.iter("{*}style"):
                self._learn(style)

    def _learn(self, style: _Element) -> None:
        name = attribute(style, "name")
        self._parents.setdefault(name, attribute(style, "parent-style-name"))
        outline = attribute(style, "default-outline-level")
        named = _HEADING_STYLE.fullmatch(name)
        if outline.isdecimal() and int(outline):
            self._levels[name] = int(outline)
        elif named or name in _TITLE_STYLES:
            self._levels[name] = int(named[1]) if named else _TITLE_STYLES[name]
        for properties in style:
            if odf_name(properties) == "text-properties" and attribute(properties, "display") == "none":
                self._hidden.add(name)
            if attribute(properties, "visibility") == "hidden":
                self._hidden_pages.add(name)

    def chain(self, node: _Element) -> Iterator[str]:
        """The style of a node, the one below it, and so on."""
        name = attribute(node, "style-name")
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            yield name
            name = self._parents.get(name, "")

    def level(self, node: _Element) -> int:
        """Depth of a heading, also of a paragraph in a heading's style; 0 if it is none."""
        if odf_name(node) == "h":
            level = attribute(node, "outline-level")
            return int(level) if level.isdecimal() and int(level) else 1
        return next((self._levels[one] for one in self.chain(node) if one in self._levels), 0)

    def hides(self, node: _Element) -> bool:
        return any(one in self._hidden for one in self.chain(node))

    def hides_page(self, page: _Element) -> bool:
        return attribute(page, "style-name") in self._hidden_pages
