# ruff: noqa: RUF001 - numbers of other scripts look like Latin letters
"""OpenDocument: lists, and the labels of items and headings, which a program computes and a file does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line
from lake.parse.numerals import letters, roman
from lake.parse.office.counting import counted
from lake.parse.office.odf_styles import OdfStyles
from lake.parse.office.odf_text import odf_name
from lake.parse.office.ooxml import attribute

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_LEVELS = 10
_LARGEST = 10_000
_PLACE = re.compile(r"%(\d{1,2})%")


#: The number one in other scripts, and Word's name of their numbers.
_SCRIPTS = {
    "一": "chineseCounting",
    "壹": "chineseLegalSimplified",
    "甲": "ideographTraditional",
    "子": "ideographZodiac",
    "ア": "aiueo",
    "イ": "iroha",
    "가": "ganada",
    "ㄱ": "chosung",
    "①": "decimalEnclosedCircle",
    "א": "hebrew2",
    "\u0430": "russianLower",
    "\u0410": "russianUpper",
    "ก": "thaiLetters",
    "أ": "arabicAlpha",
    "１": "decimalFullWidth",
}


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list style labels its items; ``form`` is "" if it shows no number."""

    form: str = ""
    prefix: str = ""
    suffix: str = ""
    pattern: str = ""
    n_shown: int = 1
    start: int = 1
    is_doubled: bool = False

    def number(self, value: int) -> str:
        """A number of this level by its own form.

        >>> Level("a").number(27), Level("a", is_doubled=True).number(27), Level("I").number(4), Level("一").number(12)
        ('aa', 'aa', 'IV', '十二')
        """
        if value < 1 or self.form.lower() not in ("a", "i"):
            return counted(value, _SCRIPTS.get(self.form, "decimal"))
        if self.form in "iI":
            digits = roman(value)
        elif self.is_doubled:
            digits = letters((value - 1) % 26 + 1) * ((value - 1) // 26 + 1)
        else:
            digits = letters(value)
        return digits.upper() if self.form.isupper() else digits


Style = dict[int, Level]


@dataclass(slots=True)
class Numbers:
    """How far each level of one list has counted."""

    counts: dict[int, int] = field(default_factory=dict)

    def next(self, style: Style, depth: int, start: int | None = None) -> str:
        """Count an item at a depth from 1, and return its label; "" if the style shows no number."""
        level = style.get(depth, Level())
        before = self.counts.get(depth, level.start - 1)
        self.counts[depth] = min(before + 1 if start is None else start, _LARGEST)
        for deeper in [one for one in self.counts if one > depth]:
            del self.counts[deeper]
        return self._label(style, depth)

    def _label(self, style: Style, depth: int) -> str:
        level = style.get(depth, Level())
        if not level.form:
            return ""
        if level.pattern:
            return _PLACE.sub(lambda match: self._written(style, int(match[1])), level.pattern).strip()
        shown = range(max(1, depth - level.n_shown + 1), depth + 1)
        numbers = ".".join(filter(None, (self._written(style, one) for one in shown)))
        return f"{level.prefix}{numbers}{level.suffix}".strip()

    def _written(self, style: Style, depth: int) -> str:
        level = style.get(depth, Level())
        return level.number(self.counts.get(depth, level.start)) if level.form else ""


class ListStyles:
    """The list styles of a document, its outline, and how far each list and the headings have counted."""

    def __init__(self, roots: Iterable[_Element], styles: OdfStyles) -> None:
        self._paragraph_styles = styles
        self._styles: dict[str, Style] = {}
        self._outline: Style = {}
        self._of_paragraphs: dict[str, str] = {}
        self._headings: dict[str, Numbers] = {}
        self._by_id: dict[str, Numbers] = {}
        self._last: dict[str, Numbers] = {}
        for root in roots:
            self._learn(root)

    def _learn(self, root: _Element) -> None:
        for style in root.iter("{*}list-style", "{*}outline-style"):
            levels = {depth: _level(one) for one in style if (depth := _number(attribute(one, "level")))}
            if str(style.tag).endswith("}outline-style"):
                self._outline = levels
            else:
                self._styles.setdefault(attribute(style, "name"), levels)
        for style in root.iter("{*}style"):
            if any(str(name).endswith("}list-style-name") for name in style.attrib):
                self._of_paragraphs.setdefault(attribute(style, "name"), attribute(style, "list-style-name"))

    def parts(
        self, node: _Element, depth: int = 0, name: str = "", numbers: Numbers | None = None
    ) -> Iterator[tuple[_Element, int, str | None]]:
        """What stands in the items of a list, with its depth and the label of its item: "" for a bullet.

        The label is None after the first block of an item.
        """
        name = attribute(node, "style-name") or name
        numbers = numbers or self._of_list(node, name)
        for item in node:
            if odf_name(item) not in ("list-item", "list-header"):
                continue
            for place, inner in enumerate(one for one in item if odf_name(one) != "number"):
                if odf_name(inner) == "list":
                    yield from self.parts(inner, depth + 1, name, numbers)
                elif place:
                    yield inner, depth, None
                else:
                    yield inner, depth, self._label(item, inner, depth, name, numbers)

    def _label(self, item: _Element, first: _Element, depth: int, name: str, numbers: Numbers) -> str:
        if odf_name(item) == "list-header":
            return ""
        computed = numbers.next(
            self._style(name, attribute(item, "style-override"), first), depth + 1, _item_start(item)
        )
        return next((one_line(one.text or "") for one in item if odf_name(one) == "number"), computed)

    def _style(self, name: str, override: str, paragraph: _Element) -> Style:
        """The list style of an item: its own, its list's, or that of its first paragraph."""
        if override in self._styles or name:
            return self._styles.get(override) or self._styles.get(name, {})
        return self._styles.get(self._of_paragraph(paragraph) or "", {})

    def _of_paragraph(self, paragraph: _Element) -> str | None:
        """Name of the list style that the style of a paragraph names; None if it names none."""
        chain = self._paragraph_styles.chain(paragraph)
        return next((self._of_paragraphs[one] for one in chain if one in self._of_paragraphs), None)

    def _of_list(self, node: _Element, name: str) -> Numbers:
        """The numbers with which a list in the style ``name`` begins: new ones, or those of a list that it goes on."""
        continued = self._by_id.get(attribute(node, "continue-list"))
        if continued is None and attribute(node, "continue-numbering") == "true":
            continued = self._last.get(name)
        numbers = continued or Numbers()
        self._last[name] = numbers
        if identifier := attribute(node, "id"):
            self._by_id[identifier] = numbers
        return numbers

    def heading(self, node: _Element, level: int) -> str:
        """The label of a heading that stands in no list."""
        if not (self._outline or self._of_paragraphs) or attribute(node, "is-list-header") == "true":
            return ""
        name = self._of_paragraph(node)
        if name == "":
            return ""
        style = self._styles.get(name or "", self._outline)
        restarts = attribute(node, "restart-numbering") == "true"
        start = _item_start(node) if restarts else None
        numbers = self._headings.setdefault(name if name in self._styles else "", Numbers())
        return numbers.next(style, level, style.get(level, Level()).start if restarts and start is None else start)


def _item_start(node: _Element) -> int | None:
    """The number that an item or a heading states for itself."""
    return _number(attribute(node, "start-value"))


def _level(node: _Element) -> Level:
    if not str(node.tag).endswith(("}list-level-style-number", "}outline-level-style")):
        return Level()
    return Level(
        attribute(node, "num-format")[:1],
        attribute(node, "num-prefix"),
        attribute(node, "num-suffix"),
        attribute(node, "num-list-format"),
        min(_number(attribute(node, "display-levels")) or 1, _LEVELS),
        1 if (start := _item_start(node)) is None else start,
        attribute(node, "num-letter-sync") == "true",
    )


def _number(written: str) -> int | None:
    return min(int(written), _LARGEST) if written.isdecimal() and len(written) < 8 else None
