"""Word: fields, and which text of a paragraph is an instruction of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.parse.office.numbered_fields import NumberedFields
from lake.parse.office.ooxml import attribute, child, found, is_on
from lake.parse.office.unstored_fields import shown_by

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    shows: bool = False
    has_result: bool = False


class Fields:
    """The fields that are open at a place of the text, the innermost last.

    ``numbers`` are those of the document. ``referred`` gives what a field shows that refers to another place.
    """

    def __init__(self, numbers: NumberedFields, referred: Callable[[str], str]) -> None:
        self._open: list[_Field] = []
        self._numbers = numbers
        self._referred = referred
        #: The level of the heading that the fields stand in; 0 in other paragraphs.
        self.level = 0
        #: Whether the number of a paragraph ends here, from which words stand apart.
        self.is_after_number = False

    def mark(self, node: _Element) -> str:
        """Begin a field, the text that it shows, or what follows it, by an element ``w:fldChar``.

        Returns what the field shows if it ends without a result.
        """
        kind = attribute(node, "fldCharType")
        if kind == "begin":
            self._open.append(_Field())
        elif kind == "separate" and self._open:
            self._open[-1].shows = True
        elif kind == "end" and self._open:
            return self.end()
        return ""

    def begin(self, instruction: str) -> None:
        """Begin a field that shows all of its text."""
        self._open.append(_Field(instruction, shows=True))

    def end(self) -> str:
        """End the innermost field; returns what it shows if no text was its result."""
        field = self._open.pop()
        number = self._numbers.shown(field.instruction, self.level)
        if field.has_result or self.is_instruction:
            return ""
        self.is_after_number = number.endswith((".", ")"))
        return number or self._referred(field.instruction) or shown_by(field.instruction)

    def note_result(self) -> None:
        """Note that the fields at this place show some text."""
        for one in self._open:
            one.has_result = True

    def instruct(self, text: str) -> None:
        if self._open and not self._open[-1].shows:
            self._open[-1].instruction += text

    def end_paragraph(self) -> None:
        """End all instructions with their paragraph, or a damaged field would hide the rest."""
        for one in self._open:
            one.shows = True

    @property
    def is_instruction(self) -> bool:
        """Whether text at this place is not shown."""
        return not all(one.shows for one in self._open)

    @property
    def is_page_number(self) -> bool:
        return bool(self._open and _PAGE_FIELD.match(self._open[-1].instruction))


def form_value(node: _Element) -> str:
    """What a form field of the older kind shows, if no text holds it: its chosen entry, or a box."""
    choices = next(found(node, "w:ddList"), None)
    if choices is not None:
        entries = [attribute(one, "val") for one in found(choices, "w:listEntry")]
        result = child(choices, "w:result")
        result = child(choices, "w:default") if result is None else result
        index = "0" if result is None else attribute(result, "val")
        return entries[int(index)] if index.isdecimal() and int(index) < len(entries) else ""
    box = next(found(node, "w:checkBox"), None)
    if box is None:
        return ""
    state = child(box, "w:checked")
    return "\u2612" if is_on(child(box, "w:default") if state is None else state) else "\u2610"
