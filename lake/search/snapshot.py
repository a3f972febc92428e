"""One release opened for searching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.embed import load_embedder
from lake.errors import ContractError, UsageError
from lake.releases import Release
from lake.search.candidates import PLACE, Leg, ranked
from lake.search.fusion import reciprocal_ranks
from lake.search.passages import Passages, grouped
from lake.search.question import Question
from lake.table_reader import TableReader

if TYPE_CHECKING:
    from lake.embed.base import Embedder

#: Each leg looks so much deeper than the answer, so that both can vote and sections can be put together.
_LEAST_DEPTH, _DEPTH = 50, 4
#: How much deeper a search goes that found too few passages, and how deep at most.
_DEEPER, _DEEPEST = 4, 40_000
#: So many more are fetched, since Lance cuts anywhere among equal scores; we cut in order of chunk_id.
_SPARE = 32
_AT_A_TIME = 4
#: Where the schema of an answer says which release gave it.
_RELEASE = b"release"


class Snapshot:
    """Reads and searches one release."""

    def __init__(self, release: Release, open_table: Callable[[str], TableReader]) -> None:
        self.release, self._open_table = release, open_table
        self._tables: dict[str, TableReader] = {}

    def table(self, name: str) -> TableReader:
        """``documents``, ``parents``, ``chunks`` or ``quarantine``."""
        stored = self.release.recipe.embedder.table if name == "chunks" else name
        if stored not in self.release.versions:
            raise UsageError(f"no table {name!r}; choose 'documents', 'parents', 'chunks' or 'quarantine'")
        if name not in self._tables:
            self._tables[name] = self._open_table(stored)
        return self._tables[name]

    def search(self, question: Question, embedder: Embedder | None = None) -> pa.Table:
        """HITS rows, best first."""
        hits = self._passages(question, embedder)
        return hits.replace_schema_metadata({_RELEASE: self.release.release})

    def search_all(self, questions: Sequence[Question], embedder: Embedder | None = None) -> list[pa.Table]:
        """HITS rows of each question, several searched at a time."""
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="raglake-question") as pool:
            return list(pool.map(lambda question: self.search(question, embedder), questions))

    def _passages(self, question: Question, embedder: Embedder | None) -> pa.Table:
        vector = None
        depth = max(_LEAST_DEPTH, _DEPTH * question.k)
        while True:
            legs, vector = self._legs(question, depth + _SPARE, embedder, vector)
            found = self._fused(legs, depth, question)
            groups = grouped(found, question.expand, question.window)
            is_all = all(len(leg.row_ids) < depth for leg in legs)
            if len(groups) >= question.k or is_all or depth >= _DEEPEST:
                passages = Passages(self.table("chunks"), self.table("parents"))
                return passages.read(found, groups[: question.k], question.expand)
            depth *= _DEEPER

    def _legs(
        self, question: Question, depth: int, embedder: Embedder | None, vector: np.ndarray | None
    ) -> tuple[list[Leg], np.ndarray | None]:
        """What each way of searching finds; the words are looked up while the question is embedded."""
        words = _pool().submit(self._by_words, question, depth) if question.mode == "hybrid" else None
        legs = []
        if question.mode != "text":
            vector = self._vector(question.text, embedder) if vector is None else vector
            legs.append(self._by_vector(vector, question, depth))
        if question.mode == "text":
            legs.append(self._by_words(question, depth))
        if words is not None:
            legs.append(words.result())
        return legs, vector

    def _by_vector(self, vector: np.ndarray, question: Question, depth: int) -> Leg:
        found = self.table("chunks").nearest(vector, depth, question.where)
        return Leg(
            "vector", found.column("_rowid").to_numpy(), 1.0 - found.column("_distance").to_numpy().astype(float)
        )

    def _by_words(self, question: Question, depth: int) -> Leg:
        found = self.table("chunks").matching(question.text_query(), depth, question.where)
        return Leg("text", found.column("_rowid").to_numpy(), found.column("_score").to_numpy().astype(float))

    def _fused(self, legs: list[Leg], depth: int, question: Question) -> pa.Table:
        def fuse(ranks: dict[str, np.ndarray], scores: dict[str, np.ndarray]) -> np.ndarray:
            if len(legs) == 1:
                return scores[legs[0].name]
            return reciprocal_ranks(ranks["vector"], ranks["text"])

        return ranked(legs, depth, lambda row_ids: self.table("chunks").rows(row_ids, PLACE), fuse)

    def _vector(self, text: str, embedder: Embedder | None) -> np.ndarray:
        identity = self.release.recipe.embedder
        embedder = embedder or load_embedder(identity.name)
        if not embedder.identity.answers(identity):
            raise UsageError(
                f"{self.release.release} was embedded with {identity.name!r} (weights {identity.weights[:12]}); asking "
                f"with {embedder.identity.name!r} (weights {embedder.identity.weights[:12]}) would search another space"
            )
        vector = embedder.embed_query(text)
        if not np.isfinite(vector).all():
            raise ContractError(
                f"{identity.name!r} made a vector that is not finite of the question; nothing was searched"
            )
        return vector


def released(hits: pa.Table) -> str:
    """The release that answered; UsageError for a table that no search gave."""
    name = (hits.schema.metadata or {}).get(_RELEASE)
    if name is None:
        raise UsageError("these rows don't say which release they are from; take them as search gave them")
    return str(name.decode())


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="raglake-words")
