"""Lists of AsciiDoc: lines with nested bullets, numbers and terms, and the blocks that belong to an item."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lake.parse.canonical import one_line

if TYPE_CHECKING:
    from lake.parse.canonical import TextWriter
    from lake.parse.markup.asciidoc_inline import Inline

_BULLET = re.compile(r"[ \t]*(\*{1,6}|-|\u2022)[ \t]+(\S.*)$")
_NUMBER = re.compile(r"[ \t]*(\.{1,6}|\d{1,9}\.|[a-zA-Z]\.|[ivxlIVXL]{1,7}\))[ \t]+(\S.*)$")
_TERM = re.compile(r"[ \t]*((?!//|\[\[|https?:)\S.*?|\[\[.*?\]\]\S.*?)(:{2,4}|;;)(?:[ \t]+(\S.*))?[ \t]*$")
_CALLOUT = re.compile(r"<(\d+|\.)>[ \t]+(\S.*)$")
_CHECK = re.compile(r"\[([ xX*])\][ \t]+")


class ItemLine(NamedTuple):
    """The first line of an item: its ``marker``, a ``term`` of a description list, and the words after it."""

    marker: str
    text: str
    term: str = ""


def item_of(line: str) -> ItemLine | None:
    """The item that a line begins; None if it begins none."""
    if match := _BULLET.match(line):
        return ItemLine(match[1], match[2])
    if match := _NUMBER.match(line):
        return ItemLine(match[1], match[2])
    if match := _CALLOUT.match(line):
        return ItemLine("<>", match[2], "")
    if "::" in line or ";;" in line:
        match = _TERM.match(line)
        if match and "::" not in match[1].split("[", 1)[0].strip("`"):
            return ItemLine(match[2], match[3] or "", match[1])
    return None


class ListWriter:
    """Gathers the lines of a list and writes them; a block inside an item stands between its lines."""

    def __init__(self, writer: TextWriter, inline: Inline, start: str = "") -> None:
        self._writer = writer
        self._inline = inline
        self._markers: list[str] = []
        self._numbers: list[int] = []
        self._first = int(start) if start.isdecimal() and len(start) < 10 else 1
        self._lines: list[str] = []
        self.is_open_term = False

    def takes(self, item: ItemLine) -> bool:
        """Whether an item may stand in this list; explanations of code stand in a list of their own."""
        return not self._markers or (item.marker == "<>") == (self._markers[0] == "<>")

    def item(self, item: ItemLine, text: str) -> None:
        marker = _kind(item.marker)
        if marker in self._markers:
            del self._markers[self._markers.index(marker) + 1 :]
            del self._numbers[len(self._markers) :]
        else:
            self._numbers.append(self._first if not self._markers else 1)
            self._markers.append(marker)
        words = self._inline.words(_CHECK.sub(lambda match: "[ ] " if match[1] == " " else "[x] ", text))
        if item.term:
            term = self._inline.title(item.term)
            words = f"{term}: {words}" if words else term
        self.is_open_term = bool(item.term) and not text
        bullet = self._bullet(item.marker)
        self._numbers[-1] += 1
        first, *rest = words.split("\n")
        self._lines.append(f"{self._indent}{bullet} {first}")
        self._lines += [f"{self._indent}  {line}" for line in rest]

    def more(self, text: str) -> None:
        """Add a paragraph to the item."""
        if text:
            self._lines.append(f"{self._indent}  {one_line(text)}")
            self.is_open_term = False

    def pause(self) -> None:
        """Write the lines so far, before a block that belongs to the item."""
        self.is_open_term = False
        if self._lines:
            margin = min(len(line) - len(line.lstrip()) for line in self._lines)
            self._writer.add("\n".join(line[margin:] for line in self._lines), "list")
            self._lines.clear()

    end = pause

    @property
    def _indent(self) -> str:
        return "  " * (len(self._markers) - 1)

    def _bullet(self, marker: str) -> str:
        if marker[0] in "*-\u2022:;":
            return "-"
        if marker == "<>":
            return f"<{self._numbers[-1]}>"
        return f"{self._numbers[-1]}." if marker[0] == "." else marker


def _kind(marker: str) -> str:
    """The markers of a list's items; numbers that are written count as one."""
    if marker[:-1].isdecimal():
        return "1."
    return "a." if marker[:1].isalpha() else marker
