"""Vectors between the embedder and the lake: checked, gathered, and stored file by file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake import schemas
from lake.embed.sparse_vectors import is_sound, packed
from lake.errors import ContractError
from lake.ingest.sound_vectors import NORM_TOLERANCE

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import EmbedderIdentity, Recipe

#: How long embedded texts wait before they are stored.
_STORE_EVERY_SECONDS = 30.0
#: Of token vectors, as one file has them.
_MOST_TOKEN_BYTES = 64 << 20


class TokensInHand:
    """Token vectors that are computed but not stored yet."""

    def __init__(self, lake: Lake, recipe: Recipe) -> None:
        self._files = lake.token_vectors(recipe.embedder)
        self._rows: list[tuple[str, bytes]] = []
        self._n_bytes, self._stored_at = 0, time.monotonic()

    def add(self, digests: Sequence[str], tokens: Sequence[bytes]) -> None:
        self._rows += zip(digests, tokens, strict=True)
        self._n_bytes += sum(map(len, tokens))
        if self._n_bytes > _MOST_TOKEN_BYTES or time.monotonic() - self._stored_at > _STORE_EVERY_SECONDS:
            self.store()

    def store(self) -> None:
        if self._rows:
            digests, tokens = zip(*self._rows, strict=True)
            self._files.write(pa.table([digests, tokens], schema=schemas.TOKEN_VECTORS))
        self._rows, self._n_bytes, self._stored_at = [], 0, time.monotonic()


class VectorsInHand:
    """Vectors that are computed but not stored yet."""

    def __init__(self, lake: Lake, recipe: Recipe) -> None:
        self._files = lake.vectors(recipe)
        self._embedder, self._dtype = recipe.embedder, recipe.vector_dtype
        self._schema = schemas.vectors(self._embedder.width, self._dtype)
        self._digests: list[str] = []
        self._batches: list[pa.Array] = []
        self._stored_at = time.monotonic()

    def add(self, digests: Sequence[str], vectors: np.ndarray) -> None:
        """Raises ContractError for invalid vectors, which would be reused for ever if they were stored."""
        _check_vectors(vectors, len(digests), self._embedder)
        self._batches.append(self._stored(vectors))
        self._digests += digests
        if time.monotonic() - self._stored_at > _STORE_EVERY_SECONDS:
            self.store()

    def store(self) -> None:
        if self._digests:
            vector = pa.concat_arrays(self._batches)
            self._files.write(pa.table([pa.array(self._digests), vector], schema=self._schema))
        self._digests, self._batches, self._stored_at = [], [], time.monotonic()

    def _stored(self, vectors: np.ndarray) -> pa.Array:
        if self._embedder.is_sparse:
            return packed(vectors, self._dtype)
        return vector_array(vectors, self._schema.field("vector").type)


def _check_vectors(vectors: np.ndarray, n_texts: int, embedder: EmbedderIdentity) -> None:
    dimensions = embedder.dimensions
    if vectors.shape != (n_texts, dimensions):
        raise ContractError(
            f"the embedder returned an array of shape {vectors.shape} for {n_texts} texts instead of "
            f"{(n_texts, dimensions)}; nothing of that batch was stored"
        )
    if embedder.is_sparse:
        if not is_sound(vectors, dimensions).all():
            raise ContractError(
                "the embedder made a sparse vector with a weight below zero or not finite; its batch was not stored"
            )
        return
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.isfinite(norms).all() or np.abs(norms - 1).max(initial=0) > NORM_TOLERANCE:
        worst = norms[np.argmax(np.where(np.isfinite(norms), np.abs(norms - 1), np.inf))]
        raise ContractError(f"the embedder made a vector of length {worst:.4f} instead of 1; its batch was not stored")


def vector_array(vectors: np.ndarray, kind: pa.FixedSizeListType) -> pa.Array:
    """Convert the rows of an array to a fixed-size list column."""
    values = vectors.astype(kind.value_type.to_pandas_dtype()).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(values, kind.value_type), type=kind)
