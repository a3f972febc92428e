"""Measures of a ranking: of documents by ir-measures, of spans as chunking_evaluation defines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ir_measures
import pyarrow as pa
from ir_measures import RR, R, nDCG

Span = tuple[int, int]

MEASURES = (nDCG @ 10, R @ 10, R @ 100, RR @ 10)
SPAN_MEASURES = ("recall", "precision", "IoU")

#: nDCG@10 (chunking: recall / IoU) of other software over the same collections and model, by exact search: bm25s with
#: stemming, all-MiniLM-L6-v2 on documents cut at 256 tokens, reciprocal rank fusion of both.
ANCHORS = {
    "scifact": {"vector": ".645", "text": ".686", "hybrid": ".717"},
    "docs": {"vector": ".683", "text": ".714", "hybrid": ".787"},
    "code": {"vector": ".583", "text": ".577", "hybrid": ".671"},
    "xquad-en": {"vector": ".943", "text": ".965", "hybrid": ".968"},
    "xquad-de": {"vector": ".704", "text": ".925", "hybrid": ".853"},
    "chunking": {"vector": ".792 / .050", "text": ".872 / .054", "hybrid": ".857 / .053"},
}


def document_measures(
    relevance: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Means over all judged questions; one that found nothing counts as 0."""
    run = {q: {document: -float(rank) for rank, document in enumerate(found)} for q, found in ranked.items()}
    found = ir_measures.calc_aggregate(MEASURES, {q: dict(judged) for q, judged in relevance.items()}, run)
    return {str(measure): float(found[measure]) for measure in MEASURES}


def span_measures(document: str, wanted: Sequence[Span], hits: pa.Table) -> tuple[float, float, float]:
    """Recall, precision and intersection over union of characters, for one question.

    What several chunks hold of the wanted spans counts once; what they hold besides counts in each of them.
    """
    places = list(zip(*(hits[column].to_pylist() for column in ("uri", "start", "end")), strict=True))
    shared = [(max(start, a), min(end, b)) for uri, start, end in places if uri == document for a, b in wanted]
    n_shared, n_wanted = _covered(shared), _covered(wanted)
    n_found = sum(end - start for _, start, end in places)
    return n_shared / n_wanted, n_shared / max(n_found, 1), n_shared / (n_found + n_wanted - n_shared)


def _covered(spans: Sequence[Span]) -> int:
    """Characters that lie in at least one of the spans; empty ones, too, may be among them.

    >>> _covered([(0, 4), (2, 6), (9, 8)])
    6
    """
    n_covered, reached = 0, 0
    for start, end in sorted(spans):
        n_covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return n_covered
