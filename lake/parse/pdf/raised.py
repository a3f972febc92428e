"""Superscripts and subscripts that pdfium parts from the symbol before them: what belongs between the two."""

from __future__ import annotations

import re

from lake.parse.canonical import runs_into

#: What a raised or lowered sign may belong to: a short word, or one that ends with a digit, as formulas do.
_SYMBOL = re.compile(r"(?<!\w)(?:[^\W\d_]{1,3}|[^\W_]{0,8}\d)\Z")
#: A name, which a raised sign refers to and is no part of, unless it is a charge.
_NAME = re.compile(r"(?<!\w)[^\W\d_][^\W\d_]+\Z")
_CHARGE = re.compile(r"\d?[+\-\u2212]")
#: A gap between words, in sizes of the type.
_LEAST_SPACE = 0.15
_LEAST_RAISE = 0.2
_SMALLER = 0.85


def joint(before: str, text: str, gap: float, *, is_raised: bool) -> str:
    """What stands between two pieces of a line in different type, of which the gap is stated in sizes.

    A symbol and its sign are one word, a power of a number follows a caret, and signs of notes stay words of their own.

    >>> [joint("is H", "2", 0.0, is_raised=False), joint("H2", "O", 0.0, is_raised=False)]
    ['', '']
    >>> [joint(before, "2", 0.0, is_raised=True) for before in ("10", "m", "km", "Smith", "Lee")]
    ['^', '', '', ' ', ' ']
    """
    if gap > _LEAST_SPACE:
        return " "
    if is_raised and runs_into(before, text):
        return "^"
    if not text[:1].isalnum():
        return ""
    if not _SYMBOL.search(before) or (before[-1:].isdigit() and text[0].isdigit()):
        return " "
    name = _NAME.search(before) if is_raised else None
    return " " if name and name[0][0].isupper() and not _CHARGE.match(text) else ""


def is_raised(size: float, bottom: float, size_before: float, bottom_before: float) -> bool:
    """Whether type is smaller and stands higher than what it follows."""
    return size <= _SMALLER * size_before and bottom - bottom_before >= _LEAST_RAISE * size_before
