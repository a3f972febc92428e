"""Which documents an experiment is made on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lake.index import Index
    from lake.questions import EvalQuestion


@dataclass(frozen=True, slots=True)
class Sample:
    """``documents`` as (source, uri); ``n_evidence`` of them hold what questions are answered by, of ``n_all``."""

    documents: frozenset[tuple[str, str]]
    n_evidence: int
    n_all: int


def sampled(index: Index, questions: Sequence[EvalQuestion], n: int | None = None, seed: int = 0) -> Sample:
    """``n`` documents of live: all that hold evidence, and others drawn by lot; all of them without ``n``.

    The same seed draws the same ones, and more of them for a larger ``n``. There are more than ``n`` if more hold
    evidence.
    """
    release = index.release().id
    rows = index.dataset("documents", release).to_table(columns=["doc_id", "source", "uri"]).sort_by("doc_id")
    places = {row["doc_id"]: (row["source"], row["uri"]) for row in rows.to_pylist()}
    resolved = index.resolve(questions, release)
    needed = {place.doc_id for one in resolved for place in one.places} & places.keys()
    rest = [doc_id for doc_id in places if doc_id not in needed]
    order = np.random.default_rng(seed).permutation(len(rest))
    n_drawn = len(rest) if n is None else max(0, n - len(needed))
    chosen = needed | {rest[number] for number in order[:n_drawn]}
    return Sample(frozenset(places[doc_id] for doc_id in chosen), len(needed), len(places))
