"""Refines the candidates before they become passages: deduplicates, reranks, boosts and diversifies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.endpoints.breaker import UnreachableError
from lake.endpoints.usage import Usage
from lake.options import Boosts
from lake.options.boosts import boosts_of, is_metadata
from lake.options.search import OWN, is_by_chat
from lake.plugins.later import Later
from lake.schemas import tuples
from lake.search.boosts import factors
from lake.search.diversity import duplicates, mmr
from lake.search.question import SearchRequest
from lake.search.rerank import reranker_breaker, reranker_scores

if TYPE_CHECKING:
    from lake.search import rerank_chat
    from lake.search.late_interaction import OwnReranker
else:  # what only reranking by a chat model needs
    rerank_chat = Later("lake.search.rerank_chat")

_LEAST_FACTOR = 1e-9
#: Columns that every boost reads: the date and the source.
_N_ALWAYS = 2
#: Steps that compare all pairs of candidates take at most this many.
MAX_LOOKED_AT = 1000
#: Reads columns of candidates by their row ids, in their order.
Read = Callable[[list[int], Sequence[str]], pa.Table]


@dataclass(frozen=True, slots=True)
class OfRelease:
    """What the steps read of a release; ``metadata`` returns that of documents, by doc_id."""

    read: Read
    created_at: datetime
    own: OwnReranker
    metadata: Callable[[], Mapping[str, Mapping[str, Any]]]
    spent: list[Usage] = field(default_factory=list)  # what the steps of one search cost
    known: dict[str, dict[str, float]] | None = None  # a text's score by reranker, if a question is ordered repeatedly


def refined(found: pa.Table, question: SearchRequest, depth: int, release: OfRelease) -> list[tuple[str, pa.Table]]:
    """The candidates after each step, named after its option; the last are in their final order.

    ``score`` is that of the last step that scored. Reranking adds ``rerank_score``, boosts ``boost``, deduplication
    ``copies``: the documents of the dropped near-duplicates of the chunk. Without a reranker that can't be reached
    there is no such step, and none for a ``min_score``, which would be on its scale.
    """
    if question.is_refined:
        is_alone = question.rerank and question.weight_of_reranker == 1
        found = found.slice(0, question.n_reranked if is_alone else min(depth, MAX_LOOKED_AT))
    steps = [("rerank_depth", found)]
    if question.collapse is not None:
        found = _collapsed(found, question.collapse, release.read)
    steps.append(("collapse", found))
    is_whole = True
    if question.rerank:
        try:
            steps.append(("rerank", _reranked(found, question, release)))
        except UnreachableError:
            is_whole = False
    if question.boosts:
        steps.append(("boosts", _boosted(steps[-1][1], boosts_of(question.boosts), release)))
    if question.min_score is not None and is_whole:
        found = steps[-1][1]
        steps.append(("min_score", found.filter(pc.greater_equal(found.column("score"), float(question.min_score)))))
    if question.diversity:
        steps.append(("diversity", _spread(steps[-1][1], question, release.read)))
    return steps


def _collapsed(found: pa.Table, threshold: float, read: Read) -> pa.Table:
    rows = read(_row_ids(found), ["text", "uri", "source"])
    uris, sources = (rows.column(name).to_pylist() for name in ("uri", "source"))
    first = duplicates(rows.column("text").to_pylist(), threshold)
    kept = [row for row, original in enumerate(first) if row == original]
    copies: dict[int, dict[str, str]] = {row: {} for row in kept}
    for row, original in enumerate(first):
        if uris[row] != uris[original]:
            copies[original].setdefault(uris[row], sources[row])
    left = found.take(pa.array(kept, pa.int64()))
    for name, values in (("copies", dict.keys), ("copy_sources", dict.values)):
        left = left.append_column(name, pa.array([list(values(copies[row])) for row in kept], pa.list_(pa.string())))
    return left


def _reranked(found: pa.Table, question: SearchRequest, release: OfRelease) -> pa.Table:
    """The best candidates in their new order, before those that the reranker did not read."""
    n, weight = min(question.n_reranked, found.num_rows), question.weight_of_reranker
    more = release.own.reads if question.rerank == OWN else ()
    rows = release.read(_row_ids(found.slice(0, n)), ["heading", "text", *more])
    texts = [f"{heading}\n{text}" if heading else text for heading, text in tuples(rows, "heading", "text")]
    digests = dict(zip(texts, rows.column("text_digest").to_pylist(), strict=True)) if more else {}
    scores = _scores(question, texts, digests, release) if texts else np.array([])
    marked = found.append_column("rerank_score", pa.array([*scores, *[None] * (found.num_rows - n)], pa.float64()))
    if weight == 1:
        return _by_score(marked, scores)
    before = found.column("score").to_numpy().copy()
    before[:n] = blended(before[:n], scores, weight)
    return _by_score(marked, before)


def blended(before: np.ndarray, scores: np.ndarray, weight: float) -> np.ndarray:
    """Scores on the scale of those ``before``: the reranker's are stretched to their range.

    >>> blended(np.array([8.0, 6.0, 4.0]), np.array([0.1, 0.9, 0.5]), 0.5).tolist()
    [6.0, 7.0, 5.0]
    """
    if not len(scores):
        return before
    share = scores - scores.min()
    spread = share.max()
    stretched = before.min() + (share / spread if spread else np.ones_like(share)) * (before.max() - before.min())
    mixed: np.ndarray = (1 - weight) * before + weight * stretched
    return mixed


def _scores(question: SearchRequest, texts: list[str], digests: Mapping[str, str], release: OfRelease) -> np.ndarray:
    """A score of each text; those that are known are not computed again. ``digests`` of texts as they were embedded."""
    if release.known is None:
        return _computed(question, texts, digests, release)
    known = release.known.setdefault(str(question.rerank), {})
    if missing := list(dict.fromkeys(text for text in texts if text not in known)):
        known.update(zip(missing, _computed(question, missing, digests, release).tolist(), strict=True))
    return np.array([known[text] for text in texts])


def _computed(question: SearchRequest, texts: list[str], digests: Mapping[str, str], release: OfRelease) -> np.ndarray:
    """A finite score of each text; raises UnreachableError if the question may degrade, or for no order in a reply."""
    name, seconds = str(question.rerank), question.degrade_after if question.degrade else None
    if name == OWN:
        return release.own.scores(question.text, texts, digests)
    if is_by_chat(name):
        return rerank_chat.ChatReranker.named(name, seconds).scores(question.text, texts, release.spent)
    if seconds is None:
        return reranker_scores(name, question.text, texts)
    return reranker_breaker(name).call(lambda: reranker_scores(name, question.text, texts), seconds)


def _boosted(found: pa.Table, boosts: Boosts, release: OfRelease) -> pa.Table:
    """Multiplies scores by their factors; divides negative scores, so that a factor above 1 always raises them."""
    columns = [column for column in boosts.values if not is_metadata(column)]
    rows = release.read(_row_ids(found), ["modified_at", "source", *columns, *(["doc_id"] * boosts.reads_metadata)])
    documents = rows.drop_columns(["modified_at", "source"]).to_pylist() if rows.num_columns > _N_ALWAYS else []
    known = release.metadata() if boosts.reads_metadata else {}
    for document in documents:
        document["metadata"] = known.get(document.get("doc_id", ""))
    has_recency = boosts.recency_half_life_days is not None
    dates = rows.column("modified_at").to_pylist() if has_recency else [None] * rows.num_rows
    sources = rows.column("source").to_pylist()
    times = factors(boosts, dates, sources, release.created_at, documents)
    scores = found.column("score").to_numpy()
    boosted = np.where(scores >= 0, scores * times, scores / np.maximum(times, _LEAST_FACTOR))
    return _by_score(found.append_column("boost", pa.array(times, pa.float64())), boosted)


def _spread(found: pa.Table, question: SearchRequest, read: Read) -> pa.Table:
    """Sorts by maximal marginal relevance, which is not the order of the scores."""
    if not found.num_rows:
        return found
    vectors = read(_row_ids(found), ["vector"]).column("vector").combine_chunks()
    stacked = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(len(vectors), -1)
    order = mmr(found.column("score").to_numpy(), stacked, 1 - question.diversity, found.num_rows)
    return found.take(pa.array(order, pa.int64()))


def _by_score(found: pa.Table, scores: np.ndarray) -> pa.Table:
    """Sorts by score, best first; equal ones in order of chunk_id."""
    scored = found.set_column(found.column_names.index("score"), "score", pa.array(scores, pa.float64()))
    return scored.sort_by([("score", "descending"), ("chunk_id", "ascending")])


def _row_ids(found: pa.Table) -> list[int]:
    ids: list[int] = found.column("_rowid").to_pylist()
    return ids
