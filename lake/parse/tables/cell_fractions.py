"""Numbers of spreadsheet cells whose format shows them as fractions."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

_CODE = re.compile(r"""(?:(?P<whole>[#0?,]+)(?:[ ]|\\.|"[ ]*"|_.)+)?(?P<top>[#0?]+)/(?P<bottom>[#?]+|\d+)""")
_COLOUR = re.compile(r"\[[A-Za-z]+\d*\]")
_MOST_DIGITS = 3


def shows_fraction(code: str) -> Callable[[float], str] | None:
    """The function that shows a number of at least 0 by a section of a format; None if that is no fraction.

    >>> shows = shows_fraction("# ?/?")
    >>> shows and (shows(2.5), shows(0.3333), shows(4.0), shows(0.0))
    ('2 1/2', '1/3', '4', '0')
    """
    match = _CODE.fullmatch(_COLOUR.sub("", code).strip())
    if match is None:
        return None
    bottom = match["bottom"]
    fixed = int(bottom) if bottom.isdecimal() and bottom.strip("0") else 0
    most = 10 ** min(len(bottom), _MOST_DIGITS) - 1

    def shows(value: float) -> str:
        if fixed:
            top, below = round(value * fixed), fixed
        else:
            fraction = Fraction(value).limit_denominator(most)
            top, below = fraction.numerator, fraction.denominator
        whole, rest = divmod(top, below) if match["whole"] else (0, top)
        if not rest:
            return str(whole)
        return f"{whole} {rest}/{below}" if whole else f"{rest}/{below}"

    return shows
