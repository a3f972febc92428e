"""Hits of ``POST /query`` as the pages show them: marked words, places, and how they were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lake.console.rendering import compact

Piece = tuple[str, bool]

#: Characters of a passage that are shown at once.
_SHOWN = 640


@dataclass(slots=True)
class PassageCard:
    """``before``, ``excerpt`` and ``after`` are pieces of the text with their marks; the excerpt holds the best chunk.

    ``share`` of the best score of its list; ``legs``: name, rank, score and share of each retriever that found it.
    ``move``: places that it rose by from the other column; None if it is not there.
    """

    rank: int
    hit: Mapping[str, Any]
    before: list[Piece]
    excerpt: list[Piece]
    after: list[Piece]
    share: float
    legs: list[tuple[str, int | None, float, float]]
    move: int | None = None
    is_compared: bool = False
    place: str = field(default="")


def passages(hits: Sequence[Mapping[str, Any]]) -> list[PassageCard]:
    """Passages, best first."""
    best = max((hit["score"] for hit in hits), default=0) or 1
    most = {name: max((hit[f"{name}_score"] or 0 for hit in hits), default=0) or 1 for name in ("text", "rerank")}
    return [_passage(rank, hit, best, most) for rank, hit in enumerate(hits, 1)]


def _passage(rank: int, hit: Mapping[str, Any], best: float, most: Mapping[str, float]) -> PassageCard:
    first, last = _excerpt(hit)
    marks = hit.get("found_words") or []
    text = hit["text"]
    before, excerpt, after = (pieces(text, marks, *span) for span in ((0, first), (first, last), (last, len(text))))
    legs = [
        ("meaning", hit["vector_rank"], hit["vector_score"], hit["vector_score"]),
        ("words", hit["text_rank"], hit["text_score"], (hit["text_score"] or 0) / most["text"]),
        ("reranker", None, hit["rerank_score"], (hit["rerank_score"] or 0) / most["rerank"]),
    ]
    found = [leg for leg in legs if leg[2] is not None]
    return PassageCard(rank, hit, before, excerpt, after, hit["score"] / best, found, place=place_of(hit))


def _excerpt(hit: Mapping[str, Any]) -> tuple[int, int]:
    """The span of the text to show at once: the best chunk's, moved to the words found if it is long."""
    text, start = hit["text"], hit["start"]
    first = max(hit["chunk_start"] - start, 0)
    last = min(max(hit["chunk_end"] - start, first), len(text))
    if last - first > _SHOWN:
        inside = [mark for mark, end in hit.get("found_words") or [] if first <= mark and end <= last]
        at = max(min((inside[0] if inside else first) - _SHOWN // 4, last - _SHOWN), first)
        first, last = (text.rfind(" ", first, at) + 1 or at) if at > first else at, min(at + _SHOWN, last)
        last = text.find(" ", last) if text.find(" ", last) >= 0 else len(text)
    return first, last


def pieces(text: str, marks: Sequence[Sequence[int]], first: int, last: int) -> list[Piece]:
    """The text from ``first`` to ``last``, cut at its marks; each piece with whether it is marked.

    >>> pieces("the oil of a pump", [[4, 7], [13, 17]], 0, 15)
    [('the ', False), ('oil', True), (' of a ', False), ('pu', True)]
    """
    found, at = list[Piece](), first
    for start, end in marks:
        start, end = max(start, at), min(end, last)
        if start >= end:
            continue
        found += [(text[at:start], False)] if start > at else []
        found.append((text[start:end], True))
        at = end
    found += [(text[at:last], False)] if at < last else []
    return [(compact(piece), is_marked) for piece, is_marked in found]


def place_of(hit: Mapping[str, Any]) -> str:
    """Where a passage stands in its document: its pages, else its characters."""
    first, last = hit.get("first_page") or hit.get("page"), hit.get("last_page") or hit.get("page")
    if first:
        return f"page {first}" if first == last else f"pages {first} to {last}"
    return f"characters {hit['start']:,} to {hit['end']:,}"


def moved(left: Sequence[PassageCard], right: Sequence[PassageCard]) -> None:
    """Notes by how many places each passage rose against the other column.

    A passage is the same if one of its chunks is, else if it is the same section of the same document.
    """
    for these, those in ((left, right), (right, left)):
        for passage in these:
            other = next((one for one in those if _is_same(passage.hit, one.hit)), None)
            passage.is_compared, passage.move = True, None if other is None else other.rank - passage.rank


def _is_same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    if not set(a["chunk_ids"]).isdisjoint(b["chunk_ids"]):
        return True
    return (a["doc_id"], a["heading"]) == (b["doc_id"], b["heading"])
