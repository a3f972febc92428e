"""What a search shows about whether the answer is among its passages, in figures that no model makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.answer.terms import Vocabulary, Weights, coverage, is_dense, sentences, terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Rows looked at; so many are compared with the best one.
_TOP = 10
_NEXT = 4


@dataclass(frozen=True, slots=True)
class EvidenceSignals:
    """Each in [0, 1] but the cosine; none grows with the size of the lake. None: the leg it is of says nothing.

    ``cosine``: of the best passage. ``cosine_margin``, ``text_margin``: how far the best stands above the next few, as
    a part of itself. ``agreement``: how near the top both legs have the same passage. ``best_coverage``, ``coverage``:
    the share of the question, by weight, in one passage and in all of them.
    """

    best_coverage: float
    coverage: float
    cosine: float | None = None
    cosine_margin: float | None = None
    text_margin: float | None = None
    agreement: float | None = None


def evidence(question: str, rows: Sequence[Mapping[str, Any]]) -> EvidenceSignals:
    """Of HITS rows, best first; nothing but zeros where there are none."""
    rows = rows[:_TOP]
    cosines = sorted((row["vector_score"] for row in rows if row.get("vector_score") is not None), reverse=True)
    scores = sorted((row["text_score"] for row in rows if row.get("text_score") is not None), reverse=True)
    best, every = _coverage(question, [row["text"] for row in rows])
    if is_dense(question):
        # Which of its words the text leg finds is the tokenizer's doing, and then says nothing of the answer.
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
    """1 where both legs have the passage first, less the deeper either has it, 0 where only one found it.

    >>> _agreement({"vector_rank": 1, "text_rank": 1}), _agreement({"vector_rank": 1, "text_rank": 3})
    (1.0, 0.5)
    """
    ranks = (row.get("vector_rank"), row.get("text_rank"))
    return 0.0 if None in ranks else 2.0 / sum(rank for rank in ranks if rank is not None)


def _coverage(question: str, texts: Sequence[str]) -> tuple[float, float]:
    units = [[terms(text[start:end]) for start, end in sentences(text)] for text in texts]
    weights = Weights([unit for text in units for unit in text])
    asked = terms(question)
    words = [[term for unit in text for term in unit] for text in units]
    held = [coverage(asked, Vocabulary(found), weights) for found in words]
    together = Vocabulary(term for found in words for term in found)
    return max(held, default=0.0), coverage(asked, together, weights) if texts else 0.0
