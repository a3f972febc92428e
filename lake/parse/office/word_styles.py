"""Word: heading levels and hidden text by the styles of a document, and the properties of its paragraphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.office.ooxml import attribute, child, is_on, key

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

#: Headings as other programs than Word name their styles.
_HEADING_NAME = re.compile(
    r"(?:heading|überschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|заголовок"
    r"|başl\u0131k|标题|標題|見出し|제목)[ _]?([1-9])",
    re.IGNORECASE,
)
_TITLES = {"title": 1, "subtitle": 2}


class WordStyles:
    """Heading levels and hidden styles, each by the chain of styles that it is based on."""

    def __init__(self, root: _Element | None) -> None:
        self.nodes = {
            attribute(one, "styleId"): one for one in (() if root is None else root) if key(one.tag) == "w:style"
        }
        self.names = {name: self._value(node, "w:name") for name, node in self.nodes.items()}
        self.base = {name: self._value(node, "w:basedOn") for name, node in self.nodes.items()}
        self._levels: dict[str, int] = {}
        self._hidden: dict[str, bool] = {}

    def level(self, name: str) -> int:
        """Depth of the headings of this style, 0 if it is none."""
        if name not in self._levels:
            self._levels[name] = next((level for one in self.chain(name) if (level := self._own_level(one)) >= 0), 0)
        return self._levels[name]

    def hides(self, name: str) -> bool:
        if name not in self._hidden:
            marks = (child(self.nodes[one], "w:rPr", "w:vanish") for one in self.chain(name))
            self._hidden[name] = is_on(next((mark for mark in marks if mark is not None), None))
        return self._hidden[name]

    def write_raised(self, root: _Element) -> None:
        """State at each run that its style raises that it is a superscript, as other runs do themselves."""
        raised = {name for name, node in self.nodes.items() if attribute(node, "type") == "character"}
        raised = {name for name in raised if self._raises(name)}
        for style in root.iter("{*}rStyle") if raised else ():
            properties = style.getparent()
            if attribute(style, "val") in raised and child(properties, "w:vertAlign") is None:
                mark = properties.makeelement(style.tag.replace("rStyle", "vertAlign"))
                mark.set(style.tag.replace("rStyle", "val"), "superscript")
                properties.append(mark)

    def _raises(self, name: str) -> bool:
        marks = (child(self.nodes[one], "w:rPr", "w:vertAlign") for one in self.chain(name))
        mark = next((mark for mark in marks if mark is not None), None)
        return mark is not None and attribute(mark, "val") == "superscript"

    def chain(self, name: str) -> list[str]:
        known: dict[str, None] = {}
        while name in self.nodes and name not in known:
            known[name] = None
            name = self.base[name]
        return list(known)

    def number(self, name: str) -> tuple[str, str] | None:
        node = self.nodes.get(name)
        return None if node is None else number_of(child(node, "w:pPr"))

    def _own_level(self, name: str) -> int:
        outline = outline_level(child(self.nodes[name], "w:pPr"))
        if outline is not None:
            return outline
        return named_level(self.names[name]) or -1

    @staticmethod
    def _value(node: _Element, name: str) -> str:
        one = child(node, name)
        return "" if one is None else one_line(attribute(one, "val"))


def named_level(name: str) -> int:
    """Heading depth by the name of a style; 0 if it is none of a heading.

    >>> named_level("heading 2"), named_level("Titel"), named_level("Title")
    (2, 0, 1)
    """
    named = _HEADING_NAME.fullmatch(name.lower())
    return int(named[1]) if named else _TITLES.get(name.lower(), 0)


def outline_level(properties: _Element | None) -> int | None:
    """Heading depth from an outline level: 0 for body text, None if nothing is stated."""
    mark = child(properties, "w:outlineLvl")
    value = "" if mark is None else attribute(mark, "val")
    return None if not value.isdecimal() else int(value) + 1 if int(value) < 9 else 0


def number_of(properties: _Element | None) -> tuple[str, str] | None:
    """Number and level of a list as digits; the level is empty if only a style states it."""
    mark = child(properties, "w:numPr")
    if mark is None:
        return None
    values = [child(mark, "w:numId"), child(mark, "w:ilvl")]
    number, level = ("" if one is None else attribute(one, "val") for one in values)
    return number if number.isdecimal() else "", level if level.isdecimal() and int(level) < 9 else ""
