"""Which chunks of a release the predicates of the last searches leave."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.tables.reader import Passing, TableReader

#: Rows of a table whose ids are listed for a predicate; in a larger one Lance tries it on each row, in each leg.
_MOST_LISTED = 2_000_000
_REMEMBERED = 8


class Visible:
    """Predicates of one table, each tried once on its rows while it is used; may be asked from many threads."""

    def __init__(self, table: Callable[[], TableReader], n_rows: int) -> None:
        self._table, self._n_rows = table, n_rows
        self._known: dict[str, Passing] = {}
        self._lock = Lock()

    def where(self, sql: str | None) -> Passing | str | None:
        """What a search is given."""
        if not sql or self._n_rows > _MOST_LISTED:
            return sql
        with self._lock:
            known = self._known.pop(sql, None)
        if known is None:
            known = self._table().passing(sql)
        with self._lock:
            self._known[sql] = known  # the last one asked for stands last
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return known
