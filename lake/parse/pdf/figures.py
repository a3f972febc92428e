"""Descriptions of pictures in tagged files: alternative texts of figures, which no glyph on the page shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lake.parse.canonical import clean
from lake.parse.pdf.objects import Ref, text_string
from lake.parse.pictures import description

if TYPE_CHECKING:
    from lake.parse.pdf.structure import Dict, Structure

_STATED = re.compile(rb"/(?:Alt|ActualText)(?=[\s\0(<])[\s\0]*")
_NO_LETTER = re.compile(r"[\W_]+")
_MOST_FIGURES = 20_000
_DEEPEST = 10


class Figures:
    """The descriptions of a document's pictures by page, each text once."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._tree = structure.dictionary(structure.catalog.get("StructTreeRoot"))
        self._pages = {leaf.number: index for index, leaf in enumerate(structure.leaves)} if self._tree else {}
        self._by_page: dict[int, list[str]] = defaultdict(list)
        for page, text in self._described() if self._tree else ():
            self._by_page[page].append(text)
        self._seen: set[str] = set()

    def of_page(self, index: int, shown: str) -> Sequence[str]:
        """The descriptions of pictures on a page, unless ``shown``, its text, holds the same words."""
        found = []
        letters = _letters(shown) if index in self._by_page else ""
        for text in self._by_page.get(index, ()):
            own = _letters(text)
            if own and own not in self._seen and own not in letters:
                self._seen.add(own)
                found.append(f"Picture: {text}")
        return found

    def _described(self) -> Iterator[tuple[int, str]]:
        roles = self._structure.dictionary(self._tree.get("RoleMap"))
        known: set[int] = set()
        for number, text, at in self._structure.places_of(_STATED, _MOST_FIGURES):
            element = self._structure.dictionary(Ref(number))
            kind = element.get("S")
            is_figure = kind == "Figure" or (isinstance(kind, str) and roles.get(kind) == "Figure")
            if is_figure and number not in known and (written := self._string(text, at)):
                known.add(number)
                yield self._page_of(element), written

    def _string(self, text: bytes, at: int) -> str:
        return description(clean(text_string(text, at)))

    def _page_of(self, element: Dict) -> int:
        """The index of the page on which an element stands: its own, that of its content, or its parent's."""
        held = element
        for _ in range(_DEEPEST):
            kids = self._structure.value(held.get("K"))
            for part in (held, *map(self._structure.dictionary, kids if isinstance(kids, list) else [kids])):
                page = part.get("Pg")
                if isinstance(page, Ref) and page.number in self._pages:
                    return self._pages[page.number]
            held = self._structure.dictionary(held.get("P"))
        return self._structure.n_pages - 1


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()
