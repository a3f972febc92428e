"""Hits of ``POST /query`` as the pages show them: marked words, places, and how they were found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isclose
from typing import Any

from lake.console.views.lines import passage_word
from lake.recipe import SPARSE
from lake.reporting.words import compact

Piece = tuple[str, bool]

#: The words, colour and unit of what searches by vectors, and of what searches by full text.
_RETRIEVERS = {
    "vector": ("meaning", "c2", "cosine"),
    "text": ("words", "c1", "BM25"),
    SPARSE: ("terms", "c4", "dot product"),
}
#: Characters of a passage that are shown at once, and before them those of a line that has begun.
_SHOWN, _NEAR = 640, 60
#: The marks of a heading or a list at the end, without their words.
_UNFINISHED = re.compile(r"\s*\n[\s#*+=-]*\Z")


@dataclass(frozen=True, slots=True)
class CardLeg:
    """What one retriever or reranker has to say about a passage; ``share`` of the best one of its list.

    ``added``: its part of the fused score, of which ``width`` is drawn from ``offset`` on, as shares of the best score;
    None if the score is not such a sum.
    """

    name: str
    colour: str
    unit: str
    rank: int | None
    score: float | None
    share: float
    added: float | None = None
    offset: float = 0.0
    width: float = 0.0


@dataclass(slots=True)
class PassageCard:
    """``before``, ``excerpt`` and ``after`` are pieces of the text with their marks; the excerpt holds the best chunk.

    ``share`` of the best score of its list; ``against``: by what it is below the passage above, as ``below`` states.
    ``decimals`` of the score and its parts: more for scores below 1, as those that add reciprocals of ranks are.
    ``move``: places that it rose by from the other column; None if it is not there.
    """

    rank: int
    hit: Mapping[str, Any]
    before: list[Piece]
    excerpt: list[Piece]
    after: list[Piece]
    share: float
    legs: list[CardLeg]
    move: int | None = None
    is_compared: bool = False
    decimals: int = 2
    place: str = field(default="")
    against: list[tuple[str, float]] = field(default_factory=list)

    @property
    def word(self) -> str | None:
        """How its lines are asked for; None if it has pages."""
        return passage_word(self.rank, self.hit)

    @property
    def below(self) -> float:
        """By how much the score is below that of the passage above, as it is shown."""
        return round(-sum(difference for _, difference in self.against), self.decimals) or 0.0

    @property
    def is_apart(self) -> bool:
        """Whether any part of the score differs from that of the passage above, as it is shown."""
        return any(round(difference, self.decimals) for _, difference in self.against)

    @property
    def is_sum(self) -> bool:
        """Whether the score is the sum of what the retrievers added."""
        return any(leg.added is not None for leg in self.legs)


def passages(hits: Sequence[Mapping[str, Any]]) -> list[PassageCard]:
    """Passages, best first."""
    best = max((hit["score"] for hit in hits), default=0) or 1
    most = {name: max((hit[f"{name}_score"] or 0 for hit in hits), default=0) or 1 for name in ("text", "rerank")}
    legs = [leg for hit in hits for leg in hit.get("legs") or ()]
    most[SPARSE] = max((leg["score"] or 0 for leg in legs if leg["leg"] == SPARSE), default=0) or 1
    found = [_passage(rank, hit, best, most) for rank, hit in enumerate(hits, 1)]
    for one in found:
        one.decimals = 2 if best >= 1 else 4
        one.legs = [_rounded(leg, one.decimals) for leg in one.legs]
    for above, below in pairwise(found):
        below.against = _against(above, below)
    return found


def _rounded(leg: CardLeg, decimals: int) -> CardLeg:
    """With its part as it is shown, so that what a reader adds up is what the card states."""
    return leg if leg.added is None else replace(leg, added=round(leg.added, decimals))


def _against(above: PassageCard, below: PassageCard) -> list[tuple[str, float]]:
    """What each retriever adds more or less than to the passage above; nothing unless both scores are such sums.

    The retriever that decides comes first.
    """
    if not (above.is_sum and below.is_sum):
        return []
    others = {leg.name: leg.added or 0.0 for leg in above.legs}
    mine = {leg.name: leg.added or 0.0 for leg in below.legs}
    names = dict.fromkeys((*mine, *others))
    return sorted(((name, mine.get(name, 0.0) - others.get(name, 0.0)) for name in names), key=lambda pair: pair[1])


def _passage(rank: int, hit: Mapping[str, Any], best: float, most: Mapping[str, float]) -> PassageCard:
    first, last = _excerpt(hit)
    marks = hit.get("found_words") or []
    text = hit["text"]
    before, excerpt, after = (pieces(text, marks, *span) for span in ((0, first), (first, last), (last, len(text))))
    legs = list(_legs(hit, best, most))
    return PassageCard(rank, hit, before, excerpt, after, hit["score"] / best, legs, place=place_of(hit))


def _legs(hit: Mapping[str, Any], best: float, most: Mapping[str, float]) -> Iterator[CardLeg]:
    """The retrievers, then the reranker. Parts of the score are those of a score that nothing changed since."""
    alone = (("vector", hit["vector_rank"], hit["vector_score"]), ("text", hit["text_rank"], hit["text_score"]))
    parts = [{"leg": leg, "rank": rank, "score": score, "added": None} for leg, rank, score in alone if rank]
    parts = list(hit.get("legs") or parts)
    is_sum = hit["rerank_score"] is None and all(part["added"] is not None for part in parts)
    is_sum = is_sum and isclose(sum(part["added"] for part in parts), hit["score"], rel_tol=1e-6)
    at = 0.0
    for part in parts:
        words, colour, unit = _RETRIEVERS.get(part["leg"], _RETRIEVERS["vector"])
        share = (part["score"] or 0) / most.get(part["leg"], 1)
        model = f" {part['leg'].removeprefix('vector_')}" if part["leg"].startswith("vector_") else ""
        added = part["added"] if is_sum else None
        width = max(added or 0.0, 0.0) / best
        yield CardLeg(words + model, colour, unit, part["rank"], part["score"], share, added, at, width)
        at += width
    if hit["rerank_score"] is not None:
        yield CardLeg("reranker", "c3", "relevance", None, hit["rerank_score"], hit["rerank_score"] / most["rerank"])


def _excerpt(hit: Mapping[str, Any]) -> tuple[int, int]:
    """The span of the text to show at once: the best chunk's, moved to the words found if it is long."""
    text, start = hit["text"], hit["start"]
    first = max(hit["chunk_start"] - start, 0)
    last = min(max(hit["chunk_end"] - start, first), len(text))
    if last - first > _SHOWN:
        inside = [mark for mark, end in hit.get("found_words") or [] if first <= mark and end <= last]
        at = max(min((inside[0] if inside else first) - _SHOWN // 4, last - _SHOWN), first)
        first, last = (text.rfind(" ", first, at) + 1 or at) if at > first else at, min(at + _SHOWN, last)
        last = _word_end(text, last)
        first, last = _line_begin(text, first), first + len(_UNFINISHED.sub("", text[first:last]))
    return first, last


def _word_end(text: str, last: int) -> int:
    """The end of the word that is cut, if it is near; else the cut."""
    end = text.find(" ", last, last + _NEAR)
    return end if end >= 0 else len(text) if len(text) - last <= _NEAR else last


def _line_begin(text: str, first: int) -> int:
    """The beginning of the line, if it is near: a heading is shown whole."""
    line = text.rfind("\n", max(0, first - _NEAR), first) + 1
    return line or (0 if first <= _NEAR else first)


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
