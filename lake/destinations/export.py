"""Copies a release to a destination, unless the destination holds it already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lake import plugins
from lake.destinations.destination import TABLES, Destination, ReleaseTables
from lake.directory import Lake
from lake.errors import UsageError
from lake.ids import value_digest
from lake.releases import rights
from lake.reporting import either

if TYPE_CHECKING:
    from lake.releases.history import History
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

FORMS = ("parquet:FOLDER",)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did; ``written`` is False if the destination held these rows already."""

    destination: str
    release: str
    mark: str
    n_rows: dict[str, int]
    written: bool


def export(url: str, destination: str, *, at: str = "live") -> Exported:
    """Copy a release, ``live`` by default, to a destination (``parquet:FOLDER``), which then holds nothing else."""
    lake = Lake.existing(url)
    place, history = open_destination(destination), lake.log.read()
    tables = release_tables(lake, history, history.resolve(at))
    is_old = place.held() != tables.mark
    if is_old:
        place.sync(tables)
    return Exported(destination, tables.release, tables.mark, dict(tables.n_rows), is_old)


def open_destination(name: str) -> Destination:
    """Open a destination by name, ours or a plugin's. Raises UsageError with the valid forms if the name is unknown."""
    family, _, rest = name.partition(":")
    plugin = plugins.find("destinations", family) if rest else None
    if plugin is None:
        added = [f"{added}:..." for added in plugins.names("destinations")]
        raise UsageError(f"no destination {name!r}; choose {either([*FORMS, *added])}")
    place = plugin.load()(rest)
    if not isinstance(place, Destination):
        raise plugin.broken(f"must return a Destination (held, sync), got {place!r:.100}")
    return place


def release_tables(lake: Lake, history: History, release: Release) -> ReleaseTables:
    """The tables of a release, with the current rights."""
    stored = {name: release.recipe.embedder.table if name == "chunks" else name for name in TABLES}
    files = lake.tables(release.generation)
    readers = {name: files.at(table, release.versions[table]) for name, table in stored.items()}
    held_rights = rights.read(lake.store, history.rights)
    acl = dict(zip(*(held_rights.column(name).to_pylist() for name in ("doc_id", "acl")), strict=True))
    held = value_digest([release.digest, release.generation, release.versions, history.rights])
    counts = {name: reader.count() for name, reader in readers.items()}
    return ReleaseTables(release.id, f"{release.id}-{held[:12]}", counts, lambda name: _rows(readers[name], acl))


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
