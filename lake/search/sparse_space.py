"""The sparse vectors of a release: an index in memory from each term to the chunks that weigh it, and exact scores.

It is read once for each release that is searched, by the first search that needs it: some 8 bytes of memory a weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.sparse_vectors import SparseRows
from lake.recipe import SPARSE
from lake.search.candidates import RankedList
from lake.search.exact_index import ExactIndex, Loading
from lake.search.fusion import TermChance
from lake.search.vector_space import Compared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Any

    from lake.releases.values import Release
    from lake.search.standing import StandingCopies
    from lake.tables.reader import TableReader, Where


@dataclass(frozen=True, slots=True)
class SparseIndex:
    """Of term t, ``rows[starts[t]:starts[t+1]]`` weigh it with ``weights``: positions in the sorted ``row_ids``."""

    row_ids: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray

    @classmethod
    def read(cls, chunks: TableReader, dimensions: int, column: str = SPARSE) -> SparseIndex:
        row_ids, parts = [np.empty(0, np.uint64)], list[SparseRows]()
        counts = np.zeros(dimensions, np.int64)
        for batch in chunks.batches(["_rowid", column]):
            row_ids.append(batch.column("_rowid").to_numpy())
            parts.append(SparseRows.of(batch.column(column)))
            counts += np.bincount(parts[-1].terms, minlength=dimensions)
        found = np.concatenate(row_ids)
        order = np.argsort(found)
        position = np.empty(len(found), np.int32)
        position[order] = np.arange(len(found), dtype=np.int32)
        starts = np.concatenate(([0], np.cumsum(counts)))
        return cls(found[order], starts, *_inverted(parts, position, starts))

    def scores(self, question: np.ndarray) -> np.ndarray:
        """The dot product of a question [dimensions] with each chunk, in the order of ``row_ids``."""
        total = np.zeros(len(self.row_ids))
        for term in np.flatnonzero(question):
            of_term = slice(*self.starts[term : term + 2])
            total[self.rows[of_term]] += float(question[term]) * self.weights[of_term].astype(np.float64)
        return total

    def nearest(self, question: np.ndarray, k: int, visible: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Row ids and scores of the ``k`` best that share a term, only of those in ``visible`` (sorted) if given."""
        scores, row_ids = self.scores(question), self.row_ids
        if visible is not None:
            row_ids, scores = visible, scores[np.searchsorted(self.row_ids, visible)]
        sharing = np.flatnonzero(scores > 0)
        if k < len(sharing):
            sharing = sharing[np.argpartition(-scores[sharing], k)[:k]]
        return row_ids[sharing], scores[sharing]


def _inverted(parts: list[SparseRows], position: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and weights by term; empties ``parts``, so that no more than one copy of the weights is in memory."""
    rows, weights = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    free, first = starts[:-1].copy(), 0
    parts.reverse()
    while parts:
        part = parts.pop()
        counts = np.bincount(part.terms, minlength=len(free))
        order = np.argsort(part.terms.astype(np.uint16) if len(free) <= 1 << 16 else part.terms, kind="stable")
        within = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(free, counts) + within
        rows[places], weights[places] = position[first + part.owners[order]], part.weights[order]
        free += counts
        first += len(part.counts)
    return rows, weights


class SparseSpace:
    """The vectors of a release's sparse model; used like a ``VectorSpace``."""

    #: It holds no places of chunks.
    exact: ExactIndex | None = None

    def __init__(
        self,
        release: Release,
        chunks: Callable[[], TableReader],
        copies: StandingCopies,
        submit: Callable[..., Future[Any]],
    ) -> None:
        self.column, self.identity = SPARSE, release.recipe.vector_columns[SPARSE]
        self._chunks, self._copies = chunks, copies
        self._loading = Loading(self._read, submit)

    def _read(self) -> SparseIndex:
        return SparseIndex.read(self._chunks(), self.identity.dimensions)

    def begin(self) -> None:
        """Starts to load the index."""
        self._loading.begin()

    def is_done(self) -> bool:
        """Whether the index is in memory; begins to read it."""
        return self._loading.is_done()

    def compared(self, vectors: Sequence[np.ndarray], *, with_chance: bool) -> Iterator[Compared]:
        """Nothing: each question reads other terms."""
        return (Compared() for _ in vectors)

    def nearest(
        self, vector: np.ndarray, where: Where, depth: int, known: Compared | None = None, *, roughly: bool = False
    ) -> RankedList:
        """The chunks with the largest dot products, always exact; those that share no term are not found."""
        passing = self._chunks().passing(where) if isinstance(where, str) else where
        found = self._loading.result().nearest(vector, depth, passing.row_ids if passing else None)
        return RankedList(self.column, *found)

    def whole(self, vector: np.ndarray, visible: str | None, where: Where, n_chunks: int) -> RankedList:
        """Every chunk that may be found and shares a term."""
        return self.nearest(vector, where, n_chunks)

    def chance(self, vector: np.ndarray, known: Compared | None = None) -> TermChance:
        """What a question scores with any chunks, of each text once, whatever copies of it there are."""
        index = self._loading.result()
        where = self._copies.allowed(None, collapsed=True).where
        scores = index.scores(vector)
        if where is not None and not isinstance(where, str):
            scores = scores[np.searchsorted(index.row_ids, where.row_ids)]
        return TermChance.of(scores)
