"""One column of vectors of a release: its nearest chunks to a question, and the cosines that chance gives."""

from __future__ import annotations

from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lake.search.candidates import RankedList
from lake.search.exact_index import ExactIndex, Loading, cosines_of, cosines_of_all, has_few_vectors
from lake.search.fusion import Chance, are_enough, sample_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Any

    from lake.releases.values import Release
    from lake.search.standing import StandingCopies
    from lake.tables.reader import TableReader, Where


class Compared(NamedTuple):
    """A question's cosines with all vectors in memory, and what chance gives; None if not computed beforehand."""

    cosines: np.ndarray | None = None
    chance: Chance | None = None


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

    def compared(self, vectors: Sequence[np.ndarray], *, with_chance: bool) -> Iterator[Compared]:
        """What questions, at least one, have in common is read once for all; byte for byte as for each alone."""
        exact = self.exact
        cosines = repeat(None) if exact is None else cosines_of_all(exact.vectors, vectors)
        chances = map(Chance.of_cosines, cosines_of_all(self._sample, vectors)) if with_chance else repeat(None)
        return (Compared(*one) for _, *one in zip(vectors, cosines, chances, strict=False))

    def nearest(
        self, vector: np.ndarray, where: Where, depth: int, known: Compared | None = None, *, roughly: bool = False
    ) -> RankedList:
        """The nearest chunks. ``roughly``: a cosine's third decimal does not matter beside the evidence of others."""
        chunks = self._chunks()
        if (exact := self.exact) is not None:
            passing = chunks.passing(where) if isinstance(where, str) else where
            cosines = known.cosines if known else None
            found = exact.nearest(vector, depth, passing.row_ids if passing else None, cosines)
            return RankedList(self.column, *found)
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

    def chance(self, vector: np.ndarray, known: Compared | None = None) -> Chance:
        """What cosines a question has with any chunks."""
        return known.chance if known and known.chance else Chance.of(vector, self._sample)

    @cached_property
    def _sample(self) -> np.ndarray:
        """Vectors [n, dimensions] of randomly chosen texts, each once, however many chunks and copies have it."""
        where = self._copies.allowed(None, collapsed=True).where
        among = None if where is None or isinstance(where, str) else where.row_ids
        n_chunks = self._release.counts["n_chunks"] if among is None else len(among)
        for n_texts in (n_chunks, n_chunks // 8, n_chunks // 64):  # there may be far fewer texts than chunks
            bound = sample_bound(n_texts)
            row_ids, digests, vectors = self._drawn(bound)
            if among is not None:
                kept = np.isin(row_ids, among, assume_unique=True)
                digests, vectors = digests[kept], vectors[kept]
            each = np.unique(digests, return_index=True)[1]
            if bound is None or are_enough(len(each)):
                break
        sample: np.ndarray = vectors[each]
        return sample

    def _drawn(self, bound: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row ids, text digests and vectors of the chunks whose digests are below ``bound``."""
        if (exact := self.exact) is not None:
            return exact.drawn(bound)
        where = f"text_digest < '{bound}'" if bound else None
        rows = self._chunks().scan(["_rowid", "text_digest", self.column], where).combine_chunks()
        values = rows.column(self.column).combine_chunks().flatten().to_numpy(zero_copy_only=False)
        vectors = values.reshape(-1, self.identity.dimensions).astype(np.float32)
        row_ids, digests = (rows.column(name).to_numpy() for name in ("_rowid", "text_digest"))
        return row_ids, digests, vectors
