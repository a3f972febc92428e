"""Vectors of any embedder, plugins' and local models' included: one bad text costs itself, a broken model the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.base import RefusedTexts
from lake.embed.sparse_vectors import is_sound
from lake.errors import ContractError, RefusedError, TransientError, UsageError

if TYPE_CHECKING:
    from lake.embed.base import Embedder

#: Maximum deviation of a stored vector's length from one.
NORM_TOLERANCE = 0.01
#: A text that every model embeds.
_PROBE = "raglake"
_REASON_CHARACTERS = 300


class _Unsound(ContractError):
    """The embedder embeds no text at all."""


#: Failures that no single text is the cause of.
_OF_THE_RUN = (_Unsound, TransientError, UsageError, RefusedError, MemoryError)


class SoundVectors:
    """The valid vectors of an embedder's texts.

    A text is refused if its vector is not a finite unit vector of the embedder's dimensions (one without negative
    weights, if the embedder is sparse), or if the embedder fails
    on it alone. At the first such text a harmless one is embedded too; if that also fails, the run fails at once.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder, self._is_sparse = embedder, embedder.identity.is_sparse
        self._dimensions = embedder.identity.dimensions
        self._is_sound = False

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield positions and vectors as ``Embedder.embed`` does. Raises RefusedTexts at the end for the others."""
        reasons: dict[int, str] = {}
        yield from self._some(texts, range(len(texts)), reasons)
        if reasons:
            raise RefusedTexts(reasons)

    def _some(
        self, texts: Sequence[str], positions: Sequence[int], reasons: dict[int, str]
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        left = set(positions)
        try:
            for places, vectors in self._embedder.embed([texts[position] for position in positions]):
                batch = [positions[place] for place in places]
                good = self._valid(vectors, len(batch))
                left -= set(batch)
                for place in (~good).nonzero()[0]:
                    reasons[batch[place]] = self._wrong(vectors[place])
                if good.any():
                    yield [batch[place] for place in good.nonzero()[0]], vectors[good]
            return
        except RefusedTexts as refusal:
            reasons |= {positions[place]: reason for place, reason in refusal.reasons.items()}
            return
        except _OF_THE_RUN:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises for a text
            self._check(error)
            failure = error
        rest = sorted(left)
        if len(rest) == 1:
            reasons[rest[0]] = f"{type(failure).__name__}: {failure}"[:_REASON_CHARACTERS]
        else:
            for half in (rest[: len(rest) // 2], rest[len(rest) // 2 :]):
                if half:
                    yield from self._some(texts, half, reasons)

    def _valid(self, vectors: np.ndarray, n_texts: int) -> np.ndarray:
        """Mask of the valid rows. Raises ContractError unless there is one row for each text, or if none is valid."""
        if vectors.ndim != 2 or len(vectors) != n_texts:
            raise ContractError(f"the embedder returned an array of shape {vectors.shape} for {n_texts} texts")
        good = self._good(vectors)
        if not good.all():
            self._check(ContractError(self._wrong(vectors[int(good.argmin())])))
        return good

    def _good(self, vectors: np.ndarray) -> np.ndarray:
        return (is_sound if self._is_sparse else is_valid)(vectors, self._dimensions)

    def _wrong(self, vector: np.ndarray) -> str:
        if self._is_sparse and np.isfinite(vector).all() and (vector < 0).any():
            return "the sparse model made a weight below zero"
        return _wrong(vector, self._dimensions)

    def _check(self, failure: Exception) -> None:
        """Raises the failure if the embedder does not embed a harmless text either."""
        if self._is_sound:
            return
        try:
            rows = np.concatenate([vectors for _, vectors in self._embedder.embed([_PROBE])])
            self._is_sound = self._good(rows).tolist() == [True]
        except _OF_THE_RUN:
            raise
        except Exception:  # noqa: BLE001 - whatever a plugin raises, it does not embed the text
            self._is_sound = False
        if not self._is_sound:
            name = self._embedder.identity.name
            raise _Unsound(
                f"the embedder {name!r} embeds no text, not even {_PROBE!r}: {failure}; nothing was published, and "
                "what was embedded before is kept; mend the model and run again"
            ) from failure


def is_valid(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """Mask of the rows that are finite, of length one and of these dimensions."""
    if vectors.shape[1] != dimensions:
        return np.zeros(len(vectors), bool)
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    mask: np.ndarray = np.isfinite(norms) & (np.abs(norms - 1) <= NORM_TOLERANCE)
    return mask


def _wrong(vector: np.ndarray, dimensions: int) -> str:
    if vector.size != dimensions:
        return f"the embedder made a vector of {vector.size} dimensions instead of {dimensions}"
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(norm):
        return "the embedder made a vector that is not finite"
    return f"the embedder made a vector of length {norm:.4f} instead of 1"
