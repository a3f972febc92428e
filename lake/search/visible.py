"""Which chunks of a release a predicate leaves, and the best of them.

Lance tries a predicate on every chunk, for each leg of each search. Where it leaves many of them, the best of all are
found in a fraction of that time, and those that pass are the best that pass, as long as they are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from lake.table_reader import TableReader

#: So many more are looked for than should be left on average.
_MARGIN = 1.2
#: Below this share, all that pass are looked through instead.
_LEAST_SHARE = 0.1
#: Rows of a table whose ids are listed for a predicate, 8 bytes each, and predicates for which they are remembered.
MAX_LISTED, _REMEMBERED = 500_000, 8

#: The ``n`` best rows with ``_rowid``, best first, of those that pass SQL; of all where it is None.
Best = Callable[[int, "str | None"], pa.Table]


@dataclass(frozen=True, slots=True)
class Visible:
    """``row_ids``, sorted, of what passes ``sql``, of a table of ``n_rows``."""

    sql: str
    row_ids: np.ndarray
    n_rows: int

    def best(self, n: int, best: Best) -> pa.Table:
        """The same as ``best(n, self.sql)``."""
        share = len(self.row_ids) / max(self.n_rows, 1)
        if share < _LEAST_SHARE:
            return best(n, self.sql)
        n_asked = min(int(n / share * _MARGIN) + 1, self.n_rows)
        found = best(n_asked, None)
        passing = found.filter(pa.array(self.holds(found.column("_rowid").to_numpy())))
        is_all = len(found) < n_asked or n_asked == self.n_rows
        return passing.slice(0, n) if is_all or len(passing) >= n else best(n, self.sql)

    def holds(self, row_ids: np.ndarray) -> np.ndarray:
        """Which of these pass."""
        if not len(self.row_ids):
            return np.zeros(len(row_ids), bool)
        at = np.searchsorted(self.row_ids, row_ids)
        held: np.ndarray = self.row_ids[np.minimum(at, len(self.row_ids) - 1)] == row_ids
        return held


class Visibles:
    """What the predicates of the last searches leave of one table; may be asked from many threads."""

    def __init__(self, table: Callable[[], TableReader], n_rows: int) -> None:
        self._table, self._n_rows = table, n_rows
        self._known: dict[str, Visible] = {}
        self._lock = Lock()

    def of(self, sql: str) -> Visible:
        with self._lock:
            known = self._known.pop(sql, None)
        if known is None:
            row_ids = self._table().row_ids(sql)
            known = Visible(sql, row_ids, self._n_rows)
        with self._lock:
            self._known[sql] = known  # the last one asked for stands last
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return known
