"""Vectors as the tables of releases still have them, for when Parquet lost its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake import schemas

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History


def in_tables(lake: Lake, history: History, folder: str, digests: Sequence[str]) -> Iterator[pa.Table]:
    """Rows (text_digest, vector) of those texts that a release of this folder's embedder holds, each text once."""
    from lake.maintenance.doctor.parquet import untrue_vectors

    wanted = set(digests)
    for release in reversed(history.releases.values()):
        recipe = release.recipe
        if lake.vectors(recipe).folder != folder or not wanted:
            continue
        name = recipe.embedder.table
        schema = schemas.vectors(recipe.embedder.dimensions, recipe.vector_dtype)
        reader = lake.tables(release.generation).at(name, release.versions[name])
        for batch in reader.batches(schema.names):
            sound = batch.filter(pa.array(~untrue_vectors(batch, recipe.embedder.dimensions)))
            found = _first_of_each(sound, wanted)
            if found.num_rows:
                wanted -= set(found.column("text_digest").to_pylist())
                yield found.cast(schema)


def _first_of_each(batch: pa.RecordBatch, wanted: set[str]) -> pa.Table:
    rows = pa.table(batch)
    rows = rows.filter(pc.is_in(rows.column("text_digest"), pa.array(sorted(wanted), pa.string())))
    first = {digest: row for row, digest in reversed(list(enumerate(rows.column("text_digest").to_pylist())))}
    return rows.take(pa.array(sorted(first.values()), pa.int64()))
