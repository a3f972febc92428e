"""Writes LanceDB tables: keyed merges, indices, tags and vacuuming."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

import pyarrow as pa

from lake.patches.lazy_namespace import models_later, namespace_later
from lake.patches.lazy_pandas import pandas_later
from lake.recipe import VECTOR_COLUMNS, TextIndex, VectorIndex
from lake.schemas import LATER_OF_CHUNKS
from lake.storage.failures import table_failures
from lake.tables import upkeep
from lake.tables.own_commits import OwnCommits
from lake.tables.reader import TableReader, storage_options
from lake.tables.sql import one_of
from lake.tables.table_indices import KEYS_LOOKED_UP, built_by, least_rows, of_words
from lake.tables.tags import drop_torn, tags_of
from lake.tables.words import SPOKEN_COLUMNS, WORD_COLUMNS, full_text, text_columns

_PRIMARY_KEY = {b"lance-schema:unenforced-primary-key": b"true"}


class Tables:
    """One generation of tables: a LanceDB database in a folder of the lake.

    Concurrent merges of one new key insert it twice unless the key column is declared the primary key
    and the merge uses no scalar index; both are done here, and the audit counts keys all the same.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._open: dict[str, Any] = {}
        self._own = OwnCommits()

    @cached_property
    def _database(self) -> Any:
        options = {"new_table_enable_stable_row_ids": "true", **storage_options(self.url)}
        return lancedb().connect(self.url, storage_options=options)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Translate LanceDB's errors into TransientError, or ContractError if it lacks permission to write."""
        with table_failures(self.url):
            yield

    def _latest(self, name: str) -> Any:
        if name not in self._open:
            self._open[name] = self._database.open_table(name)
        table = self._open[name]
        table.checkout_latest()
        return table

    def names(self) -> list[str]:
        with table_failures(self.url):
            return list(self._database.list_tables(limit=10_000).tables)

    def at(self, name: str, version: int) -> TableReader:
        """The table at a version, which later writes don't change."""
        return TableReader(self.url, name, version)

    def reset(self, name: str, schema: pa.Schema, version: int | None) -> None:
        """Make the head equal to ``version``, or an empty table if it is None.

        Undoes the writes of a run that never completed a release.
        """
        if version is None:
            if not self._is_empty(name, schema):
                self._open[name] = self._database.create_table(name, schema=_keyed(schema), mode="overwrite")
        elif self._latest(name).version != version:
            self._open[name].restore(version)
        self._own.begin(name, self._open[name].version)

    def _widen(self, name: str, schema: pa.Schema) -> None:
        """Add the columns that an older release did not have, as nulls; its versions keep theirs."""
        table = self._latest(name)
        new = [field for field in schema if field.name not in table.schema.names]
        if new:
            table.add_columns(pa.schema(new))
            self._own.add(name)
            table.checkout_latest()

    def _is_empty(self, name: str, schema: pa.Schema) -> bool:
        """Whether the head is an empty table with this schema; false if a run died while it created the table."""
        if name not in self.names():
            return False
        try:
            table = self._latest(name)
        except (ValueError, RuntimeError):  # listed, since its folder exists, but it has no version yet
            return False
        return bool(table.count_rows() == 0 and table.schema.equals(schema))

    def apply(
        self,
        name: str,
        rows: Iterator[pa.RecordBatch],
        schema: pa.Schema,
        deleted: Sequence[str],
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Delete the rows of the documents in ``deleted``, then insert or replace ``rows`` by key.

        ``check`` raises if the lease was lost; it is called before each of both.
        """
        table, first = self._latest(name), next(rows, None)
        if not self._own.has(name):
            self._own.begin(name, table.version)
        if deleted and table.count_rows():
            check()
            # An updated row would keep its id, and each segment of an index that ever held it would find it.
            table.delete(one_of("doc_id", deleted))
            self._own.add(name)
        if first is None:
            return
        check()
        reader = pa.RecordBatchReader.from_batches(_keyed(schema), _rekeyed(first, rows, _keyed(schema)))
        if table.count_rows() == 0:
            self._open[name] = self._database.create_table(name, data=reader, schema=_keyed(schema), mode="overwrite")
            self._own.begin(name, self._open[name].version)
            return
        self._widen(name, schema)
        self._own.add(name)
        merge = table.merge_insert(schema.names[0]).use_index(False)
        merge.when_matched_update_all().when_not_matched_insert_all().execute(reader)

    def maintain(self, name: str, *, text_index: TextIndex | None = None, in_part: bool = False) -> None:
        """Bring indices up to date with the rows; merge their segments and compact once there are many.

        With ``text_index``, full-text indices that must be whole are made anew, in little more than half the time of a
        merge. ``in_part`` adds a segment to each index, and merges all but the first once there are many.
        """
        table = self._latest(name)
        upkeep.maintain(table, text_index, in_part=in_part)
        table.checkout_latest()

    def index(self, name: str, text_index: TextIndex, *, anew: bool = False) -> None:
        """Create the indices that the table lacks; with ``anew`` make the full-text ones and their words again."""
        from lancedb.index import BTree

        if anew and name.startswith("chunks"):
            self._drop_full_text(name)
            self._fill_words(name, text_index)
        table = self._latest(name)
        present = {index.columns[0] for index in table.list_indices()}
        for column in KEYS_LOOKED_UP.get(name.split("__")[0], ()):
            if column not in present:
                table.create_index(column, config=BTree())
        if name.startswith("chunks"):
            self._index_chunks(table, present, *text_index[:2])

    @staticmethod
    def _index_chunks(table: Any, present: set[str], tokenizer: str, language: str) -> None:
        for column in text_columns(tokenizer):
            if column not in present:
                table.create_index(column, config=of_words(tokenizer, language))

    def index_vectors(self, name: str, index: VectorIndex, was: VectorIndex | None = None) -> None:
        """Create the indices of vectors that the table should have; ``was`` is how it is indexed if it has some."""
        table = self._latest(name)
        present = {one.columns[0]: one.name for one in table.list_indices()}
        for column in VECTOR_COLUMNS:
            if column in present and was is not None and not index.builds_like(was):
                table.drop_index(present.pop(column))
            if column in table.schema.names and column not in present and table.count_rows() >= least_rows(index):
                table.create_index(column, config=built_by(index))

    def _drop_full_text(self, name: str) -> None:
        table = self._latest(name)
        for index in table.list_indices():
            if index.columns[0] in {*WORD_COLUMNS, "text", "heading"}:
                table.drop_index(index.name)

    def _fill_words(self, name: str, text_index: TextIndex) -> None:
        """Set the words of rows that another full-text index was made of; no other column is written."""
        dataset = self._latest(name).to_lance()
        if present := [column for column in WORD_COLUMNS if column in dataset.schema.names]:
            dataset.drop_columns(present)
            self._own.add(name)
        self._widen(name, pa.schema([field for field in LATER_OF_CHUNKS if field.name not in WORD_COLUMNS]))

        def words(rows: pa.RecordBatch) -> pa.RecordBatch:
            return pa.RecordBatch.from_pydict(full_text({one: rows.column(one) for one in SPOKEN_COLUMNS}, text_index))

        self._latest(name).to_lance().add_columns(words, read_columns=[*SPOKEN_COLUMNS])
        self._own.add(name)
        self._latest(name)

    def seal(self, name: str, release: str) -> int:
        """Tag the head, so that cleanup keeps it, and return its version.

        Raises ConflictError if another run changed rows of the table since ``reset``.
        """
        table = self._latest(name)
        version = int(table.version)
        self._own.end(name, table, self.url)
        self.protect(name, release, version)
        return version

    def vacuum(
        self,
        name: str,
        versions: Mapping[str, int],
        *,
        check: Callable[[], None] = lambda: None,
        spared: Callable[[], timedelta] = timedelta,
    ) -> int:
        """Free the disk space that no release in ``versions`` needs, and set tags accordingly. Returns bytes.

        Call it only with the writer lease, as it would remove another writer's unfinished work, too. ``check`` raises
        if the lease was lost; it is called after each step that may take long, and between looking at tags and deleting
        any. What is younger than ``spared()``, the age of the lease, may be of whoever took the lease while this run
        slept, and stays.
        """
        table = self._latest(name)
        check()
        drop_torn(table, self._table_url(name))
        if table.version not in versions.values():  # what a dead run left at the head
            table.restore(max(versions.values()))
        tags = self.tags(name)
        check()
        for release in tags.keys() - versions.keys():
            table.tags.delete(release)
        for release, version in versions.items():
            if tags.get(release) != version:
                self.protect(name, release, version)
        cleaned = table.to_lance().cleanup_old_versions(
            spared(), delete_unverified=True, error_if_tagged_old_versions=False
        )
        return int(cleaned.bytes_removed)

    def tags(self, name: str) -> dict[str, int]:
        """Release -> the version that is protected from vacuuming."""
        return tags_of(self._latest(name), self._table_url(name))

    def protect(self, name: str, release: str, version: int) -> None:
        """Tag a version, so that it is kept; looks at the other tags, maybe thousands, only if this one is there."""
        table = self._latest(name)
        try:
            table.tags.create(release, version)
        except RuntimeError:  # a dead run left it, or a part of it
            drop_torn(table, self._table_url(name))
            (table.tags.update if release in table.tags.list() else table.tags.create)(release, version)

    def _table_url(self, name: str) -> str:
        return f"{self.url}/{name}.lance"


@lru_cache(maxsize=1)
def lancedb() -> Any:
    """Import the module without the parts that would take most of the time."""
    os.environ.setdefault("LANCEDB_LOG", "error")
    namespace_later()
    with pandas_later(), models_later():
        import lancedb
    return lancedb


def warm_up() -> threading.Thread:
    """Import LanceDB in a thread during a run's first steps, which wait for other processes."""
    thread = threading.Thread(target=lancedb, daemon=True, name="import lancedb")
    thread.start()
    return thread


def _keyed(schema: pa.Schema) -> pa.Schema:
    return schema.set(0, schema.field(0).with_nullable(False).with_metadata(_PRIMARY_KEY))


def _rekeyed(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in (b for part in ([first], rest) for b in part):
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
