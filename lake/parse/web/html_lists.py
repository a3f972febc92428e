"""Lists of a page as lines with bullets and numbers, until a block ends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.parse.numerals import letters, roman
from lake.parse.web.html_styles import LIST_STYLES, list_style
from lake.parse.web.html_words import number_of

if TYPE_CHECKING:
    from lake.parse.web.html_sink import Sink

#: A LexborNode; see ``html_walk``.
ListNode = Any


@dataclass(slots=True)
class _List:
    """An open list; ``number`` is that of its next item, None for bullets. A ``loose`` item opened one by itself.

    ``form`` is the kind of its numbers, as the attribute ``type`` states it.
    """

    number: int | None = None
    form: str = "1"
    step: int = 1
    is_loose: bool = False


class OpenLists:
    """The lists around a place in a page, and their lines that are not written yet.

    Lists that are not ``numbered`` have bullets only.
    """

    def __init__(self, sink: Sink, *, numbered: bool) -> None:
        self._sink = sink
        self._numbered = numbered
        self._open: list[_List] = []
        self._lines: list[str] = []
        #: That of an item that has no text yet.
        self._bullet = ""

    @property
    def is_open(self) -> bool:
        return bool(self._open)

    @property
    def takes_lines(self) -> bool:
        """Whether a paragraph is a line of a list."""
        return bool(self._open or self._bullet)

    def open(self, node: ListNode) -> None:
        opened = _List()
        if node.tag == "ol" and self._numbered:
            attributes = node.attributes
            opened.form = _form(attributes) or "1"
            opened.number = number_of(attributes.get("start"), 1)
            if "reversed" in attributes:
                opened.step = -1
                if "start" not in attributes:
                    opened.number = sum(child.tag == "li" for child in node.iter())
        self._open.append(opened)

    def close(self) -> None:
        self._open.pop()
        if not self._open:
            self._bullet = ""
            self.write()

    def open_item(self, node: ListNode) -> None:
        if not self._open:
            self._open.append(_List(is_loose=True))
        around = self._open[-1]
        bullet = "-"
        if around.number is not None:
            around.number = number_of(node.attributes.get("value"), around.number)
            bullet = f"{_numeral(around.number, _form(node.attributes) or around.form)}."
            around.number += around.step
        self._bullet = f"{'  ' * (len(self._open) - 1)}{bullet} "

    def close_item(self) -> None:
        self._bullet = ""
        if self._open[-1].is_loose:
            self._open.pop()

    def line(self, text: str) -> None:
        """Add a line: an item's first one after its bullet, others below it."""
        indent = "  " * (len(self._open) - 1)
        bullet, self._bullet = self._bullet, ""
        self._lines.append((bullet or f"{indent}  ") + text)

    def write(self) -> None:
        """Write the lines so far as a block."""
        if self._lines:
            margin = min(len(line) - len(line.lstrip()) for line in self._lines)
            self._sink.add("\n".join(line[margin:] for line in self._lines), "list")
            self._lines.clear()


def _form(attributes: dict[str, str | None]) -> str:
    """The kind of numbers that a list or an item states."""
    style = LIST_STYLES.get(list_style(attributes.get("style") or ""), "")
    stated = attributes.get("type") or ""
    return style or (stated if stated in LIST_STYLES.values() else "")


def _numeral(number: int, form: str) -> str:
    if number < 1 or form == "1":
        return str(number)
    text = letters(number) if form in "aA" else roman(number)
    return text.upper() if form.isupper() else text
