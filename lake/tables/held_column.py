"""A column of words in memory: for each word the rows that have it, and what it adds to their scores.

Built block by block, so that building takes little more memory than what is held: six bytes for each word of each row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from lake.tables.full_text_legs import Leg

#: BM25 as Lance computes it, in single precision.
_K1, _B, _ONE, _HALF = np.float32(1.2), np.float32(0.75), np.float32(1), np.float32(0.5)
#: Bits of the length of a row, in a number of how often it has a word and how long it is.
_LENGTH_BITS = 32
#: The natural logarithm of single precision that Lance calls.
Logarithm = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class HeldColumn:
    """Rows that have word ``number[word]``: ``rows`` [starts[number] : starts[number + 1]], in order.

    It adds ``weights[number] * shares[codes]`` to their scores: float32, of which a row and its word have the code.
    ``lengths``: words of each row. Columns of a table share ``number``.
    """

    number: Mapping[str, int]
    starts: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    weights: np.ndarray
    shares: np.ndarray
    lengths: np.ndarray

    @property
    def n_counted(self) -> int:
        """Rows that have words, which alone BM25 counts."""
        return int(np.count_nonzero(self.lengths))

    @property
    def n_bytes(self) -> int:
        """Of all but ``number``."""
        arrays = (self.starts, self.rows, self.codes, self.weights, self.shares, self.lengths)
        return sum(array.nbytes for array in arrays)

    def best(self, leg: Leg, k: int, passes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Positions and scores of the best ``k`` rows, in any order; ``passes``: whether each may be found."""
        sums = np.zeros(len(self.lengths), np.float32)
        for word in leg.words.split():  # in this order, on which the last bit depends
            if (number := self.number.get(word)) is not None:
                part = slice(self.starts[number], self.starts[number + 1])
                # Quicker than indexing, and the same, since a row is among those of a word once.
                scores = self.shares.take(self.codes[part]) * self.weights[number]
                np.add.at(sums, self.rows[part].astype(np.intp), scores)
        if passes is not None:
            sums[~passes] = 0
        at = np.flatnonzero(sums > 0)
        if len(at) > k:
            at = self._cut(at, sums[at], k)
        return at, sums[at] * np.float32(leg.boost)

    def _cut(self, at: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
        """The best ``k`` of these rows; of equal scores those that a heap keeps through which the rows go in order.

        Once it is full, a row enters it for a greater score alone, in place of the shortest of those with the least.
        """
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        at, scores = at[scores >= least], scores[scores >= least]
        entered, later = at[:k], at[k:][scores[k:] > least]
        equal = np.flatnonzero(scores[:k] == least)
        leaving = equal[np.argsort(self.lengths[entered[equal]], kind="stable")[: len(later)]]
        return np.concatenate([np.delete(entered, leaving), later])


class _Block(NamedTuple):
    """Some rows: their words, each once, how many of the rows have each, and for each word in turn which, with codes.

    ``rows`` count from the first of the block.
    """

    words: np.ndarray
    counts: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    lengths: np.ndarray


class ColumnBuilder:
    """Collects the texts of a column, in which spaces separate words. ``number`` is extended by its words."""

    def __init__(self, number: dict[str, int]) -> None:
        self._number, self._codes = number, dict[int, int]()
        self._blocks: list[_Block] = []
        #: Approximate bytes of what was added, without ``number``.
        self.n_bytes = 0

    def add(self, texts: pa.Array) -> None:
        """The next rows."""
        n_rows = max(len(texts), 1)
        split = pc.split_pattern(pc.fill_null(texts, ""), " ")
        row_of = np.repeat(np.arange(len(texts), dtype=np.int64), np.diff(split.offsets.to_numpy()))
        encoded = split.flatten().dictionary_encode()
        is_word = pc.not_equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)[encoded.indices.to_numpy()]
        word_of, row_of = encoded.indices.to_numpy()[is_word].astype(np.int64), row_of[is_word]
        lengths = np.bincount(row_of, minlength=len(texts)).astype(np.uint32)
        each, times = np.unique(word_of * n_rows + row_of, return_counts=True)
        word_of, row_of = np.divmod(each, n_rows)
        first = np.flatnonzero(np.diff(word_of, prepend=-1))
        counts = np.diff(first, append=len(word_of))
        numbers = _numbered(self._number, encoded.dictionary.take(pa.array(word_of[first])))
        codes = pa.array((times.astype(np.int64) << _LENGTH_BITS) | lengths[row_of]).dictionary_encode()
        known = _numbered(self._codes, codes.dictionary)[codes.indices.to_numpy()]
        block = _Block(
            numbers,
            counts.astype(np.int32),
            row_of.astype(np.min_scalar_type(n_rows)),
            known.astype(np.min_scalar_type(len(self._codes))),
            lengths,
        )
        self._blocks.append(block)
        self.n_bytes += len(known) * (4 + block.codes.itemsize) + lengths.nbytes

    def column(self, logarithm: Logarithm) -> HeldColumn:
        """What was added, which is forgotten here; ``number`` has the words of all columns that share it."""
        n_rows = np.zeros(len(self._number), np.int64)
        for block in self._blocks:
            n_rows[block.words] += block.counts
        starts = np.concatenate([[0], np.cumsum(n_rows)])
        lengths = np.concatenate([np.empty(0, np.uint32), *(block.lengths for block in self._blocks)])
        rows = np.empty(starts[-1], np.int32)
        codes = np.empty(starts[-1], np.min_scalar_type(len(self._codes)))
        free, first = starts[:-1].copy(), 0
        self._blocks.reverse()
        while self._blocks:
            block = self._blocks.pop()
            ends = np.cumsum(block.counts)
            at = np.repeat(free[block.words] - ends + block.counts, block.counts) + np.arange(len(block.rows))
            rows[at], codes[at] = block.rows.astype(np.int32) + np.int32(first), block.codes
            free[block.words] += block.counts
            first += len(block.lengths)
        weights = _rarities(n_rows, int(np.count_nonzero(lengths)), logarithm)
        shares = _shares(np.fromiter(self._codes, np.int64, len(self._codes)), lengths)
        return HeldColumn(self._number, starts, rows, codes, weights, shares, lengths)


def _numbered(known: dict[str, int] | dict[int, int], values: pa.Array) -> np.ndarray:
    """The number of each value, a new one if it has none."""
    numbers: dict[object, int] = known  # type: ignore[assignment]
    return np.array([numbers.setdefault(value, len(numbers)) for value in values.to_pylist()], np.int32)


def _rarities(n_rows: np.ndarray, n_counted: int, logarithm: Logarithm) -> np.ndarray:
    """Of words that so many rows have: float32, as many as ``n_rows``."""
    each, place = np.unique(n_rows, return_inverse=True)
    frequency = each.astype(np.float32)
    odds = (np.float32(n_counted) - frequency + _HALF) / (frequency + _HALF) + _ONE
    return np.array([logarithm(float(one)) for one in odds], np.float32)[place]


def _shares(codes: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """What a word adds that a row has so many times, by how long the row is, relative to the word's rarity."""
    times = (codes >> _LENGTH_BITS).astype(np.float32)
    length = (codes & ((1 << _LENGTH_BITS) - 1)).astype(np.float32)
    mean = np.float32(lengths.sum(dtype=np.int64)) / np.float32(max(int(np.count_nonzero(lengths)), 1))
    shares: np.ndarray = (_K1 + _ONE) * times / (times + _K1 * (_ONE - _B + _B * length / mean))
    return shares
