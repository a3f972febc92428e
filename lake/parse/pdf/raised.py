"""Superscripts and subscripts that pdfium parts from the symbol before them: what belongs between the two."""

from __future__ import annotations

import re

from lake.parse.canonical import runs_into

#: What a lowered sign may belong to: a short word, or one that ends with a digit, as formulas do.
_LOWERED_ON = re.compile(r"(?<!\w)(?:[^\W\d_]{1,3}|[^\W_]{0,8}\d)\Z")
#: What a raised sign may belong to: a variable, a unit, a function, a formula, or a short word right after an operator.
#: Marks of notes follow any other word.
_RAISED_ON = re.compile(
    r"(?<!\w)(?:[^\W\d_]|[cdkmn\u00b5\u03bc]m|ft|yd|kg|mg|mol|Hz|[kM]?Pa|sec|rad|deg|sin|cos|tan|cot|log|ln|[^\W_]{0,8}\d)\Z"
    r"|(?<!\w)(?:[A-Z][a-z]?\d*)*(?:[CNSP]O|[CN]H|[STZ][ir]O)\Z"
    r"|[=+\u00d7\u00b7^]\s*[^\W\d_]{1,3}\Z"
)
_FORMULA = re.compile(r"(?<!\w)(?:[A-Z][a-z]?\d*)+\Z")
_CHARGE = re.compile(r"\d?[+\-\u2212](?!\d)")
#: A gap between words, in sizes of the type.
_LEAST_SPACE = 0.15
_LEAST_RAISE = 0.2
_SMALLER = 0.85


def joint(before: str, text: str, gap: float, *, is_raised: bool) -> str:
    """What stands between two pieces of a line in different type, of which the gap is stated in sizes.

    A symbol and its sign are one word, a power of a number follows a caret, and signs of notes stay words of their own.

    >>> [joint("is H", "2", 0.0, is_raised=False), joint("H2", "O", 0.0, is_raised=False)]
    ['', '']
    >>> [joint(before, "2", 0.0, is_raised=True) for before in ("10", "m", "5 km", "a = bc", "Smith", "age", "so")]
    ['^', '', '', '', ' ', ' ', ' ']
    """
    if gap > _LEAST_SPACE:
        return " "
    if is_raised and runs_into(before, text):
        return "^"
    if not text[:1].isalnum():
        return ""
    if before[-1:].isdigit() and text[0].isdigit():
        return " "
    if is_raised:
        belongs = _RAISED_ON.search(before) or (_CHARGE.match(text) and _FORMULA.search(before))
    else:
        belongs = _LOWERED_ON.search(before)
    return "" if belongs else " "


def is_raised(size: float, bottom: float, size_before: float, bottom_before: float) -> bool:
    """Whether type is smaller and stands higher than what it follows."""
    return size <= _SMALLER * size_before and bottom - bottom_before >= _LEAST_RAISE * size_before
