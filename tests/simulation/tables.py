"""A light stand-in for LanceDB: numbered versions of a table, each a Parquet file that nobody flushes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import polars as pl
import pyarrow as pa

from lake.errors import ConflictError, GoneError, UsageError
from lake.recipe import TextIndex, VectorIndex
from lake.schemas import completed
from tests.simulation.parquet import decoded, write_table
from tests.simulation.store import SimulatedStore


class SimulatedReader:
    """One table at one version."""

    def __init__(self, store: SimulatedStore, folder: str, name: str, version: int) -> None:
        self.name, self.version = name, version
        self._path = _path(folder, version)
        try:
            self._file = decoded(store.read(self._path))
        except FileNotFoundError as error:
            raise GoneError(f"{name} at version {version} is no longer there") from error
        self._rows = self._file.read()
        self.schema = self._rows.schema

    def count(self, where: str | None = None) -> int:
        return self._filtered(where).num_rows

    def scan(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        return self._filtered(where).select(list(columns))

    def check_filter(self, where: str) -> None:
        try:
            self._filtered(where)
        except pl.exceptions.PolarsError as error:
            raise UsageError(f"the filter can't be used: {error}") from error

    def take(self, key: str, values: Sequence[str], columns: Sequence[str]) -> pa.Table:
        return self._rows.filter(_is_one_of(self._rows, key, values)).select(list(columns))

    def stored_rows(self, columns: Sequence[str], known: set[tuple[str, ...]]) -> Iterator[pa.Table]:
        if (self._path,) not in known:
            known.add((self._path,))
            yield completed(self._rows, columns).select(list(columns))

    def _filtered(self, where: str | None) -> pa.Table:
        return self._rows if where is None else self._file.once(("where", where), lambda: self._passing(where))

    def _passing(self, where: str) -> pa.Table:
        mask = pl.DataFrame(self._rows).select(pl.sql_expr(where).alias("passes")).to_series()
        if len(mask) == 1 and self._rows.num_rows != 1:  # a constant
            mask = pl.Series([bool(mask[0])] * self._rows.num_rows, dtype=pl.Boolean)
        return self._rows.filter(pa.array(mask.to_list(), pa.bool_()))


class SimulatedTables:
    """One generation of tables."""

    def __init__(self, store: SimulatedStore, generation: str) -> None:
        self._store, self._generation = store, generation
        self._began: dict[str, int] = {}
        self._own: dict[str, set[int]] = {}

    def writing(self) -> Any:
        return nullcontext()

    def at(self, name: str, version: int) -> SimulatedReader:
        return SimulatedReader(self._store, self._folder(name), name, version)

    def reset(self, name: str, schema: pa.Schema, version: int | None) -> None:
        head = self.head(name)
        if version is None:
            if not self._is_empty(name, head, schema):
                head = self._commit(name, lambda _: schema.empty_table())
        elif head != version:
            rows = self._rows(name, version)
            head = self._commit(name, lambda _: rows)
        self.begin(name, head)

    def begin(self, name: str, version: int) -> None:
        """From here on, whatever is not this run's own commit is another one's."""
        self._began[name], self._own[name] = version, set()

    def _is_empty(self, name: str, head: int, schema: pa.Schema) -> bool:
        """Whether the head is an empty table; false if a power loss left half of it."""
        try:
            rows = self._rows(name, head)
        except (GoneError, pa.ArrowInvalid):
            return False
        return bool(rows.num_rows == 0 and rows.schema.equals(schema))

    def apply(
        self,
        name: str,
        rows: Iterator[pa.RecordBatch],
        schema: pa.Schema,
        deleted: Sequence[str],
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        new = pa.Table.from_batches(list(rows), schema)
        key = schema.names[0]

        def without(head: int, column: str, values: Sequence[str]) -> pa.Table:
            old = self._rows(name, head)
            gone = _is_one_of(old, column, values)
            return old.filter(pa.array([not one for one in gone], pa.bool_())) if any(gone) else old

        if deleted:
            check()
            self._commit(name, lambda head: without(head, "doc_id", deleted))
        if new.num_rows:
            check()
            keys = new.column(key).to_pylist()
            self._commit(name, lambda head: pa.concat_tables([without(head, key, keys), new]))

    def index(self, name: str, text_index: TextIndex, *, anew: bool = False) -> None:
        """Does nothing: no index is simulated."""

    def index_vectors(self, name: str, index: VectorIndex, was: VectorIndex | None = None) -> None:
        """Does nothing."""

    def maintain(self, name: str, *, text_index: object = None, in_part: bool = False) -> None:
        """Does nothing."""

    def seal(self, name: str, release: str) -> int:
        version = self.head(name)
        if set(range(self._began[name] + 1, version + 1)) - self._own[name]:
            raise ConflictError(f"{name} was changed by another run meanwhile; nothing is published, run it again")
        self.protect(name, release, version)
        return version

    def protect(self, name: str, release: str, version: int) -> None:
        self._store.write(f"{self._folder(name)}/tags/{release}", b"%d" % version, is_flushed=False)

    def tags(self, name: str) -> dict[str, int]:
        folder = f"{self._folder(name)}/tags"
        found = {tag: self._store.read(f"{folder}/{tag}") for tag in self._store.names(folder)}
        return {tag: int(data) for tag, data in found.items() if data}  # a loss of power leaves an empty file

    def vacuum(
        self,
        name: str,
        versions: Mapping[str, int],
        *,
        check: Callable[[], None] = lambda: None,
        spared: Callable[[], timedelta] = timedelta,
    ) -> int:
        head = self.head(name)
        check()
        if head not in versions.values():
            rows = self._rows(name, max(versions.values()))
            self._commit(name, lambda _: rows)
            head = self.head(name)
        tags = self.tags(name)
        check()
        for release in sorted(tags.keys() - versions.keys()):
            self._store.delete(f"{self._folder(name)}/tags/{release}")
        for release, version in versions.items():
            if tags.get(release) != version:
                self.protect(name, release, version)
        before = self._store.world.time() - spared()
        tagged = set(self.tags(name).values())  # which is what Lance goes by
        written_at = {stored.path: stored.modified_at for stored in self._store.walk(f"{self._folder(name)}/data")}
        for version in self._versions(name):
            path = _path(self._folder(name), version)
            if version not in tagged and version < head and written_at.get(path, before) <= before:
                self._store.delete(path)
        return 0

    def names(self) -> list[str]:
        return [name.removesuffix(".lance") for name in self._store.names(f"tables/{self._generation}")]

    def _folder(self, name: str) -> str:
        return f"tables/{self._generation}/{name}.lance"

    def _versions(self, name: str) -> list[int]:
        return [int(version.split(".")[0]) for version in self._store.names(f"{self._folder(name)}/data")]

    def head(self, name: str) -> int:
        return max(self._versions(name), default=0)

    def _rows(self, name: str, version: int) -> pa.Table:
        return self.at(name, version)._rows

    def _commit(self, name: str, rows_after: Callable[[int], pa.Table]) -> int:
        """Add a version after the head; if somebody else did meanwhile, after what he left, as Lance's merges do."""
        while True:
            head = self.head(name)
            sink = io.BytesIO()
            write_table(rows_after(head), sink)
            if self._store.put_if_absent(_path(self._folder(name), head + 1), sink.getvalue(), is_flushed=False):
                self._own.setdefault(name, set()).add(head + 1)
                return head + 1


def _path(folder: str, version: int) -> str:
    return f"{folder}/data/{version:06}.parquet"


def _is_one_of(rows: pa.Table, column: str, values: Sequence[str]) -> list[bool]:
    known = set(values)
    return [value in known for value in rows.column(column).to_pylist()] if column in rows.column_names else []
