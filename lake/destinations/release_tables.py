"""The tables of a release with today's rights, and the digests by which destinations recognise them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.destinations.destination import TABLES, ReleaseTables
from lake.destinations.registry import last_erasure
from lake.ids import value_digest
from lake.releases import rights
from lake.schemas import tuples
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Documents in one predicate.
_LOOKED_UP = 500


def release_tables(
    lake: Lake, history: History, release: Release, lake_id: str, check: Callable[[], None] = lambda: None
) -> ReleaseTables:
    """The tables of a release, with the current rights."""
    stored = {name: release.recipe.embedder.table if name == "chunks" else name for name in TABLES}
    files = lake.tables(release.generation)
    readers = {name: files.at(table, release.versions[table]) for name, table in stored.items()}
    held_rights = rights.read(lake.store, history.rights)
    acl = dict(tuples(held_rights, "doc_id", "acl"))
    held = value_digest([*_identity(release), history.rights])
    schemas = [str(reader.schema.remove_metadata()) for reader in readers.values()]
    return ReleaseTables(
        lake=lake_id,
        release=release.id,
        mark=f"{release.id}-{held[:12]}",
        n_rows={name: reader.count() for name, reader in readers.items()},
        read=lambda name: _rows(readers[name], acl),
        read_of=lambda name, doc_ids: _rows(readers[name], acl, doc_ids),
        documents=lambda: _documents(_rows(readers["documents"], acl)),
        columns=value_digest([release.recipe.digest, *schemas]),
        readable=value_digest([history.rights, last_erasure(history)]),
        check=check,
    )


def rows_digest(release: Release) -> str:
    """Identifies the rows of a release as its tables hold them, without rights."""
    return value_digest(_identity(release))


def _identity(release: Release) -> list[Any]:
    return [release.digest, release.generation, release.versions]


def _documents(rows: pa.RecordBatchReader) -> pa.Table:
    """What ``ReleaseTables.documents`` returns."""
    found = [
        (row["source"], row["uri"], row["doc_id"], _row_digest(row), 1, row["n_parents"], row["n_chunks"])
        for batch in rows
        for row in batch.to_pylist()
    ]
    names = ("doc_id", "digest", "n_documents", "n_parents", "n_chunks")
    columns = list(zip(*sorted(found), strict=True))[2:] or [()] * len(names)
    types = (pa.string(), pa.string(), pa.int64(), pa.int64(), pa.int64())
    listed = zip(columns, types, strict=True)
    return pa.table(dict(zip(names, (pa.array(column, kind) for column, kind in listed), strict=True)))


def _row_digest(row: dict[str, Any]) -> str:
    canonical = json.dumps(row, sort_keys=True, default=str, separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


def _rows(table: TableReader, acl: dict[str, Any], doc_ids: Sequence[str] | None = None) -> pa.RecordBatchReader:
    """All rows, or those of some documents, with the rights of today."""
    schema = table.schema.remove_metadata()
    if doc_ids is None:
        batches = table.batches(schema.names)
    else:
        starts = range(0, len(doc_ids), _LOOKED_UP)
        batches = (
            batch
            for start in starts
            for batch in table.batches(schema.names, one_of("doc_id", doc_ids[start : start + _LOOKED_UP]))
        )
    restricted = (_with_rights(batch, acl) for batch in batches) if acl and "acl" in schema.names else batches
    return pa.RecordBatchReader.from_batches(schema, _cast(restricted, schema))


def _with_rights(batch: pa.RecordBatch, acl: dict[str, Any]) -> pa.RecordBatch:
    rows = zip(batch.column("doc_id").to_pylist(), batch.column("acl").to_pylist(), strict=True)
    place = batch.schema.get_field_index("acl")
    today = pa.array([acl.get(doc_id, then) for doc_id, then in rows], batch.schema.field(place).type)
    return batch.set_column(place, batch.schema.field(place), today)


def _cast(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Drop the schema's metadata, which differs from batch to batch."""
    return (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches)
