"""The words of a table's full text, held in memory.

Finds what Lance finds, with the same scores to the last bit, in a tenth of the time: each search by Lance takes half a
millisecond even if nothing matches. ``read_held_words`` asks Lance as well, and holds nothing unless both agree.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.tables.full_text_legs import DEPTH, Leg, added, word_legs
from lake.tables.held_column import ColumnBuilder, HeldColumn, Logarithm

if TYPE_CHECKING:
    from lake.tables.reader import Passing, TableReader
    from lake.tables.text_query import TextQuery

#: Maximum bytes of the words of a table; 185,000 abstracts of SciFact take 145 MB.
MOST_BYTES = 170 << 20
#: Approximate bytes of a word with its number, and of what columns hold for it.
_WORD_BYTES = 150
#: Words that Lance is asked for as well, before any are held.
_N_PROBED = 8


class HeldWords:
    """Columns of words of a table; ``row_ids``: those of its rows, in the order in which they are stored."""

    def __init__(self, row_ids: np.ndarray, columns: Mapping[str, HeldColumn]) -> None:
        self.row_ids, self.columns = row_ids, columns
        self._order = np.argsort(row_ids)
        self._sorted = row_ids[self._order]
        self._latest: tuple[Passing, np.ndarray] | None = None

    @property
    def n_bytes(self) -> int:
        """Approximate bytes in memory."""
        number = next(iter(self.columns.values())).number
        own = sum(array.nbytes for array in (self.row_ids, self._order, self._sorted))
        return own + len(number) * _WORD_BYTES + sum(column.n_bytes for column in self.columns.values())

    def matching(self, query: TextQuery, k: int, where: Passing | None) -> pa.Table:
        """As ``TableReader.matching`` of a query of plain words."""
        passes = None if where is None else self._passes(where)
        legs = word_legs(query.clauses[0], query)
        return added(pa.concat_tables(self.matching_leg(leg, max(k, leg.depth), passes) for leg in legs), "_rowid", k)

    def matching_leg(self, leg: Leg, k: int, passes: np.ndarray | None = None) -> pa.Table:
        """As ``TableReader.matching_leg``; ``passes``: whether each row may be found."""
        at, scores = self.columns[leg.column].best(leg, k, passes)
        return pa.table({"_rowid": self.row_ids[at], "_score": scores})

    def _passes(self, where: Passing) -> np.ndarray:
        """The same for all questions of a batch, most of the time."""
        latest = self._latest
        if latest is None or latest[0] is not where:
            passes = np.zeros(len(self.row_ids), bool)
            passes[self._order[np.searchsorted(self._sorted, where.row_ids)]] = True
            self._latest = latest = where, passes
        return latest[1]


def read_held_words(table: TableReader, columns: Sequence[str], most_bytes: int = MOST_BYTES) -> HeldWords | None:
    """The words of these columns; None if Lance counts other rows than those there are, or scores otherwise.

    Reads thousands of rows at a time, and gives up once their words would take more than ``most_bytes``.
    """
    logarithm = _logarithm()
    if logarithm is None:
        return None
    number, row_ids = dict[str, int](), [np.empty(0, np.uint64)]
    builders = {name: ColumnBuilder(number) for name in columns}
    for batch in table.batches(["_rowid", *columns]):
        row_ids.append(batch.column("_rowid").to_numpy())
        for name, builder in builders.items():
            builder.add(batch.column(name))
        if len(number) * _WORD_BYTES + sum(builder.n_bytes for builder in builders.values()) > most_bytes:
            return None
    _give_back()
    held = HeldWords(np.concatenate(row_ids), {name: builder.column(logarithm) for name, builder in builders.items()})
    _give_back()
    counted = table.counted_words()
    is_whole = all(counted.get(name) == column.n_counted for name, column in held.columns.items())
    return held if is_whole and all(_agree(table, held, name) for name in columns) else None


def _agree(table: TableReader, held: HeldWords, name: str) -> bool:
    """Whether Lance finds the same rows by some words, from the most frequent to the rarest, with equal scores."""
    legs = _probes(held.columns[name], name)
    each = ((table.matching_leg(leg, leg.depth), held.matching_leg(leg, leg.depth)) for leg in legs)
    return all(by_lance.sort_by("_rowid").equals(own.sort_by("_rowid")) for by_lance, own in each)


def _probes(column: HeldColumn, name: str) -> Iterator[Leg]:
    by_frequency = np.argsort(-np.diff(column.starts), kind="stable")
    words = list(column.number)
    chosen = by_frequency[np.unique(np.geomspace(1, max(len(words), 1), _N_PROBED).astype(int) - 1)] if words else ()
    for some in (chosen, chosen[-2:]):
        if text := " ".join(words[number] for number in some if words[number]):
            yield Leg(text, name, 1.0, DEPTH)


def _give_back() -> None:
    """Returns freed memory to the system, where the C library would keep twice of what words take."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


@lru_cache(maxsize=1)
def _logarithm() -> Logarithm | None:
    """The C library's natural logarithm of single precision; NumPy's differs in the last bit."""
    try:
        found = ctypes.CDLL(None).logf
    except (AttributeError, OSError, TypeError):
        return None
    found.restype, found.argtypes = ctypes.c_float, [ctypes.c_float]
    logarithm: Logarithm = found
    return logarithm
