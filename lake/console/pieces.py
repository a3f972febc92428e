"""A section's text in pieces, each of which belongs to the same chunks throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class TextPiece:
    """``begins``: the chunks that begin here; ``within``: all chunks that hold the piece."""

    text: str
    begins: Sequence[Mapping[str, Any]]
    within: Sequence[Mapping[str, Any]]

    @property
    def kind(self) -> str:
        """``between`` chunks, in ``both`` of two that overlap, or in one with an ``odd`` or ``even`` number."""
        if len(self.within) != 1:
            return "both" if self.within else "between"
        return "odd" if self.within[0]["ordinal"] % 2 else "even"


def pieces_of(section: Mapping[str, Any]) -> list[TextPiece]:
    """The pieces of a section of ``GET /documents/{doc_id}/sections``, in order."""
    start, end, chunks = section["start"], section["end"], section["chunks"]
    borders = {start, end, *(chunk[side] for chunk in chunks for side in ("start", "end"))}
    places = sorted(place for place in borders if start <= place <= end)
    found = []
    for a, b in pairwise(places):
        within = [chunk for chunk in chunks if chunk["start"] < b and a < chunk["end"]]
        begins = [chunk for chunk in within if chunk["start"] == a or (a == start and chunk["start"] < start)]
        found.append(TextPiece(section["text"][a - start : b - start], begins, within))
    return found
