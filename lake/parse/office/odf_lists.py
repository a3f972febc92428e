"""OpenDocument: the labels of list items and headings, which a program computes and a file does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lake.parse.office.ooxml import attribute
from lake.parse.office.word_reader import roman

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_LEVELS = 10
_LARGEST = 10_000
_PLACE = re.compile(r"%(\d{1,2})%")


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

        >>> Level("a").number(27), Level("a", is_doubled=True).number(27), Level("I").number(4), Level("1").number(4)
        ('aa', 'aa', 'IV', '4')
        """
        if value < 1 or self.form.lower() not in ("a", "i"):
            return str(value)
        digits = _letters(value, self.is_doubled) if self.form in "aA" else roman(value)
        return digits.upper() if self.form.isupper() else digits


def _letters(value: int, is_doubled: bool) -> str:
    if is_doubled:
        return chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
    letters = ""
    while value:
        value, rest = divmod(value - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


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

    def __init__(self) -> None:
        self._styles: dict[str, Style] = {}
        self._outline: Style = {}
        self._of_paragraphs: dict[str, str] = {}
        self._headings: dict[str, Numbers] = {}
        self._by_id: dict[str, Numbers] = {}
        self._last: dict[str, Numbers] = {}

    def learn(self, root: _Element) -> None:
        for style in root.iter("{*}list-style", "{*}outline-style"):
            levels = {depth: _level(one) for one in style if (depth := _number(attribute(one, "level")))}
            if str(style.tag).endswith("}outline-style"):
                self._outline = levels
            else:
                self._styles.setdefault(attribute(style, "name"), levels)
        for style in root.iter("{*}style"):
            if any(str(name).endswith("}list-style-name") for name in style.attrib):
                self._of_paragraphs.setdefault(attribute(style, "name"), attribute(style, "list-style-name"))

    def style(self, name: str, override: str, chain: Callable[[], Iterable[str]]) -> Style:
        """The list style of an item: its own, its list's, or that of its paragraph, whose style ``chain`` names."""
        if override in self._styles or name:
            return self._styles.get(override) or self._styles.get(name, {})
        return self._styles.get(
            next((self._of_paragraphs[one] for one in chain() if one in self._of_paragraphs), ""), {}
        )

    def of_list(self, node: _Element, name: str) -> Numbers:
        """The numbers with which a list in the style ``name`` begins: new ones, or those of a list that it goes on."""
        continued = self._by_id.get(attribute(node, "continue-list"))
        if continued is None and attribute(node, "continue-numbering") == "true":
            continued = self._last.get(name)
        numbers = continued or Numbers()
        self._last[name] = numbers
        if identifier := attribute(node, "id"):
            self._by_id[identifier] = numbers
        return numbers

    def heading(self, node: _Element, level: int, chain: Callable[[], Iterable[str]]) -> str:
        """The label of a heading that stands in no list; ``chain`` names its style and those below it."""
        if not (self._outline or self._of_paragraphs) or attribute(node, "is-list-header") == "true":
            return ""
        name = next((self._of_paragraphs[one] for one in chain() if one in self._of_paragraphs), None)
        if name == "":
            return ""
        style = self._styles.get(name or "", self._outline)
        restarts = attribute(node, "restart-numbering") == "true"
        start = item_start(node) if restarts else None
        numbers = self._headings.setdefault(name if name in self._styles else "", Numbers())
        return numbers.next(style, level, style.get(level, Level()).start if restarts and start is None else start)


def item_start(node: _Element) -> int | None:
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
        1 if (start := item_start(node)) is None else start,
        attribute(node, "num-letter-sync") == "true",
    )


def _number(written: str) -> int | None:
    return min(int(written), _LARGEST) if written.isdecimal() and len(written) < 8 else None
