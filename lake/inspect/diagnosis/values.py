"""Values of a diagnosis: the stage at which evidence is found or lost, between its source and an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lake.questions.values import Evidence

#: The stages at which evidence can be lost, in order; the last is "found".
Stage = Literal[
    "absent",  # no source listed the document for this release
    "erased",  # by raglake forget, permanently
    "several sources",
    "quarantined",
    "text gone",
    "ambiguous",
    "no chunk",  # in the document's text, but the chunker left it out
    "hidden",
    "filtered",
    "no words",  # searched by words alone, and it contains none of them
    "missed by the index",  # near enough, but the approximate index did not propose it
    "too deep",  # below the depth of both ranked lists
    "rerank_depth",  # found, but not among those that the refining steps read
    "collapse",
    "min_score",
    "beyond k",
    "out of context",
    "found",
]


@dataclass(frozen=True, slots=True)
class VectorRank:
    """A chunk's rank and score by one of a release's further embedders; None if its vectors did not run."""

    embedder: str
    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk that holds evidence, with its exact ranks, from 1, among all chunks that may be found.

    ``rank`` and ``score`` are those after fusion, ``further`` those of further embedders. None means that the retriever
    did not find it or did not run.
    Ranks of a hidden or filtered chunk are those it would have otherwise.
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
    page: int | None = None
    further: tuple[VectorRank, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchStep:
    """Rank of the best chunk after a step of the search; None if the step dropped it."""

    name: str
    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class EvidenceLocation:
    """One piece of evidence. ``spans``: some of its ``n_chunks``, best first; ``is_cut``: no chunk has all of it.

    ``rank``: rank of its passage among all passages found. ``covered``: share of its characters in the first k.
    ``facts``: what only this stage records. ``stands``: uri of the exact copy that a search finds in place of the
    document, if that is another one; everything else is about that copy.
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
    stands: str | None = None
