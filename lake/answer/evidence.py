"""Signals of a search that its passages contain the answer; computed without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.answer.terms import Vocabulary, Weights, coverage, is_dense, sentences, terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Number of rows that are read and compared with the best one.
_TOP = 10
_NEXT = 4


@dataclass(frozen=True, slots=True)
class EvidenceSignals:
    """Signals, each in [0, 1] except the cosine, none growing with the lake. None: its retriever gives none.

    ``cosine``: of the best passage. ``cosine_margin``, ``text_margin``: lead of the best score over the next few, as
    a share of it. ``agreement``: how high both retrievers rank the same passage. ``best_coverage``, ``coverage``:
    the weighted share of the question's words in the best passage and in all of them.
    """

    best_coverage: float
    coverage: float
    cosine: float | None = None
    cosine_margin: float | None = None
    text_margin: float | None = None
    agreement: float | None = None


def evidence(question: str, rows: Sequence[Mapping[str, Any]]) -> EvidenceSignals:
    """The signals of HITS rows, best first; all 0 if there are none."""
    rows = rows[:_TOP]
    cosines = sorted((row["vector_score"] for row in rows if row.get("vector_score") is not None), reverse=True)
    scores = sorted((row["text_score"] for row in rows if row.get("text_score") is not None), reverse=True)
    best, every = _coverage(question, [row["text"] for row in rows])
    if is_dense(question):
        # Which of its words full text matches then depends on the tokenizer, and shows nothing about the answer.
        return EvidenceSignals(best, every, cosines[0] if cosines else None)
    return EvidenceSignals(
        cosine=cosines[0] if cosines else None,
        cosine_margin=_margin(cosines),
        text_margin=_margin(scores),
        agreement=max(map(_agreement, rows)) if cosines and scores else None,
        best_coverage=best,
        coverage=every,
    )


def _margin(scores: Sequence[float]) -> float | None:
    if not scores:
        return None
    if len(scores) < 2 or scores[0] <= 0:
        return 0.0
    following = scores[1 : 1 + _NEXT]
    return 1.0 - max(0.0, sum(following) / len(following)) / scores[0]


def _agreement(row: Mapping[str, Any]) -> float:
    """1 if both retrievers rank the passage first, less the lower it ranks, 0 if only one found it.

    >>> _agreement({"vector_rank": 1, "text_rank": 1}), _agreement({"vector_rank": 1, "text_rank": 3})
    (1.0, 0.5)
    """
    ranks = (row.get("vector_rank"), row.get("text_rank"))
    return 0.0 if None in ranks else 2.0 / sum(rank for rank in ranks if rank is not None)


def _coverage(question: str, texts: Sequence[str]) -> tuple[float, float]:
    units = [[terms(text[start:end]) for start, end in sentences(text)] for text in texts]
    weights = Weights([unit for text in units for unit in text])
    wanted = terms(question)
    words = [[term for unit in text for term in unit] for text in units]
    shares = [coverage(wanted, Vocabulary(found), weights) for found in words]
    together = Vocabulary(term for found in words for term in found)
    return max(shares, default=0.0), coverage(wanted, together, weights) if texts else 0.0
