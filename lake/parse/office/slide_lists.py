"""PowerPoint: which paragraphs of a shape are items of a list, and the numbers that their automatic numbering shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.parse.office.counting import counted
from lake.parse.office.ooxml import attribute, child, key

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_DEEPEST = 8
_BULLETS = ("a:buNone", "a:buChar", "a:buAutoNum", "a:buBlip")
#: How a kind of numbering begins, and Word's name of the same.
_FORMATS = {
    "arabic1": "arabicAlpha",
    "arabic2": "arabicAbjad",
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNum": "decimalEnclosedCircle",
    "ea1": "chineseCounting",
    "thaiAlpha": "thaiLetters",
    "thaiNum": "thaiNumbers",
    "hindiNum": "hindiNumbers",
    "hindiAlpha": "hindiVowels",
    "hebrew2": "hebrew2",
}
_KIND = re.compile(rf"({'|'.join(_FORMATS)})\w*?(Period|ParenR|ParenBoth|Plain|Minus)")
_AROUND = {"Period": ("", "."), "ParenR": ("", ")"), "ParenBoth": ("(", ")"), "Plain": ("", ""), "Minus": ("", "-")}
_LARGEST = 32_767


class Bullets:
    """Counts the items of one shape's text, whose paragraphs are given in their order."""

    def __init__(self, body: _Element) -> None:
        self._styles = child(body, "a:lstStyle")
        #: By depth: the kind of numbering, its first number, and the number of the last item.
        self._counts: dict[int, tuple[str, int, int]] = {}

    def next(self, paragraph: _Element) -> str | None:
        """What stands before the text of an item: its indent, a dash and its number; None for a plain paragraph."""
        properties = child(paragraph, "a:pPr")
        written = "" if properties is None else attribute(properties, "lvl")
        depth = min(int(written), _DEEPEST) if written.isdecimal() else 0
        bullet = _bullet(properties)
        if bullet is None:
            bullet = _bullet(child(self._styles, f"a:lvl{depth + 1}pPr"))
        self._counts = {known: count for known, count in self._counts.items() if known <= depth}
        if bullet is None or key(bullet.tag) == "a:buNone":
            self._counts.pop(depth, None)
            return None
        return f"{'  ' * depth}- {self._number(bullet, depth)}"

    def _number(self, bullet: _Element, depth: int) -> str:
        if key(bullet.tag) != "a:buAutoNum":
            self._counts.pop(depth, None)
            return ""
        kind, start = attribute(bullet, "type"), attribute(bullet, "startAt")
        first = min(int(start), _LARGEST) if start.isdecimal() and len(start) < 8 else 1
        known = self._counts.get(depth)
        value = known[2] + 1 if known and known[:2] == (kind, first) else first
        self._counts[depth] = kind, first, value
        match = _KIND.fullmatch(kind)
        form, (opening, closing) = (_FORMATS[match[1]], _AROUND[match[2]]) if match else ("decimal", _AROUND["Period"])
        return f"{opening}{counted(value, form)}{closing} "


def _bullet(properties: _Element | None) -> _Element | None:
    return next((one for one in properties if key(one.tag) in _BULLETS), None) if properties is not None else None
