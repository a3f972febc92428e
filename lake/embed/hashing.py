"""The ``hash`` embedder: signed feature hashing of words, with no model and no state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.hash_identity import DIMENSIONS, IDENTITY
from lake.embed.unit import unit_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Characters per block: large enough for numpy to be fast, small enough for the cache.
BLOCK_CHARACTERS = 1 << 18
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_NOT_WORD = re.compile(r"[\W_]+")
_WORD_BITS = 40
_EVEN = np.full(DIMENSIONS, DIMENSIONS**-0.5)


def _word_bytes() -> np.ndarray:
    table = np.zeros(256, dtype=bool)
    table[[b for b in range(256) if b >= 0x80 or chr(b).isalnum()]] = True
    return table


_IS_WORD = _word_bytes()


class HashEmbedder:
    """Words shared by two texts raise their cosine; the same bytes on every platform and run.

    A word's weight is the square root of its count, in whole sixteenths: sums of whole numbers are
    exact, so neither the order of summation nor the processor can change a bit. A text without
    words gets one fixed unit vector, equal in every dimension.
    """

    identity = IDENTITY

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        for start, stop in _blocks(texts):
            yield range(start, stop), _embed_block(texts[start:stop])

    def embed_query(self, text: str) -> np.ndarray:
        vector: np.ndarray = _embed_block([text])[0]
        return vector


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for position, text in enumerate(texts):
        if size and size + len(text) > BLOCK_CHARACTERS:
            yield start, position
            start, size = position, 0
        size += len(text)
    if start < len(texts):
        yield start, len(texts)


def _embed_block(texts: Sequence[str]) -> np.ndarray:
    encoded = [_encode(text) for text in texts]
    rows, digests = _words(encoded)
    sums = _weighted_sums(rows, digests, len(texts))
    sums[~sums.any(axis=1)] = _EVEN
    return unit_rows(sums, "the hash embedder")


def _encode(text: str) -> bytes:
    # Each text ends in a separator, so that words never run from one text into the next.
    lowered = text.lower()
    plain = lowered if lowered.isascii() else _NOT_WORD.sub(" ", lowered)
    return plain.encode("utf-8", "surrogatepass") + b" "


def _words(encoded: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Row and 64-bit digest of every word: a polynomial in its bytes, modulo 2^64."""
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    edges = np.flatnonzero(np.diff(_IS_WORD[data], prepend=False))
    starts, stops = edges[0::2], edges[1::2]
    sums = np.concatenate([[np.uint64(0)], np.cumsum(data * _powers(_BASE, len(data)), dtype=np.uint64)])
    digests = (sums[stops] - sums[starts]) * _powers(_INVERSE, len(data))[starts]
    ends = np.cumsum([len(text) for text in encoded])
    return np.searchsorted(ends, starts, side="right"), _mix(digests)


def _powers(base: int, n: int) -> np.ndarray:
    factors = np.full(n, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _mix(digests: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: every bit of the input reaches every bit of the output."""
    mixed = (digests ^ (digests >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _weighted_sums(rows: np.ndarray, digests: np.ndarray, n_rows: int) -> np.ndarray:
    keys = (rows.astype(np.uint64) << np.uint64(_WORD_BITS)) | (digests >> np.uint64(64 - _WORD_BITS))
    words, n_times = np.unique(keys, return_counts=True)
    weights = np.rint(16 * np.sqrt(n_times)) * np.where(words & np.uint64(DIMENSIONS), 1, -1)
    cells = (words >> np.uint64(_WORD_BITS)) * np.uint64(DIMENSIONS) + words % np.uint64(DIMENSIONS)
    sums = np.bincount(cells.astype(np.intp), weights=weights, minlength=n_rows * DIMENSIONS)
    # Without a single word, bincount forgets that its weights are floats.
    return sums.astype(np.float64, copy=False).reshape(n_rows, DIMENSIONS)
