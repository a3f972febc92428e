"""Drawings in SVG: their title and description, and the words that are drawn, a line for each text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.archive import lenient_xml
from lake.parse.canonical import TextWriter, one_line
from lake.parse.data.xml_words import local_name
from lake.parse.document import OmissionKind
from lake.parse.web.html_styles import is_unseen

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_DEEPEST = 500
#: A shape has few parts; a group of more is a part of the drawing.
_LARGE = 50
_APART: dict[str, tuple[OmissionKind, str]] = {
    "style": ("script", "styles"),
    "script": ("script", ""),
    "metadata": ("decoration", "metadata"),
}
#: Parts of a text that go on in its line unless they state a place.
_PARTS = frozenset(("tspan", "tref", "textPath", "a"))
_PLACES = ("x", "y", "dy")
_DATA = re.compile(r"\s*data:([\w/+.-]+)")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Read a drawing. Raises InputError if it is none, or nested too deeply."""
    root, fault = lenient_xml(data, huge=True)
    if root is None or local_name(root) != "svg":
        raise InputError(
            f"not an SVG drawing: {fault or 'its outermost element is another'}; check its suffix", "garbage"
        )
    writer = TextWriter()
    if fault:
        writer.omit("unreadable", place=fault)
    drawing = _Drawing(writer)
    drawing.children(root, 0)
    drawing.end_lines()
    return writer.finish(title=drawing.title or None, source_text=_reading(root))


class _Drawing:
    def __init__(self, writer: TextWriter) -> None:
        self._writer = writer
        self._lines: list[str] = []
        self.title = ""

    def children(self, node: Any, depth: int) -> None:
        if depth > _DEEPEST:
            raise InputError(f"elements nested more than {_DEEPEST} deep; flatten the drawing", "too_deep")
        for child in node:
            self._element(child, node, depth)

    def _element(self, node: Any, around: Any, depth: int) -> None:
        name = local_name(node)
        if name in _APART:
            kind, place = _APART[name]
            self._writer.omit(kind, _all_words(node), place)
        elif node.get("display") == "none" or node.get("visibility") == "hidden" or is_unseen(node.get("style") or ""):
            self._writer.omit("hidden", _all_words(node))
        elif name == "title" and depth == 0:
            self.title = _all_words(node)
            self._writer.heading(self.title, 1)
        elif name == "title" and len(around) < _LARGE and _all_words(node) in _texts_of(around):
            self._writer.omit("repeated", _all_words(node), "names of shapes")
        elif name in ("text", "title", "foreignObject", "flowRoot"):
            self._lines.append(_all_words(node))
        elif name == "desc":
            self.end_lines()
            self._writer.add(_all_words(node))
        elif name == "switch":
            self._alternatives(node, depth)
        elif name:
            self._note_picture(node)
            self.children(node, depth + 1)

    def _alternatives(self, node: Any, depth: int) -> None:
        """Read the first of several forms that holds words; the others are for other programs."""
        is_chosen = False
        for one in node:
            if is_chosen:
                self._writer.omit("repeated", _all_words(one), "alternatives for other programs")
            else:
                self._element(one, node, depth + 1)
                is_chosen = bool(_all_words(one))

    def _note_picture(self, node: Any) -> None:
        address = next((value for key, value in node.attrib.items() if str(key).rpartition("}")[2] == "href"), "")
        if found := _DATA.match(address):
            self._writer.omit("encoded_data", place=found[1])

    def end_lines(self) -> None:
        """Write the texts so far, a line each."""
        self._writer.add("\n".join(filter(None, self._lines)))
        self._lines.clear()


def _all_words(node: Any) -> str:
    return one_line("".join(_pieces(node)))


def _texts_of(node: Any) -> list[str]:
    return [_all_words(one) for one in node if local_name(one) == "text"]


def _pieces(node: Any) -> Iterator[str]:
    """The words below a node; what states a place of its own, and paragraphs of HTML, part words."""
    from lxml import etree  # type: ignore[import-untyped]

    for event, one in etree.iterwalk(node, events=("start", "end")):
        name = local_name(one)
        goes_on = one is not node and name in _PARTS and not any(place in one.attrib for place in _PLACES)
        yield "" if goes_on or name in ("b", "i", "em", "strong", "span", "font", "u", "sub", "sup") else " "
        if event == "start":
            yield one.text or ""
        elif one is not node:
            yield one.tail or ""


def _reading(root: Any) -> str:
    """All text of the file, whatever it is for."""
    return "\n".join(_all_words(child) + "\n" + (child.tail or "") for child in root)
