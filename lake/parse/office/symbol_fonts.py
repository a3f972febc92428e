# ruff: noqa: RUF001 - these are letters of other scripts
"""Characters that symbol fonts show in place of letters and digits."""

from __future__ import annotations

import re

#: Codes of a symbol font, as programs write them in text.
_PRIVATE = re.compile("[\uf020-\uf0ff]")

_SYMBOL_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "αβχδεφγηιϕκλμνοπθρστυϖωξψζΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ",
        strict=True,
    )
)
_SYMBOL_SIGNS = {
    0xA3: "≤",
    0xA5: "∞",
    0xAB: "↔",
    0xAC: "←",
    0xAD: "↑",
    0xAE: "→",
    0xAF: "↓",
    0xB0: "°",
    0xB1: "±",
    0xB3: "≥",
    0xB4: "×",
    0xB6: "∂",
    0xB7: "•",
    0xB8: "÷",
    0xB9: "≠",
    0xBA: "≡",
    0xBB: "≈",
    0xBC: "…",
    0xC5: "⊕",
    0xC7: "∩",
    0xC8: "∪",
    0xCC: "⊂",
    0xCE: "∈",
    0xCF: "∉",
    0xD1: "∇",
    0xD2: "®",
    0xD3: "©",
    0xD4: "™",
    0xD5: "∏",
    0xD6: "√",
    0xD7: "⋅",
    0xDE: "⇒",
    0xDB: "⇔",
    0xE5: "∑",
    0xF2: "∫",
    0xA2: "′",
    0xB2: "″",
    0x22: "∀",
    0x24: "∃",
}
_WINGDINGS = {0xFC: "✓", 0xFB: "✗", 0xFE: "☑", 0xFD: "☒", 0xA8: "☐", 0x6F: "☐", 0x78: "☒", 0xE0: "→", 0xDF: "←"}


def symbol(font: str, code: str) -> str:
    """The character that a symbol font shows; empty if nobody knows it."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    low = number - 0xF000 if 0xF000 <= number <= 0xF0FF else number
    if font.lower().startswith("wingdings"):
        return _WINGDINGS.get(low, "")
    if font.lower() == "symbol":
        return _SYMBOL_SIGNS.get(low) or (_SYMBOL_LETTERS.get(chr(low), chr(low)) if 0x20 <= low < 0x7F else "")
    if low != number:
        return ""
    return chr(number) if 0x20 <= number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else ""


def is_symbolic(text: str) -> bool:
    """Whether a text holds characters that only its font tells."""
    return not text.isascii() and _PRIVATE.search(text) is not None


def in_font(text: str, font: str) -> str:
    """``text`` with the characters that a symbol font shows; others, and those that nobody knows, stay.

    >>> in_font("5 \uf06dm", "Symbol"), in_font("5 m", "Symbol")
    ('5 μm', '5 m')
    """
    return _PRIVATE.sub(lambda match: symbol(font, f"{ord(match[0]):X}") or match[0], text)
