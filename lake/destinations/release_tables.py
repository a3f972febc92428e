"""The tables of a release with today's rights, and the digests by which destinations recognise them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake.destinations.destination import TABLES, ReleaseTables
from lake.ids import value_digest
from lake.releases import rights

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.tables.reader import TableReader


def release_tables(lake: Lake, history: History, release: Release) -> ReleaseTables:
    """The tables of a release, with the current rights."""
    stored = {name: release.recipe.embedder.table if name == "chunks" else name for name in TABLES}
    files = lake.tables(release.generation)
    readers = {name: files.at(table, release.versions[table]) for name, table in stored.items()}
    held_rights = rights.read(lake.store, history.rights)
    acl = dict(zip(*(held_rights.column(name).to_pylist() for name in ("doc_id", "acl")), strict=True))
    held = value_digest([*_identity(release), history.rights])
    counts = {name: reader.count() for name, reader in readers.items()}
    return ReleaseTables(release.id, f"{release.id}-{held[:12]}", counts, lambda name: _rows(readers[name], acl))


def rows_digest(release: Release) -> str:
    """Identifies the rows of a release as its tables hold them, without rights."""
    return value_digest(_identity(release))


def _identity(release: Release) -> list[Any]:
    return [release.digest, release.generation, release.versions]


def _rows(table: TableReader, acl: dict[str, Any]) -> pa.RecordBatchReader:
    schema = table.schema.remove_metadata()
    batches = table.batches(schema.names)
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
