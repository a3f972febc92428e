"""The only module that knows LanceDB: tables written by keyed merges, read at pinned versions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.errors import ContractError, UsageError
from lake.failures import table_failures

if TYPE_CHECKING:
    import numpy as np

#: Below this many rows an exact scan answers as fast as an index and never misses a neighbour.
VECTOR_INDEX_ROWS = 20_000
#: Candidates per wanted row that an approximate index fetches and ranks again by exact distance.
REFINE_FACTOR = 5

#: Every commit adds a fragment. A few cost a search nothing, and compacting rewrites neighbours whole.
_MANY_FRAGMENTS = 16
#: Weight of a match in the heading path beside one in the text; adding it beats taking the better of both.
HEADING_BOOST = 0.3

_PRIMARY_KEY = {b"lance-schema:unenforced-primary-key": b"true"}
_KEYS_LOOKED_UP = {"documents": ("doc_id",), "parents": ("parent_id", "doc_id"), "chunks": ("chunk_id", "doc_id")}


class Tables:
    """One generation of tables: a LanceDB database in a folder of the lake.

    Concurrent merges of one new key insert it twice unless the key column is declared the primary key
    and the merge uses no scalar index; both are done here, and the audit counts keys all the same.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._open: dict[str, Any] = {}

    @cached_property
    def _database(self) -> Any:
        os.environ.setdefault("LANCEDB_LOG", "error")
        import lancedb

        options = {"new_table_enable_stable_row_ids": "true", **_storage_options(self.url)}
        return lancedb.connect(self.url, storage_options=options)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """TransientError that says what LanceDB stumbled over while it wrote, ContractError where it may not."""
        with table_failures(self.url):
            yield

    def _latest(self, name: str) -> Any:
        if name not in self._open:
            self._open[name] = self._database.open_table(name)
        table = self._open[name]
        table.checkout_latest()
        return table

    def names(self) -> list[str]:
        return list(self._database.list_tables(limit=10_000).tables)

    def at(self, name: str, version: int) -> TableReader:
        """The table as it was at a version; stays so whatever is written afterwards."""
        return TableReader(self._database.open_table(name, version=version), name)

    def reset(self, name: str, schema: pa.Schema, version: int | None) -> None:
        """Make the head equal to ``version``, or an empty table where it is None.

        Undoes what a run left behind that wrote to the head and never came to a release.
        """
        if version is None:
            if not self._is_empty(name, schema):
                self._open[name] = self._database.create_table(name, schema=_keyed(schema), mode="overwrite")
        elif self._latest(name).version != version:
            self._latest(name).restore(version)

    def _is_empty(self, name: str, schema: pa.Schema) -> bool:
        """Whether the head is an empty table of this shape; no where a run died while it created the table."""
        if name not in self.names():
            return False
        try:
            table = self._latest(name)
        except (ValueError, RuntimeError):  # listed, since its folder is there, but it has no version yet
            return False
        return bool(table.count_rows() == 0 and table.schema.names == schema.names)

    def apply(self, name: str, rows: Iterator[pa.RecordBatch], schema: pa.Schema, deleted: Sequence[str]) -> None:
        """Insert or replace ``rows`` by key, and delete other rows of the documents in ``deleted``; one version."""
        table, first = self._latest(name), next(rows, None)
        n_rows, condition = table.count_rows(), _in("doc_id", deleted)
        if first is None:
            if deleted and n_rows:
                table.delete(condition)
            return
        reader = pa.RecordBatchReader.from_batches(_keyed(schema), _rekeyed(first, rows, _keyed(schema)))
        if n_rows == 0:
            self._open[name] = self._database.create_table(name, data=reader, schema=_keyed(schema), mode="overwrite")
            return
        merge = table.merge_insert(schema.names[0]).use_index(False)
        merge = merge.when_matched_update_all().when_not_matched_insert_all()
        if deleted:
            merge = merge.when_not_matched_by_source_delete(condition)
        merge.execute(reader)

    def maintain(self, name: str) -> None:
        """Bring indices up to date with the rows and merge their segments; compact once files are many."""
        table = self._latest(name)
        dataset = table.to_lance()
        if table.list_indices():
            dataset.optimize.optimize_indices(num_indices_to_merge=50)
        if len(dataset.get_fragments()) > _MANY_FRAGMENTS:
            dataset.optimize.compact_files()
        table.checkout_latest()

    def index(self, name: str, text_index: tuple[str, str], *, anew: bool = False) -> None:
        """Create the indices that the table should have and has not; the full-text ones ``anew`` if asked."""
        from lancedb.index import BTree

        table = self._latest(name)
        present = {index.columns[0] for index in table.list_indices()}
        if anew:
            present -= {"text", "heading"}
        for column in _KEYS_LOOKED_UP.get(name.split("__")[0], ()):
            if column not in present:
                table.create_index(column, config=BTree())
        if name.startswith("chunks"):
            self._index_chunks(table, present, *text_index)

    @staticmethod
    def _index_chunks(table: Any, present: set[str], tokenizer: str, language: str) -> None:
        from lancedb.index import FTS, IvfSq

        for column in ("text", "heading"):
            if column not in present:
                table.create_index(column, config=FTS(base_tokenizer=tokenizer, language=language, with_position=True))
        if "vector" not in present and table.count_rows() >= VECTOR_INDEX_ROWS:
            table.create_index("vector", config=IvfSq(distance_type="cosine"))

    def seal(self, name: str, release: str) -> int:
        """Tag the head, so that cleanup keeps it, and return its version."""
        table = self._latest(name)
        version = int(table.version)
        if release in table.tags.list():
            table.tags.update(release, version)
        else:
            table.tags.create(release, version)
        return version


class TableReader:
    """One table at one version."""

    def __init__(self, table: Any, name: str) -> None:
        self._table, self.name = table, name

    def count(self, where: str | None = None) -> int:
        return int(self._table.count_rows(where))

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    @property
    def version(self) -> int:
        return int(self._table.version)

    def dataset(self) -> Any:
        """A pyarrow dataset that Polars and DuckDB scan with column and filter push-down."""
        import lance

        options = _storage_options(str(self._table.uri)) or None
        return lance.dataset(self._table.uri, version=self.version, storage_options=options)

    def scan(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        return self.dataset().to_table(columns=list(columns), filter=where)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self.dataset().to_batches(columns=list(columns), batch_size=8192)

    def take(self, key: str, values: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Rows whose ``key`` is among ``values``, in any order."""
        query = self._table.search().where(_in(key, values)).limit(len(values)).select([*columns])
        return query.to_arrow()

    def nearest(self, vector: np.ndarray, k: int, columns: Sequence[str], where: str | None) -> pa.Table:
        """The ``k`` rows nearest by cosine, with ``_distance``."""
        query = self._table.search(vector, vector_column_name="vector").distance_type("cosine")
        query = query.refine_factor(REFINE_FACTOR).limit(k).select([*columns, "_distance"])
        return self._answer(query, where)

    def matching(self, text: str, k: int, columns: Sequence[str], where: str | None) -> pa.Table:
        """The ``k`` rows whose text and heading match best by BM25, with ``_score``."""
        from lancedb.query import BooleanQuery, MatchQuery, Occur

        # The stubs know the fields and none of their defaults.
        legs = [MatchQuery(text, "text"), MatchQuery(text, "heading", boost=HEADING_BOOST)]  # type: ignore[call-arg]
        query = self._table.search(BooleanQuery([(Occur.SHOULD, leg) for leg in legs]), query_type="fts")
        query = query.limit(k).select([*columns, "_score"])
        return self._answer(query, where)

    def _answer(self, query: Any, where: str | None) -> pa.Table:
        try:
            return (query.where(where, prefilter=True) if where else query).to_arrow()
        except (ValueError, RuntimeError) as error:
            if where:
                self._check_filter(where)
            raise ContractError(
                f"{self.name} at version {self.version} can't be searched: {_first_line(error)}"
            ) from error

    def _check_filter(self, where: str) -> None:
        """UsageError where the filter alone fails."""
        try:
            self._table.count_rows(where)
        except (ValueError, RuntimeError) as error:
            columns = [name for name in self.schema.names if name != "vector"]
            reason = (
                _first_line(error).replace("Invalid input, ", "").replace("Error parsing function: ", "").rstrip(".")
            )
            raise UsageError(f"the filter can't be used: {reason}. Columns to filter on: {columns}") from error

    def unindexed(self) -> dict[str, int]:
        """Rows that each index does not cover yet, by column."""
        return {index.columns[0]: int(index.num_unindexed_rows or 0) for index in self._table.list_indices()}


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def _keyed(schema: pa.Schema) -> pa.Schema:
    return schema.set(0, schema.field(0).with_nullable(False).with_metadata(_PRIMARY_KEY))


def _rekeyed(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in (b for part in ([first], rest) for b in part):
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _in(column: str, values: Sequence[str]) -> str:
    # Only our own hex ids ever get here, so there is nothing to escape.
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _storage_options(url: str) -> dict[str, str]:
    """LanceDB takes S3 settings by name; it reads keys from the environment, but not leave to use http."""
    if not url.startswith("s3://"):
        return {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = {"aws_region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"}
    # Seconds after which it does not try again, 180 by itself: a store that hangs is asked six times over.
    options["client_retry_timeout"] = os.environ.get("OBJECT_STORE_CLIENT_RETRY_TIMEOUT", "30")
    if endpoint:
        options |= {"aws_endpoint": endpoint, "allow_http": str(endpoint.startswith("http://")).lower()}
    return options
