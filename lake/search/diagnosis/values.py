"""Where the evidence of a question is, or was lost, on its way from the source into an answer: values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lake.questions.values import Evidence

#: The ways in which evidence is lost, in their order; the last is that it is not.
Stage = Literal[
    "absent",  # no source listed the document at this release
    "erased",  # by raglake forget, for good
    "several sources",
    "quarantined",
    "text gone",
    "ambiguous",
    "no chunk",  # in the document's text, but the chunker left it out
    "hidden",
    "filtered",
    "no words",  # searched by words alone, none of which is in it
    "missed by the index",  # near enough, but the approximate index did not propose it
    "too deep",  # neither leg looked so far down
    "rerank_depth",  # found, but not among those that the closer steps look at
    "collapse",
    "min_score",
    "beyond k",
    "out of context",
    "found",
]


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk that holds evidence; ranks from 1 among all chunks that may be found, exact however deep they are.

    ``rank`` and ``score`` are those after fusion. None: not found by that leg, or it did not run. Where a chunk is
    hidden or filtered out, they are what it would have without that.
    """

    chunk_id: str
    parent_id: str
    start: int
    end: int
    heading: str | None
    rank: int | None = None
    score: float | None = None
    vector_rank: int | None = None
    vector_score: float | None = None
    text_rank: int | None = None
    text_score: float | None = None


@dataclass(frozen=True, slots=True)
class SearchStep:
    """Where the best chunk stood after a step of the search; None: it was left out there."""

    name: str
    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class EvidenceLocation:
    """One piece of evidence. ``spans`` best first, at most a handful of ``n_chunks``; ``is_cut``: none holds it whole.

    ``rank`` is that of the passage that holds it, among all passages found; ``covered`` is the share of its
    characters that the first k hold. ``facts`` has what only this stage knows.
    """

    evidence: Evidence
    stage: Stage
    facts: Mapping[str, Any] = field(default_factory=dict)
    doc_id: str | None = None
    start: int | None = None
    end: int | None = None
    spans: tuple[Span, ...] = ()
    n_chunks: int = 0
    is_cut: bool = False
    steps: tuple[SearchStep, ...] = ()
    rank: int | None = None
    covered: float = 0.0
