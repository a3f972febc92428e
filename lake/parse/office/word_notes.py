"""Word: footnotes, endnotes and comments, and the marks of those that the text cites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lake.parse.numerals import roman
from lake.parse.office.ooxml import attribute, found, key, reading
from lake.parse.office.ooxml_package import Omit, Package

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_KINDS = ("footnote", "endnote", "comment")


class Note(NamedTuple):
    """``kind`` is footnote, endnote or comment; ``mark`` is what stands in its place in the text."""

    kind: str
    mark: str
    part: str
    node: _Element


class Notes:
    """The notes of a document whose main part is ``main``; each is placed where the text first cites it."""

    def __init__(self, package: Package, main: str, omit: Omit) -> None:
        self._package, self._main, self._omit = package, main, omit
        self._notes = {kind: self._by_number(kind) for kind in _KINDS}
        #: Kind and number.
        self._placed: set[tuple[str, str]] = set()
        self._marks = Counter[str]()

    def _by_number(self, kind: str) -> dict[str, tuple[str, _Element]]:
        """Part and element of each note; also from a part of the usual name that the relations forgot."""
        usual = f"{self._main.rpartition('/')[0]}/{kind}s.xml"
        notes: dict[str, tuple[str, _Element]] = {}
        parts = self._package.related(self._main, f"{kind}s")
        for part in parts or ([usual] if self._package.has(usual) else []):
            root = self._package.root(part)
            for one in () if root is None else found(root, f"w:{kind}"):
                if "eparator" not in attribute(one, "type") and "ontinuationNotice" not in attribute(one, "type"):
                    notes.setdefault(attribute(one, "id"), (part, one))
                else:
                    self._omit("running_line", reading(one), f"{part}: between text and notes")
        return notes

    def cite(self, reference: _Element) -> Note | None:
        """The note that a reference cites; None if there is none, or if it is placed already."""
        kind, number = _cited(reference)
        if number not in self._notes[kind] or (kind, number) in self._placed:
            return None
        self._placed.add((kind, number))
        return Note(kind, self._next_mark(kind, reference), *self._notes[kind][number])

    def _next_mark(self, kind: str, reference: _Element) -> str:
        if kind == "comment" or attribute(reference, "customMarkFollows").lower() in ("1", "true", "on"):
            return ""
        self._marks[kind] += 1
        count = self._marks[kind]
        return f"[{count if kind == 'footnote' else roman(count)}]"

    def uncited(self) -> Iterator[Note]:
        """Notes that no text has cited until each of them is read."""
        for kind, notes in self._notes.items():
            for number, (part, node) in notes.items():
                if (kind, number) not in self._placed:
                    yield Note(kind, "", part, node)

    def taken_with(self, deleted: _Element) -> str:
        """The texts of foot- and endnotes that deleted text cites, which are placed nowhere else."""
        text = ""
        for reference in found(deleted, "w:footnoteReference", "w:endnoteReference"):
            kind, number = _cited(reference)
            if number in self._notes[kind] and (kind, number) not in self._placed:
                self._placed.add((kind, number))
                text += f" {reading(self._notes[kind][number][1])}"
        return text


def _cited(reference: _Element) -> tuple[str, str]:
    """Kind and number of the note that an element such as ``w:footnoteReference`` cites."""
    return key(reference.tag).removeprefix("w:").removesuffix("Reference"), attribute(reference, "id")
