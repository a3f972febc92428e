"""Reads vectors from the tables of releases, in case Parquet lost its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake import schemas
from lake.directory.layout import is_of_tokens
from lake.embed.short_tokens import are_sound
from lake.embed.sparse_vectors import untrue

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History


def in_tables(lake: Lake, history: History, folder: str, digests: Sequence[str]) -> Iterator[pa.Table]:
    """Rows (text_digest, vector) of these texts in releases of this folder's embedder, each text once.

    No table holds token vectors.
    """
    if is_of_tokens(folder):
        return
    wanted = set(digests)
    for release in reversed(history.releases.values()):
        recipe, folders = release.recipe, [lake.vectors(one).folder for one in release.recipe.by_embedder]
        if folder not in folders or not wanted:
            continue
        name, column = recipe.embedder.table, list(recipe.vector_columns)[folders.index(folder)]
        identity = recipe.vector_columns[column]
        schema = schemas.vectors(identity.width, recipe.vector_dtype)
        reader = lake.tables(release.generation).at(name, release.versions[name])
        for stored in reader.batches(["text_digest", column]):
            batch = stored.rename_columns(schema.names)
            sound = batch.filter(pa.array(~untrue_vectors(batch, identity.dimensions)))
            found = _first_of_each(sound, wanted)
            if found.num_rows:
                wanted -= set(found.column("text_digest").to_pylist())
                yield found.cast(schema)


def _first_of_each(batch: pa.RecordBatch, wanted: set[str]) -> pa.Table:
    rows = pa.table(batch)
    rows = rows.filter(pc.is_in(rows.column("text_digest"), pa.array(sorted(wanted), pa.string())))
    first = {digest: row for row, digest in reversed(list(enumerate(rows.column("text_digest").to_pylist())))}
    return rows.take(pa.array(sorted(first.values()), pa.int64()))


_NORM_TOLERANCE = 0.01


def untrue_vectors(batch: pa.RecordBatch, dimensions: int | None = None) -> np.ndarray:
    """Mask of rows whose vector is null, of another size, not finite or, unless it is sparse, not of unit length.

    Of token vectors, those that are not whole, or not scaled as they are stored.
    """
    if batch.schema.names == schemas.TOKEN_VECTORS.names:
        return np.array([one is None or not are_sound(one, dimensions) for one in batch.column("tokens").to_pylist()])
    column = batch.column("vector")
    if pa.types.is_binary(column.type):
        return untrue(column, dimensions)
    size = column.type.list_size
    if dimensions is not None and size != dimensions:
        raise ValueError(f"its vectors have {size} dimensions instead of {dimensions}")
    values = column.values.slice(column.offset * size, len(column) * size)  # including nulls, which flatten leaves out
    values = values.to_numpy(zero_copy_only=False).astype(np.float64)
    values[np.repeat(column.is_null().to_numpy(zero_copy_only=False), size)] = np.nan
    norms = np.linalg.norm(values.reshape(-1, size), axis=1)
    return np.array(np.logical_not(np.abs(norms - 1) <= _NORM_TOLERANCE))  # true for a norm of NaN, too
