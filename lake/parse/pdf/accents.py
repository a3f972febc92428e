"""Accents that are drawn over their letters as glyphs of their own, as TeX does: "J\u00a8oreskog" is one word."""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

#: The accents, as pdfium names them, with what combines with a letter.
_COMBINING = {
    "`": "\u0300",
    "\u00b4": "\u0301",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\u00af": "\u0304",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "\u00a8": "\u0308",
    "\u02da": "\u030a",
    "\u02dd": "\u030b",
    "\u02c7": "\u030c",
    "\u00b8": "\u0327",
    "\u02db": "\u0328",
}
_SIGNS = "".join(_COMBINING)
_ACCENT = re.compile(rf"[{_SIGNS}](?=[^\W\d_])|(?<=[^\W\d_])[{_SIGNS}]")
_WITHOUT_DOT = {"\u0131": "i", "\u0237": "j"}
#: How far the middles of an accent and of its letter are apart at most, in widths of the wider of both.
_MOST_APART = 0.3

#: The left and the right edge of a glyph.
Extent = Callable[[int], tuple[float, float] | None]


def accented(text: str, extent: Extent) -> dict[int, str]:
    """Places in a text with what they become: letters with accents, and "" for the accents that stood beside them."""
    if not any([sign in text for sign in _COMBINING]):  # many times as fast as an expression
        return {}
    found: dict[int, str] = {}
    for match in _ACCENT.finditer(text):
        at = match.start()
        near = [
            (apart, i)
            for i in (at - 1, at + 1)
            if 0 <= i < len(text) and text[i].isalpha() and i not in found
            if (apart := _apart(extent(at), extent(i))) is not None
        ]
        if not near:
            continue
        _, place = min(near)
        letter = normalize("NFC", _WITHOUT_DOT.get(text[place], text[place]) + _COMBINING[match[0]])
        if len(letter) == 1:
            found[place], found[at] = letter, ""
    return found


def _apart(accent: tuple[float, float] | None, letter: tuple[float, float] | None) -> float | None:
    """How far the middles of two glyphs are apart; None if one does not stand over the other."""
    if accent is None or letter is None:
        return None
    apart = abs(accent[0] + accent[1] - letter[0] - letter[1]) / 2
    return apart if apart <= _MOST_APART * max(accent[1] - accent[0], letter[1] - letter[0]) else None
