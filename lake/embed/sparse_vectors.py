"""Sparse vectors as they are stored: the dimensions with a weight and their weights, packed in bytes.

A vector of n weights is n as uint32, the n dimensions in ascending order as uint32, and their weights as float32 or
float16, all little-endian. Its length tells which. A text without any weight has a vector of n = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lake.errors import ContractError

#: Maximum number of weights of a stored vector. SPLADE gives a chunk some 100 to 300; a model that was not trained to
#: be sparse gives it half of the vocabulary.
MOST_TERMS = 1024


def strongest(rows: np.ndarray) -> np.ndarray:
    """The rows [n, dimensions] with their MOST_TERMS largest weights, and zeros elsewhere."""
    if rows.shape[1] <= MOST_TERMS:
        return rows
    least = np.partition(rows, -MOST_TERMS - 1, axis=1)[:, [-MOST_TERMS - 1]]
    # Equal weights at the border all go, so that no order of theirs decides.
    return np.where(rows > np.maximum(least, 0), rows, np.float32(0))


def is_sound(rows: np.ndarray, dimensions: int) -> np.ndarray:
    """Mask of the rows [n, d] that are finite and without negative weights, if they are of these dimensions."""
    if rows.shape[1] != dimensions:
        return np.zeros(len(rows), bool)
    mask: np.ndarray = np.isfinite(rows).all(axis=1) & (rows >= 0).all(axis=1)
    return mask


def packed(rows: np.ndarray, dtype: str) -> pa.Array:
    """Rows [n, dimensions] as binary values; weights that ``dtype`` rounds to zero are left out."""
    with np.errstate(over="ignore"):
        rounded = rows.astype("<f2" if dtype == "float16" else "<f4")
    if not np.isfinite(rounded).all():
        raise ContractError(f"the sparse model made a weight that {dtype} can't hold; nothing of its batch was stored")
    return pa.array([_packed(row) for row in rounded], pa.binary())


def _packed(row: np.ndarray) -> bytes:
    terms = np.flatnonzero(row)
    return b"".join((len(terms).to_bytes(4, "little"), terms.astype("<u4").tobytes(), row[terms].tobytes()))


def unpacked(data: bytes, dimensions: int) -> np.ndarray | None:
    """float32 [dimensions]; None if the data is no packed vector of positive weights of these dimensions."""
    column = pa.array([data], pa.binary())
    if untrue(column, dimensions).any():
        return None
    found, stored = np.zeros(dimensions, np.float32), SparseRows.of(column)
    found[stored.terms] = stored.weights
    return found


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Vectors one after another: ``counts`` of their weights, and ``terms`` and float32 ``weights`` of all.

    ``is_whole`` is false for one that is null or not in the form above, which then counts as empty.
    """

    counts: np.ndarray
    terms: np.ndarray
    weights: np.ndarray
    is_whole: np.ndarray

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> SparseRows:
        """The vectors of a binary column."""
        column = _combined(column)
        halves, starts, sizes = _halves(column)
        counts = np.zeros(len(column), np.int64)
        has_head = sizes >= 2
        counts[has_head] = _wide(halves, starts[has_head])
        # A column has weights of one type.
        is_short, is_long = ((sizes == 2 + width * counts) & (counts > 0) for width in (3, 4))
        has_short = is_short.sum() > is_long.sum()
        is_whole = has_head & ((is_short if has_short else is_long) | ((sizes == 2) & (counts == 0)))
        is_whole &= column.is_valid().to_numpy(zero_copy_only=False)
        counts[~is_whole] = 0
        terms = _wide(halves, _places(starts + 2, counts, 2))
        if has_short:
            weights = halves[_places(starts + 2 + 2 * counts, counts, 1)].view("<f2").astype(np.float32)
        else:
            weights = _wide(halves, _places(starts + 2 + 2 * counts, counts, 2)).view(np.float32)
        return cls(counts, terms, weights, is_whole)

    @property
    def owners(self) -> np.ndarray:
        """The number of the row of each weight."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def fitting(self, dimensions: int | None = None) -> np.ndarray:
        """Mask of the vectors that are whole, and whose terms ascend within the dimensions."""
        wrong = np.zeros(len(self.counts), bool)
        owners = self.owners
        unordered = (np.diff(self.terms.astype(np.int64)) <= 0) & (np.diff(owners) == 0)
        wrong[owners[1:][unordered]] = True
        if dimensions is not None:
            wrong[owners[self.terms >= dimensions]] = True
        fits: np.ndarray = self.is_whole & ~wrong
        return fits

    def positive(self) -> np.ndarray:
        """Mask of the vectors whose weights are all finite and above zero."""
        good = np.ones(len(self.counts), bool)
        good[self.owners[~(np.isfinite(self.weights) & (self.weights > 0))]] = False
        return good


def untrue(column: pa.Array, dimensions: int | None = None) -> np.ndarray:
    """Mask of the values that are no vectors of positive weights of these dimensions."""
    rows = SparseRows.of(column)
    mask: np.ndarray = ~(rows.fitting(dimensions) & rows.positive())
    return mask


def _combined(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _halves(column: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values as uint16, and where each starts and how many it has; an odd byte makes a value empty."""
    _, offsets_buffer, data = column.buffers()
    offset_type = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    none = np.zeros(len(column), np.int64)
    if not len(column) or data is None:
        return np.zeros(0, "<u2"), none, none
    offsets = np.frombuffer(offsets_buffer, offset_type)[column.offset : column.offset + len(column) + 1]
    sizes = np.diff(offsets).astype(np.int64)
    if (sizes % 2).any() or (offsets % 2).any():  # damaged ones: the others are taken apart from them
        whole = pa.array([v if v is not None and len(v) % 2 == 0 else None for v in column.to_pylist()], pa.binary())
        return _halves(whole)
    return np.frombuffer(data, "<u2", len(data) // 2), offsets[:-1].astype(np.int64) // 2, sizes // 2


def _places(starts: np.ndarray, counts: np.ndarray, step: int) -> np.ndarray:
    """``counts[i]`` places from ``starts[i]`` on, ``step`` apart, for each i."""
    before = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(before, counts)
    places: np.ndarray = np.repeat(starts, counts) + step * within
    return places


def _wide(halves: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The uint32 at each place."""
    wide: np.ndarray = halves[places].astype(np.uint32)
    wide |= halves[places + 1].astype(np.uint32) << np.uint32(16)
    return wide
