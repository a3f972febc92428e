"""Aligns evidence with a release: finds its document, its place in the canonical text, chunks and sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.questions.manifest import BY_PIPELINE, Manifest, Reason
from lake.questions.values import EvalQuestion, Evidence
from lake.recipe.chunking import IS_TEXT
from lake.schemas import tuples
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

_DOCUMENTS_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class Place:
    """A place of evidence in a release: a whole document (no ``start``), or a span with its chunks and parents."""

    evidence: Evidence
    doc_id: str
    start: int | None = None
    end: int | None = None
    chunk_ids: tuple[str, ...] = ()
    parent_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """Evidence that can't be found in a release."""

    evidence: Evidence
    reason: Reason


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question and its evidence in one release; ``documents`` are its rows of the manifest, by doc_id.

    ``evidence_bytes`` digests the bytes of these documents, in quarantine or not: if it is the same in two releases,
    the source did not change what answers the question.
    """

    question: EvalQuestion
    places: tuple[Place, ...]
    lost: tuple[Lost, ...]
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    evidence_bytes: str = ""

    @property
    def left_out(self) -> str:
        """Why the question can't be scored at this release: the first reason; "" if it can.

        Evidence that the pipeline lost stays in the ideal and is never found. Evidence that can't be named any more
        leaves the ideal, as long as at least half of all relevant evidence remains in it. A question that nothing
        answers needs no evidence.
        """
        if self.question.is_unanswerable:
            return ""
        lost = [one for one in self.lost if one.evidence.grade]
        n_placed = sum(bool(place.evidence.grade) for place in self.places)
        if not lost and not n_placed:
            return "no evidence"
        unnamed = [one.reason for one in lost if one.reason not in BY_PIPELINE]
        if n_placed and 2 * len(unnamed) <= n_placed + len(lost):
            return ""
        return (unnamed or [one.reason for one in lost])[0] if lost else ""

    @property
    def is_partial(self) -> bool:
        """Whether it is scored although some of its relevant evidence is gone."""
        return not self.left_out and any(one.evidence.grade for one in self.lost)

    @property
    def never_found(self) -> list[Lost]:
        """Evidence that stays in the ideal although this release has no place for it."""
        return [one for one in self.lost if one.reason in BY_PIPELINE]


def resolve(lake: Lake, release: Release, questions: Sequence[EvalQuestion], *, follow: bool = True) -> list[Resolved]:
    """Each question with its evidence in ``release``, in the order of ``questions``.

    A span counts if it still holds the quote; otherwise the whole text is searched for the quote, ignoring white
    space, and context and old place choose among several occurrences. A document that is gone is followed to one with
    the text or the bytes that it had in the last kept release that has it, unless ``follow`` is false.
    """
    evidence = [piece for question in questions for piece in question.evidence]
    manifest = Manifest.of(lake, release, {piece.uri for piece in evidence})
    if follow:
        manifest = manifest.following(lake, release, evidence)
    spans = _located(lake, manifest, evidence)
    Spans(lake, release).attach(spans)
    return [_resolved(question, manifest, spans) for question in questions]


#: The place by document and evidence, or why there is none.
Found = dict[tuple[str, Evidence], "Place | Reason"]


def _located(lake: Lake, manifest: Manifest, evidence: Iterable[Evidence]) -> Found:
    """Place of each piece of evidence that is a part of an existing document."""
    by_content: dict[str, set[tuple[str, Evidence]]] = {}
    for piece in evidence:
        row = manifest.find(piece)
        if piece.is_place and isinstance(row, dict):
            by_content.setdefault(row["content_id"], set()).add((row["doc_id"], piece))
    found: Found = {}
    for content_id, text in _texts(lake, sorted(by_content)):
        for doc_id, piece in by_content[content_id]:
            span = find_place(text, piece)
            found[doc_id, piece] = Place(piece, doc_id, *span) if isinstance(span, tuple) else span
    return found


def _texts(lake: Lake, content_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Canonical texts; raises ContractError if one is not stored."""
    if content_ids:
        lake.contents.refresh()
    for start in range(0, len(content_ids), _DOCUMENTS_AT_A_TIME):
        wanted = content_ids[start : start + _DOCUMENTS_AT_A_TIME]
        texts = lake.contents.read(wanted, ["text"]).column("text").to_pylist()
        yield from zip(wanted, texts, strict=True)


def texts_of(lake: Lake, release: Release, doc_ids: set[str]) -> dict[str, tuple[str, str]]:
    """Source and canonical text of each of these documents of a release."""
    reader = lake.tables(release.generation).at("documents", release.versions["documents"])
    rows = reader.take("doc_id", sorted(doc_ids), ["doc_id", "source", "content_id"]).to_pylist() if doc_ids else []
    texts = dict(_texts(lake, sorted({row["content_id"] for row in rows})))
    return {row["doc_id"]: (row["source"], texts[row["content_id"]]) for row in rows}


def find_place(text: str, evidence: Evidence) -> tuple[int, int] | Reason:
    """Span of the evidence in a canonical text, or why it has none.

    >>> find_place("Oil is low. Oil is high.", Evidence("a", quote="Oil is  high"))
    (12, 23)
    >>> find_place("Oil is low. Oil is high.", Evidence("a", quote="Oil is"))
    'ambiguous'
    >>> find_place("Well. Oil is low. Oil is high.", Evidence("a", quote="Oil", start=12, end=15, before="low. "))
    (18, 21)
    """
    if evidence.quote is None:
        is_inside = evidence.start is not None and (evidence.end or 0) <= len(text)
        return (evidence.start or 0, evidence.end or 0) if is_inside else "text gone"
    if evidence.start is not None and text[evidence.start : evidence.end] == evidence.quote:
        return evidence.start, evidence.end or 0
    spans = _occurrences(text, evidence.quote) or _occurrences(text, evidence.quote.strip())
    if len(spans) < 2:
        return spans[0] if spans else "text gone"
    return _meant(text, evidence, spans)


def _occurrences(text: str, quote: str) -> list[tuple[int, int]]:
    """Spans of a quote, with any white space between its words; overlapping ones count separately."""
    pattern = r"\s+".join(map(re.escape, re.split(r"\s+", quote)))
    return [match.span(1) for match in re.finditer(f"(?=({pattern}))", text)]


def _meant(text: str, evidence: Evidence, spans: list[tuple[int, int]]) -> tuple[int, int] | Reason:
    """The occurrence whose context is most similar to the old one, and which is nearest to the old place."""

    def likeness(span: tuple[int, int]) -> tuple[int, int]:
        before, after = evidence.before or "", evidence.after or ""
        left = _agreeing(text[max(0, span[0] - len(before)) : span[0]][::-1], before[::-1])
        right = _agreeing(text[span[1] : span[1] + len(after)], after)
        return left + right, 0 if evidence.start is None else -abs(span[0] - evidence.start)

    best, second = sorted(spans, key=likeness, reverse=True)[:2]
    return best if likeness(best) > likeness(second) else "ambiguous"


def _agreeing(a: str, b: str) -> int:
    """The number of equal characters at the start."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


class Spans:
    """Chunks and parents of one release, by position."""

    def __init__(self, lake: Lake, release: Release) -> None:
        tables = lake.tables(release.generation)
        chunks = release.recipe.embedder.table
        self._chunks = tables.at(chunks, release.versions[chunks])
        self._parents = tables.at("parents", release.versions["parents"])
        self._of_texts = IS_TEXT if release.recipe.chunking.has_summaries else None

    def attach(self, found: Found) -> None:
        """Gives each place the chunks and parents that overlap it."""
        keys = [key for key, place in found.items() if isinstance(place, Place)]
        doc_ids = sorted({doc_id for doc_id, _ in keys})
        chunks = _by_document(self._chunks, "chunk_id", doc_ids, self._of_texts)
        parents = _by_document(self._parents, "parent_id", doc_ids)
        for key in keys:
            place = found[key]
            assert isinstance(place, Place)
            span, doc_id = (place.start or 0, place.end or 0), place.doc_id
            inside = (tuple(_overlapping(spans.get(doc_id, ()), *span)) for spans in (chunks, parents))
            found[key] = Place(place.evidence, doc_id, *span, *inside)


def _by_document(
    reader: TableReader, key: str, doc_ids: Sequence[str], such: str | None = None
) -> dict[str, list[tuple[int, int, str]]]:
    """Spans (start, end, id) of these documents in order."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for first in range(0, len(doc_ids), _DOCUMENTS_AT_A_TIME):
        where = one_of("doc_id", doc_ids[first : first + _DOCUMENTS_AT_A_TIME])
        where = f"{where} AND {such}" if such else where
        rows = reader.scan(["doc_id", "start", "end", key], where)
        for doc_id, *span in tuples(rows, "doc_id", "start", "end", key):
            found.setdefault(doc_id, []).append(tuple(span))
    return {doc_id: sorted(spans) for doc_id, spans in found.items()}


def _overlapping(spans: Iterable[tuple[int, int, str]], start: int, end: int) -> Iterator[str]:
    yield from (name for a, b, name in spans if a < end and start < b)


def _resolved(question: EvalQuestion, manifest: Manifest, found: Found) -> Resolved:
    places, lost, documents = [], [], {}
    for piece in question.evidence:
        row = manifest.find(piece)
        place: Place | Reason
        if isinstance(row, str):
            place = row
        else:
            documents[row["doc_id"]] = row
            place = found[row["doc_id"], piece] if piece.is_place else Place(piece, row["doc_id"])
        if isinstance(place, Place):
            places.append(place)
        else:
            lost.append(Lost(piece, place))
    return Resolved(question, tuple(places), tuple(lost), documents, manifest.bytes_of(question))
