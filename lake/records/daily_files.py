"""Rows that many processes write at any time: small Parquet files in a folder for each day, merged once a day is over.

Writers never conflict: each writes its own file under a random name. A row that is found twice, because a merge was
killed, counts once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.errors import ContractError
from lake.ids import value_digest
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.storage.denylist import Denylist

Row = dict[str, Any]
#: Decides for all rows of a file whether each is to be removed.
Gone = Callable[[list[Row]], list[bool]]

_TRIES = 5
_ROWS_PER_GROUP = 1 << 12
#: Rows of a merged file at which the next one begins.
_ROWS_PER_FILE = 100_000
_UNREADABLE = (OSError, ValueError, ContractError)


@dataclass(frozen=True, slots=True)
class DailyFiles:
    """One kind of rows. The first column of ``schema`` is their key; ``time`` names the column of their time.

    ``names_denied`` decides whether a row names a document that was erased for good.
    """

    folder: str
    schema: pa.Schema
    time: str
    names_denied: Callable[[Denylist, Row], bool]

    @property
    def key(self) -> str:
        return str(self.schema.names[0])

    def write(self, lake: Lake, rows: Sequence[Row]) -> list[Row]:
        """Store rows, by day. Returns those that were not kept, as they name documents erased for good meanwhile."""
        refused: list[Row] = []
        by_day: dict[str, list[Row]] = {}
        for row in rows:
            by_day.setdefault(f"{row[self.time]:%Y-%m-%d}", []).append(row)
        for day, mine in by_day.items():
            path = f"{self.folder}/{day}/{secrets.token_hex(16)}.parquet"
            lake.store.write(path, self._bytes(pa.Table.from_pylist(mine, schema=self.schema)))
            # An erasure may have searched just before this was written; its denial came first.
            denylist = lake.denylist()
            denied = [row for row in mine if self.names_denied(denylist, row)]
            if denied:
                self._redact(lake, path, denylist)
            refused += denied
        return refused

    def read(self, lake: Lake, since: date | None = None) -> pa.Table:
        """All rows, or those of days from ``since`` on, oldest first."""
        return self._once(self._read_all(lake, since))

    def _once(self, rows: pa.Table) -> pa.Table:
        """Each row once, oldest first."""
        keys = rows.select([self.key]).append_column("number", pa.array(range(rows.num_rows), pa.int64()))
        first = keys.group_by(self.key).aggregate([("number", "min")])
        return rows.take(first.column("number_min")).sort_by([(self.time, "ascending"), (self.key, "ascending")])

    def _read_all(self, lake: Lake, since: date | None) -> pa.Table:
        for attempt in range(_TRIES):
            try:
                parts = [self.read_file(lake, path) for path in self.paths(lake, since)]
                return pa.concat_tables([self.schema.empty_table(), *parts])
            except FileNotFoundError:  # merged with others since it was listed
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError

    def read_file(self, lake: Lake, path: str) -> pa.Table:
        """Rows of a file; columns that older versions did not write are null."""
        rows = open_parquet(lake.store, path).read()
        for field in self.schema:
            if field.name not in rows.column_names and field.nullable:
                rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
        return rows.select(self.schema.names).cast(self.schema)

    def paths(self, lake: Lake, since: date | None = None) -> list[str]:
        """Every file, by day."""
        days = [day for day in lake.store.names(self.folder) if since is None or day >= since.isoformat()]
        return [f"{self.folder}/{day}/{name}" for day in days for name in lake.store.names(f"{self.folder}/{day}")]

    def remove(self, lake: Lake, path: str, gone: Gone) -> None:
        """Rewrite a file without some of its rows; an unreadable one is deleted, since its contents are unknown."""
        try:
            rows = self.read_file(lake, path)
        except FileNotFoundError:
            return
        except _UNREADABLE:
            lake.store.delete(path)
            return
        left = rows.filter(pa.array([not one for one in gone(rows.to_pylist())], pa.bool_()))
        if not left.num_rows:
            lake.store.delete(path)
        elif left.num_rows < rows.num_rows:
            lake.store.write(path, self._bytes(left))

    def denied(self, lake: Lake) -> Iterator[str]:
        """Paths of files with rows that name documents erased for good."""
        denylist = lake.denylist()
        for path in self.paths(lake) if len(denylist) else ():
            try:
                rows = self.read_file(lake, path).to_pylist()
            except _UNREADABLE:  # the check of these files reports it
                continue
            if any(self.names_denied(denylist, row) for row in rows):
                yield path

    def redact(self, lake: Lake) -> None:
        """Remove rows that name documents erased for good."""
        denylist = lake.denylist()
        for path in list(self.denied(lake)):
            self._redact(lake, path, denylist)

    def _redact(self, lake: Lake, path: str, denylist: Denylist) -> None:
        self.remove(lake, path, lambda rows: [self.names_denied(denylist, row) for row in rows])

    def merge(self, lake: Lake, before: datetime, *, dry_run: bool = False) -> int:
        """Merge the files of each day that ended before a time. Returns how many that saves. Needs the writer lease."""
        n_saved = 0
        for day in lake.store.names(self.folder):
            names = lake.store.names(f"{self.folder}/{day}")
            if day >= f"{before:%Y-%m-%d}" or len(names) < 2:
                continue
            for old in self._batches(lake, [f"{self.folder}/{day}/{name}" for name in names]):
                n_saved += len(old) - 1
                if not dry_run:
                    self._merge(lake, day, old)
        return n_saved

    def _batches(self, lake: Lake, paths: list[str]) -> Iterator[list[str]]:
        """Files to merge into one, each time at least two that can be read; large ones stay as they are."""
        batch, n_rows = list[str](), 0
        for path in paths:
            try:
                n = open_parquet(lake.store, path).metadata.num_rows
            except _UNREADABLE:  # doctor reports it; a damaged file must not block the others
                continue
            if n >= _ROWS_PER_FILE:
                continue
            batch, n_rows = [*batch, path], n_rows + n
            if n_rows >= _ROWS_PER_FILE:
                yield batch
                batch, n_rows = [], 0
        if len(batch) > 1:
            yield batch

    def _merge(self, lake: Lake, day: str, old: list[str]) -> None:
        try:
            rows = self._once(pa.concat_tables([self.read_file(lake, path) for path in old]))
        except _UNREADABLE:
            return
        path = f"{self.folder}/{day}/{value_digest(sorted(rows.column(self.key).to_pylist()))}.parquet"
        lake.store.write(path, self._bytes(rows))
        lake.store.flush()
        for name in old:
            if name != path:
                lake.store.delete(name)

    def drop(self, lake: Lake, before: date, *, dry_run: bool = False) -> tuple[int, int]:
        """Delete the files of all days before one. Returns how many, and their bytes."""
        gone = [stored for stored in lake.store.walk(self.folder) if _day_of(stored.path) < before.isoformat()]
        for stored in () if dry_run else gone:
            lake.store.delete(stored.path)
        if not dry_run:
            lake.store.delete_empty_folders(self.folder)
        return len(gone), sum(stored.size for stored in gone)

    @staticmethod
    def _bytes(table: pa.Table) -> bytes:
        return parquet_bytes(table, _ROWS_PER_GROUP)


def _day_of(path: str) -> str:
    """The day of a file; a name after every day for what is no file of a day.

    >>> _day_of("queries/2026-11-29/5e.parquet"), _day_of("queries/.tmp-1")
    ('2026-11-29', '~')
    """
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else "~"
