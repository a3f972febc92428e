"""OpenDocument: characters of symbol fonts, read as what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lake.parse.office.ooxml import attribute
from lake.parse.office.symbol_fonts import in_font, is_symbolic

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]


def show_symbols(roots: Sequence[_Element]) -> None:
    """Write what a style's symbol font shows in place of its codes. ``roots``, styles and text, change in place."""
    fonts = {
        attribute(style, "name"): font
        for root in roots
        for style in root.iter("{*}style")
        for properties in style.iterchildren("{*}text-properties")
        if (font := attribute(properties, "font-name") or attribute(properties, "font-family").strip("'\""))
    }
    for node in (node for root in roots for node in root.iter("{*}span", "{*}p", "{*}h")) if fonts else ():
        font = fonts.get(attribute(node, "style-name"), "")
        if not font:
            continue
        if node.text and is_symbolic(node.text):
            node.text = in_font(node.text, font)
        for child in node:
            if child.tail and is_symbolic(child.tail):
                child.tail = in_font(child.tail, font)
