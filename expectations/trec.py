"""Runs and judgements in the format of TREC, which other tools read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from expectations.retrieval import grades_of, ranking

if TYPE_CHECKING:
    from expectations.retrieval import Evaluation

#: White space is what separates columns.
_SAFE = "/:@!$&'()*+,;=~"


def run_lines(evaluation: Evaluation, tag: str) -> Iterator[str]:
    """``question_id Q0 document rank score tag``, documents by URI, or by source and URI where these are several."""
    names = _names(evaluation)
    for name, hits in evaluation.found.items():
        documents = ranking(hits or (), "document")
        for rank, doc_id in enumerate(documents, 1):
            yield f"{name} Q0 {names[doc_id]} {rank} {len(documents) - rank + 1} {tag}"


def qrels_lines(evaluation: Evaluation) -> Iterator[str]:
    """``question_id 0 document grade`` of all questions that were scored."""
    names = _names(evaluation)
    for one in evaluation.scored:
        for doc_id, grade in grades_of(one, "document").items():
            yield f"{one.question.question_id} 0 {names[doc_id]} {grade}"


def _names(evaluation: Evaluation) -> dict[str, str]:
    """What each document is called; never two of them alike."""
    places = {doc_id: (str(row["source"]), str(row["uri"]))
              for one in evaluation.resolved for doc_id, row in one.documents.items()}  # fmt: skip
    places |= {hit["doc_id"]: (hit["source"], hit["uri"]) for hits in evaluation.found.values() for hit in hits or ()}
    alone = len({source for source, _ in places.values()}) == 1
    return {
        doc_id: quote(uri, _SAFE) if alone else f"{quote(source, _SAFE)}/{quote(uri, _SAFE)}"
        for doc_id, (source, uri) in places.items()
    }
