"""The words of a page with their places: what tables and columns are found by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.pdf.geometry import PageLayout, PlacedWord
from lake.parse.pdf.glyphs import PageGlyphs

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

#: What pdfium writes for a hyphen at the end of a line, in place of the hyphen and the line's end.
LINE_END_HYPHEN = "\ufffe"
_WORD = re.compile(rf"[^\s{LINE_END_HYPHEN}]+{LINE_END_HYPHEN}?")


def page_layout(page: PdfPage, text_page: PdfTextPage) -> PageLayout:
    """Every word and ruling line of a page, in the order in which the page draws them."""
    return layout_of(PageGlyphs(page, text_page))


def layout_of(glyphs: PageGlyphs) -> PageLayout:
    """Every word and ruling line of the page; a hyphen at a line's end is part of its word."""
    words = []
    for match in _WORD.finditer(glyphs.text):
        first, last = match.start(), match.end() - 1
        if box := glyphs.box(first, last):
            size, bold = glyphs.style(first)
            words.append(PlacedWord(match[0].replace(LINE_END_HYPHEN, "-"), box, size, bold))
    width, height = glyphs.size
    return PageLayout(width, height, words, glyphs.rules())
