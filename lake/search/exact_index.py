"""The vectors of a small release, held in memory.

Lance's query engine takes several times as long for a query as comparing twenty thousand vectors directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.embed.blas_threads import one_blas_thread

if TYPE_CHECKING:
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Maximum bytes of one embedder's vectors; releases of more than 20,000 chunks have an index anyway.
_MOST = 32 << 20
#: Bytes of vectors that fit a core's cache, and rows that BLAS may multiply as one: pieces consist of whole ones.
_PIECE, _ALIGNED = 1 << 19, 64
_PLACES = ("chunk_id", "parent_id", "ordinal", "text_digest")


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """Float32 unit ``vectors`` [n, d] of the sorted ``row_ids``, with their ``places`` and digests of their texts."""

    row_ids: np.ndarray
    places: pa.Table
    vectors: np.ndarray

    @classmethod
    def read(cls, chunks: TableReader, dimensions: int, column: str = "vector") -> ExactIndex:
        rows = chunks.scan(["_rowid", *_PLACES, column]).sort_by("_rowid").combine_chunks()
        flat = rows.column(column).combine_chunks().flatten().to_numpy(zero_copy_only=False)
        vectors = flat.reshape(-1, dimensions).astype(np.float32)
        # Vectors of half precision are only nearly of length 1.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return cls(rows.column("_rowid").to_numpy(), rows.select(_PLACES), vectors)

    def rows(self, row_ids: np.ndarray, columns: Sequence[str]) -> pa.Table:
        """The columns of these rows, in the order given."""
        return self.places.select(list(columns)).take(pa.array(np.searchsorted(self.row_ids, row_ids)))

    def nearest(
        self, question: np.ndarray, k: int, visible: np.ndarray | None = None, cosines: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Row ids and cosines of the ``k`` nearest, only of those in ``visible`` (sorted row ids) if given.

        ``cosines``: those of all vectors, if they are known.
        """
        among = slice(None) if visible is None else np.searchsorted(self.row_ids, visible)
        row_ids = self.row_ids[among]
        if cosines is None:
            with one_blas_thread():
                cosines = self.vectors @ question
        cosines = cosines[among]
        best = np.argpartition(-cosines, k)[:k] if k < len(cosines) else np.arange(len(cosines))
        return row_ids[best], cosines[best].astype(np.float64)

    def drawn(self, bound: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row ids, text digests and vectors of the chunks whose digests are below ``bound``."""
        digests = self.places.column("text_digest").combine_chunks()
        below = pc.less(digests, bound).to_numpy(zero_copy_only=False) if bound is not None else slice(None)
        return self.row_ids[below], digests.to_numpy(zero_copy_only=False)[below], self.vectors[below]


def cosines_of_all(vectors: np.ndarray, questions: Sequence[np.ndarray]) -> np.ndarray:
    """``vectors @ question`` of each question, byte for byte: [questions, vectors]; at least one question.

    Takes a third of the time, since each piece of the vectors is read into a core's cache once for all questions.
    """
    found = np.empty((len(questions), len(vectors)), np.result_type(vectors, questions[0]))
    n_rows = max(1, _PIECE // (_ALIGNED * vectors.itemsize * vectors.shape[1])) * _ALIGNED
    starts = range(0, max(len(vectors) - n_rows, 0) + 1, n_rows)  # the last one is no smaller than the others
    with one_blas_thread():
        for start, end in pairwise((*starts, len(vectors))):
            piece = vectors[start:end]
            for question, row in zip(questions, found, strict=True):
                np.matmul(piece, question, out=row[start:end])
    return found


def cosines_of(
    chunks: TableReader,
    question: np.ndarray,
    where: str | None,
    among: np.ndarray | None = None,
    column: str = "vector",
) -> tuple[np.ndarray, np.ndarray]:
    """Row ids and cosines of all chunks that pass ``where``, only of those ``among`` these row ids if given."""
    row_ids, cosines = [np.empty(0, np.uint64)], [np.empty(0)]
    for batch in chunks.batches(["_rowid", column], where):
        flat = batch.column(column).flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        vectors = flat.reshape(-1, len(question))
        lengths = np.maximum(np.linalg.norm(vectors, axis=1), np.finfo(np.float32).tiny)
        with one_blas_thread():
            cosines.append((vectors @ question / lengths).astype(np.float64))
        row_ids.append(batch.column("_rowid").to_numpy())
    found, near = np.concatenate(row_ids), np.concatenate(cosines)
    if among is None:
        return found, near
    passes = np.isin(found, among, assume_unique=True)
    return found[passes], near[passes]


T = TypeVar("T")


class Loading(Generic[T]):
    """Reads something of a release once, in the background; several threads may wait for it."""

    def __init__(self, read: Callable[[], T], submit: Callable[..., Future[T]]) -> None:
        self._read, self._submit = read, submit
        self._lock = Lock()
        self._future: Future[T] | None = None

    def begin(self) -> Future[T]:
        with self._lock:
            if self._future is None:
                self._future = self._submit(self._read)
            return self._future

    def result(self) -> T:
        """Waits for the value; after an error the next caller reads again."""
        future = self.begin()
        try:
            return future.result()
        except Exception:
            with self._lock:
                if self._future is future:
                    self._future = None
            raise

    def is_done(self) -> bool:
        """Whether it is read; begins to read it, and again after an error."""
        with suppress(Exception):
            return self.begin().done() and self.result() is not None
        return False

    @property
    def value(self) -> T | None:
        """What was read, or None; begins nothing."""
        future = self._future
        return future.result() if future is not None and future.done() and future.exception() is None else None

    def at_hand(self) -> T | None:
        """The value, or None while it is being read."""
        return self.result() if self.begin().done() else None


def has_few_vectors(release: Release) -> bool:
    """Whether the release is small enough for an exact index in memory of each embedder, and states no other index."""
    if release.recipe.vector_index.is_approximate:
        return False
    return 4 * release.counts["n_chunks"] * max(one.width for one in release.recipe.embedders) <= _MOST
