"""The words of a page with their places: what tables and columns are found by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.parse.pdf.geometry import Box, PageLayout, PlacedWord
from lake.parse.pdf.glyphs import PageGlyphs, with_signs
from lake.parse.pdf.loaded import LoadedPage
from lake.parse.pdf.page_text import LINE_END_HYPHEN
from lake.parse.pdf.raised import is_raised, joint

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_WORD = re.compile(rf"[^\s{LINE_END_HYPHEN}]+{LINE_END_HYPHEN}?")


def page_layout(document: PdfDocument, index: int) -> PageLayout:
    """Every word and ruling line of a page, in the order in which the page draws them."""
    page = LoadedPage(document, index)
    text_page = page.get_textpage()
    try:
        layout = layout_of(PageGlyphs(page, text_page))
        return replace(layout, rules=list(layout.rules))
    finally:
        text_page.close()
        page.close()


def _shown(word: str) -> str:
    return f"{word[:-1]}-" if word[-1] == LINE_END_HYPHEN else word


def _pieces(text: str, first: int, last: int, apart: Sequence[int]) -> Iterator[tuple[str, int, int]]:
    """A word that the marks of notes follow, and each of these."""
    begins = [first, *(index for index in apart if first < index <= last), last + 1]
    for begin, end in pairwise(begins):
        yield text[begin - first : end - first], begin, end - 1


def _with_sign(glyphs: PageGlyphs, before: PlacedWord, word: PlacedWord, between: str) -> PlacedWord | None:
    """A symbol with its superscript or subscript, if pdfium began a line between them for no other reason."""
    (left, bottom, right, top), other = before.box, word.box
    em = max(before.size, word.size)
    if between.strip("\r\n") or other.left - right < -0.1 * em:
        return None
    if abs(other.bottom + other.top - bottom - top) > 1.2 * em:
        return None
    higher = is_raised(word.size, other.bottom, before.size, bottom)
    sign = joint(before.text, word.text, (other.left - right) / em, is_raised=higher)
    if sign == " ":
        return None
    whole = f"{before.text}{sign}{word.text}"
    glyphs.correct(f"{before.text}\r\n{word.text}", whole)
    return before._replace(text=whole, box=Box(left, bottom, max(right, other.right), top))


def layout_of(glyphs: PageGlyphs, without: Sequence[tuple[int, int]] = ()) -> PageLayout:
    """Every word and ruling line of the page; a hyphen at a line's end is part of its word.

    ``without`` has places of the first and last glyphs of lines that are left out.
    """
    found = [(match[0], match.start(), match.end() - 1) for match in _WORD.finditer(glyphs.text)]
    for begin, stop in without:
        found = [word for word in found if not begin <= word[1] <= stop]
    if glyphs.raised:
        apart = [index for index, sign in glyphs.raised if sign == " "]
        found = [piece for word in found for piece in _pieces(*word, apart)] if apart else found
        found = [(with_signs(text, first, glyphs.raised), first, last) for text, first, last in found]
    placed = glyphs.words([(first, last) for _, first, last in found])
    words: list[PlacedWord] = []
    begins: list[int] = []
    end = -2
    is_signed = False
    for number, box, style in placed:
        text, first, last = found[number]
        is_high = box.top - box.bottom > box.right - box.left and len(text) > 1
        word = PlacedWord(_shown(text), box, *style, is_high and glyphs.is_turned(first))
        before = words[-1] if words else None
        may_join = before is not None and (word.size < before.size or is_signed)
        joined = _with_sign(glyphs, words[-1], word, glyphs.text[end:first]) if may_join else None
        is_signed = joined is not None
        if joined is None:
            words.append(word)
            begins.append(first)
        else:
            words[-1] = joined
        end = last + 1
    if any(word.turned for word in words):  # short ones beside it may be no higher than wide
        both = zip(words, begins, strict=True)
        words = [word._replace(turned=word.turned or glyphs.is_turned(first)) for word, first in both]
    width, height = glyphs.size
    return PageLayout(width, height, words, glyphs.rules)
