"""The words of a page with their places: what tables and columns are found by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.pdf.geometry import PageLayout, PlacedWord
from lake.parse.pdf.glyphs import LINE_END_HYPHEN, PageGlyphs, with_carets

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_WORD = re.compile(rf"[^\s{LINE_END_HYPHEN}]+{LINE_END_HYPHEN}?")


def page_layout(page: PdfPage, text_page: PdfTextPage) -> PageLayout:
    """Every word and ruling line of a page, in the order in which the page draws them."""
    return layout_of(PageGlyphs(page, text_page))


def _shown(word: str) -> str:
    return f"{word[:-1]}-" if word[-1] == LINE_END_HYPHEN else word


def layout_of(glyphs: PageGlyphs) -> PageLayout:
    """Every word and ruling line of the page; a hyphen at a line's end is part of its word."""
    found = [(match[0], match.start(), match.end() - 1) for match in _WORD.finditer(glyphs.text)]
    if glyphs.raised:
        found = [(with_carets(text, first, glyphs.raised), first, last) for text, first, last in found]
    placed = glyphs.words([(first, last) for _, first, last in found])
    words = [PlacedWord(_shown(found[number][0]), box, size, is_bold) for number, box, size, is_bold in placed]
    width, height = glyphs.size
    return PageLayout(width, height, words, glyphs.rules())
