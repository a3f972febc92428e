"""Word: lists whose numbers unstructured can't write, which writes them as marked digits instead.

These are legal lists, whose numbers of outer levels are digits whatever those levels show (Article IV, Section 4.02),
and numbers in words and in other scripts.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from lake.parse.office.counting import counted
from lake.parse.office.ooxml import attribute, child, is_on, key

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_KNOWN = (
    "decimal",
    "decimalZero",
    "lowerLetter",
    "upperLetter",
    "lowerRoman",
    "upperRoman",
    "ordinal",
    "bullet",
    "none",
)
#: Formats that legal lists show too: Section 4.02.
_EVEN_IN_LEGAL = ("none", "decimalZero")
_PLACE = re.compile(r"%([1-9])")
_FIRST, _END = 0xE100, "\ue0ff"
_MARKED = re.compile(f"([\ue100-\ue1ff])(\\d+){_END}")


class Numbering:
    """A copy of the part that defines lists, and the formats of the digits that are marked in labels made by it."""

    def __init__(self, root: _Element) -> None:
        from copy import deepcopy

        self.root = deepcopy(root)
        self._names: list[str] = []
        abstract = {attribute(one, "abstractNumId"): one for one in self.root if key(one.tag) == "w:abstractNum"}
        formats = {name: _formats(one) for name, one in abstract.items()}
        changed = {name for name, one in abstract.items() if _needs_marks(one)}
        for name in changed:
            self._mark(abstract[name], formats[name])
        for one in self.root:
            base = child(one, "w:abstractNumId") if key(one.tag) == "w:num" else None
            name = "" if base is None else attribute(base, "val")
            if name in changed:
                for override in one:
                    self._mark(override, {**formats[name], **_formats(override)})

    def written(self, text: str) -> str:
        """A text that begins with a label, with its numbers as Word shows them."""
        return _MARKED.sub(lambda match: counted(int(match[2]), self._names[ord(match[1]) - _FIRST]), text)

    def _mark(self, holder: _Element, formats: dict[int, str]) -> None:
        for level in holder:
            label = child(level, "w:lvlText") if key(level.tag) == "w:lvl" else None
            if label is None or formats.get(_index(level)) in ("bullet", "none"):
                continue
            is_legal = is_on(child(level, "w:isLgl"))
            name = next(iter(one for one in label.attrib if str(one).endswith("}val")), None)
            if name is None:
                continue
            names = {i: "decimal" if is_legal and one not in _EVEN_IN_LEGAL else one for i, one in formats.items()}
            label.set(name, _PLACE.sub(partial(self._place, names), label.get(name)))
            if (own := child(level, "w:numFmt")) is not None:
                own.set(f"{own.tag.rpartition('}')[0]}}}val", "decimal")

    def _place(self, formats: dict[int, str], match: re.Match[str]) -> str:
        name = formats.get(int(match[1]) - 1, "decimal")
        if name not in self._names:
            self._names.append(name)
        return f"{chr(_FIRST + self._names.index(name))}{match[0]}{_END}"


def _index(level: _Element) -> int:
    value = attribute(level, "ilvl")
    return int(value) if value.isdecimal() else 0


def _formats(holder: _Element) -> dict[int, str]:
    """The format of each level."""
    levels = [one for one in holder if key(one.tag) == "w:lvl"]
    stated = {_index(one): child(one, "w:numFmt") for one in levels}
    return {i: "decimal" if one is None else attribute(one, "val") for i, one in stated.items()}


def _needs_marks(holder: _Element) -> bool:
    legal = any(is_on(child(one, "w:isLgl")) for one in holder if key(one.tag) == "w:lvl")
    return legal or any(name not in _KNOWN for name in _formats(holder).values())
