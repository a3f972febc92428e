"""Overlap between places of evidence and spans of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.questions.alignment import Place


def meets(place: Place, span: Mapping[str, Any]) -> bool:
    """Whether a span (doc_id, start, end) overlaps the place."""
    if place.doc_id != span["doc_id"]:
        return False
    return place.start is None or (span["start"] < (place.end or 0) and place.start < span["end"])


def covered(place: Place, spans: Sequence[tuple[int, int]]) -> float:
    """Share of a place's characters in these spans; any span covers a whole document."""
    if place.start is None or place.end is None:
        return 1.0 if spans else 0.0
    held: set[int] = set()
    for start, end in spans:
        held |= set(range(max(start, place.start), min(end, place.end)))
    return len(held) / (place.end - place.start)
