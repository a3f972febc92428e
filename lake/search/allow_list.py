"""Row ids that pass the predicates of the latest searches of a release."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from lake.tables.reader import Passing, TableReader

T = TypeVar("T")

#: Row ids are cached for tables of at most this many rows; in larger ones Lance filters during each retrieval.
_MOST_LISTED = 2_000_000
_REMEMBERED = 8


class Latest(Generic[T]):
    """Caches what was made for the latest keys used; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, T] = {}
        self._lock = Lock()

    def get(self, key: str, make: Callable[[], T]) -> T:
        with self._lock:
            known = self._known.pop(key, None)
        if known is None:
            known = make()
        with self._lock:
            self._known[key] = known  # the latest used comes last
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return known


class AllowLists:
    """Caches the row ids that pass each predicate of one table; safe to use from several threads."""

    def __init__(self, table: Callable[[], TableReader], n_rows: int) -> None:
        self._table, self._n_rows = table, n_rows
        self._known: Latest[Passing] = Latest()

    @property
    def are_listed(self) -> bool:
        """Whether the table is small enough for lists of rows."""
        return self._n_rows <= _MOST_LISTED

    def where(self, sql: str | None) -> Passing | str | None:
        """Returns what to filter a search by: the rows that pass, or the SQL itself for a large table."""
        if not sql or not self.are_listed:
            return sql
        return self._known.get(sql, lambda: self._table().passing(sql))
