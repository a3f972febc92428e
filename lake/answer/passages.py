"""Spans of documents: joined if they touch, cut if they are too long, never with the same words twice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lake.chunk.boundaries import sentence_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Spans of a section with at most this many characters between them, white space, are neighbours.
_GAP = 2
#: Kinds of text that are cut between lines only.
_LINED = ("code", "table")


@dataclass(frozen=True, slots=True)
class Passage:
    """``text`` is the document from ``start`` to ``end``; ``rank`` is that of its best hit.

    ``pages`` are the first and the last page; those of a passage that was cut are those of the whole.
    """

    doc_id: str
    start: int
    end: int
    text: str
    heading: str
    rank: int
    row: Mapping[str, Any]
    is_cut: bool = False
    pages: tuple[int, int] | None = None

    def near(self, other: Passage) -> bool:
        """Whether the two overlap or nearly touch."""
        return self.doc_id == other.doc_id and self.start <= other.end + _GAP and other.start <= self.end + _GAP

    def shares(self, other: Passage) -> bool:
        """Whether the two overlap."""
        return self.doc_id == other.doc_id and self.start < other.end and other.start < self.end

    def joins(self, other: Passage) -> bool:
        """Whether the two form one passage: they overlap, or are neighbours in one section."""
        return self.shares(other) or (
            self.near(other) and self.heading == other.heading and _nothing_between(self, other)
        )


def _nothing_between(a: Passage, b: Passage) -> bool:
    """Whether only white space parts the two, as it does whole chunks; beside a cut, a short sentence may stand."""
    first, second = sorted((a, b), key=lambda passage: passage.start)
    if second.start <= first.end or not (a.is_cut or b.is_cut):
        return True
    for row in (first.row, second.row):
        start, text = row["start"], row["text"]
        if start <= first.end and second.start <= start + len(text):
            return bool(text[first.end - start : second.start - start].isspace())
    return False


def passage_of(row: Mapping[str, Any], rank: int) -> Passage:
    """A hit's text: its parent or window if the search expanded it."""
    return _passage(row, rank, row["start"], row["end"], row["text"], _pages(row, ""))


def child_of(row: Mapping[str, Any], rank: int) -> Passage:
    """The chunk that was found."""
    if row.get("chunk_text") is None:
        return passage_of(row, rank)
    return _passage(row, rank, row["chunk_start"], row["chunk_end"], row["chunk_text"], _pages(row, "chunk_"))


def _passage(
    row: Mapping[str, Any], rank: int, start: int, end: int, text: str, pages: tuple[int, int] | None
) -> Passage:
    return Passage(row["doc_id"], start, end, text, row.get("heading") or "", rank, row, pages=pages)


def _pages(row: Mapping[str, Any], of: str) -> tuple[int, int] | None:
    """The first and the last page of a hit's passage or chunk; None if the format or the release has none."""
    first, last = row.get(f"{of}first_page"), row.get(f"{of}last_page")
    return None if first is None or last is None else (first, last)


def joined(passages: Iterable[Passage], new: Passage) -> list[Passage]:
    """The passages with ``new`` added, and joined with all that it joins."""
    apart = []
    for passage in passages:
        if passage.joins(new):
            new = _union(passage, new)
        else:
            apart.append(passage)
    return [*apart, new]


def _union(a: Passage, b: Passage) -> Passage:
    best = min(a, b, key=lambda passage: passage.rank)
    first, second = sorted((a, b), key=lambda passage: (passage.start, -passage.end))
    pages = [page for passage in (a, b) for page in passage.pages or ()]
    first = replace(first, pages=(min(pages), max(pages)) if pages else None)
    if second.end <= first.end:
        return replace(first, rank=best.rank, row=best.row, is_cut=a.is_cut or b.is_cut)
    gap = second.start - first.end
    text = first.text + "\n" * max(0, gap) + second.text[max(0, -gap) :]
    both = replace(first, end=second.end, text=text, is_cut=a.is_cut or b.is_cut)
    return replace(both, rank=best.rank, row=best.row, heading=best.heading)


def in_reading_order(passages: Iterable[Passage]) -> list[Passage]:
    """Best first, with neighbours in one document together, in reading order."""
    groups: list[list[Passage]] = []
    for passage in sorted(passages, key=lambda p: (p.doc_id, p.start)):
        if groups and groups[-1][-1].near(passage):
            groups[-1].append(passage)
        else:
            groups.append([passage])
    groups.sort(key=lambda group: min(passage.rank for passage in group))
    return [passage for group in groups for passage in group]


def cut_around(passage: Passage, child: Passage, fits: Callable[[Passage], bool]) -> Passage | None:
    """As many whole sentences (lines of code, rows of a table) around ``child`` as fit.

    Cuts the child at its end if only a part of it fits; returns None if not even one sentence does.
    """
    places = _boundaries(passage)
    low = max(0, bisect_right(places, child.start - passage.start) - 1)
    high = min(len(places) - 1, bisect_left(places, child.end - passage.start))
    while high > low and not fits(_slice(passage, places[low], places[high])):
        high -= 1
    if high == low:
        return None
    grown = True
    while grown:
        grown = False
        for wider in ((low, high + 1), (low - 1, high)):
            inside = wider[0] >= 0 and wider[1] < len(places)
            if inside and fits(_slice(passage, places[wider[0]], places[wider[1]])):
                (low, high), grown = wider, True
    return _slice(passage, places[low], places[high])


def _boundaries(passage: Passage) -> list[int]:
    text = passage.text
    lines = {position + 1 for position, character in enumerate(text) if character == "\n"}
    stops = set() if passage.row.get("kind") in _LINED else set(sentence_starts(text))
    return sorted({0, len(text)} | lines | stops)


def _slice(passage: Passage, low: int, high: int) -> Passage:
    text = passage.text[low:high]
    start = low + len(text) - len(text.lstrip())
    end = low + len(text.rstrip())
    whole = (start, end) == (0, len(passage.text))
    cut = replace(passage, start=passage.start + start, end=passage.start + max(start, end), is_cut=not whole)
    return replace(cut, text=passage.text[start : max(start, end)])
