"""One column of vectors of a release: its nearest chunks to a question, and the cosines that chance gives."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lake.search.candidates import RankedList
from lake.search.exact_index import ExactIndex, Loading, cosines_of, has_few_vectors
from lake.search.fusion import Chance, sample_bound

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from lake.releases.values import Release
    from lake.search.standing import StandingCopies
    from lake.tables.reader import TableReader, Where


class VectorSpace:
    """The vectors of one of a release's embedders; ``column`` holds them. ``chunks`` opens the table."""

    def __init__(
        self,
        release: Release,
        column: str,
        chunks: Callable[[], TableReader],
        copies: StandingCopies,
        submit: Callable[..., Future[Any]],
    ) -> None:
        self.column, self.identity = column, release.recipe.vector_columns[column]
        self._release, self._chunks, self._copies = release, chunks, copies
        self._loading = Loading(self._read, submit)

    def _read(self) -> ExactIndex:
        return ExactIndex.read(self._chunks(), self.identity.dimensions, self.column)

    def begin(self) -> None:
        """Starts to load the vectors of a small release."""
        if has_few_vectors(self._release):
            self._loading.begin()

    def is_done(self) -> bool:
        """Whether the vectors of a small release are in memory; begins to read them."""
        return self._loading.is_done()

    @property
    def exact(self) -> ExactIndex | None:
        """The vectors in memory; None for a large release."""
        return self._loading.result() if has_few_vectors(self._release) else None

    def nearest(self, vector: np.ndarray, where: Where, depth: int, *, roughly: bool = False) -> RankedList:
        """The nearest chunks. ``roughly``: a cosine's third decimal does not matter beside the evidence of others."""
        chunks = self._chunks()
        if (exact := self.exact) is not None:
            passing = chunks.passing(where) if isinstance(where, str) else where
            return RankedList(self.column, *exact.nearest(vector, depth, passing.row_ids if passing else None))
        index = self._release.recipe.vector_index
        if roughly and not index.is_approximate:
            found = chunks.nearest_roughly(vector, depth, where, column=self.column)
        else:
            found = chunks.nearest(vector, depth, where, column=self.column, index=index)
        cosines = 1.0 - found.column("_distance").to_numpy().astype(float)
        return RankedList(self.column, found.column("_rowid").to_numpy(), cosines)

    def whole(self, vector: np.ndarray, visible: str | None, where: Where, n_chunks: int) -> RankedList:
        """Every chunk that may be found, by exact cosines; ``where`` is ``visible`` less the copies left out."""
        if self.exact is not None:
            return self.nearest(vector, where, n_chunks)
        among = None if where is None or isinstance(where, str) else where.row_ids
        return RankedList(self.column, *cosines_of(self._chunks(), vector, visible, among, self.column))

    def chance(self, vector: np.ndarray) -> Chance:
        """What cosines a question has with any chunks."""
        return Chance.of(vector, self._sample)

    @cached_property
    def _sample(self) -> np.ndarray:
        """Vectors [n, dimensions] of randomly chosen chunks, of each text once, whatever copies of it there are."""
        where = self._copies.allowed(None, collapsed=True).where
        among = None if where is None or isinstance(where, str) else where.row_ids
        bound = sample_bound(self._release.counts["n_chunks"] if among is None else len(among))
        if (exact := self.exact) is not None:
            return exact.sample(bound, among)
        rows = self._chunks().scan(["_rowid", self.column], f"chunk_id < '{bound}'" if bound else None)
        values = rows.column(self.column).combine_chunks().flatten().to_numpy(zero_copy_only=False)
        sample: np.ndarray = values.reshape(-1, self.identity.dimensions).astype(np.float32)
        return sample if among is None else sample[np.isin(rows.column("_rowid").to_numpy(), among)]
