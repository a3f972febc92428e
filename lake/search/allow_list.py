"""Row ids that pass the predicates of the latest searches of a release."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.tables.reader import Passing, TableReader

#: Row ids are cached for tables of at most this many rows; in larger ones Lance filters during each retrieval.
_MOST_LISTED = 2_000_000
_REMEMBERED = 8


class AllowLists:
    """Caches the row ids that pass each predicate of one table; safe to use from several threads."""

    def __init__(self, table: Callable[[], TableReader], n_rows: int) -> None:
        self._table, self._n_rows = table, n_rows
        self._known: dict[str, Passing] = {}
        self._lock = Lock()

    def where(self, sql: str | None) -> Passing | str | None:
        """Returns what to filter a search by: the rows that pass, or the SQL itself for a large table."""
        if not sql or self._n_rows > _MOST_LISTED:
            return sql
        with self._lock:
            known = self._known.pop(sql, None)
        if known is None:
            known = self._table().passing(sql)
        with self._lock:
            self._known[sql] = known  # the latest used comes last
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return known
