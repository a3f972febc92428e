"""Scores of each release: one file for each search profile, with its latest evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ids import value_digest
from lake.records.schemas import SCORES
from lake.storage.store import open_parquet, parquet_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.directory import Lake

FOLDER = "scores"


def keep(lake: Lake, rows: pa.Table) -> None:
    """Store SCORES rows of one release, in place of older ones with the same set and settings."""
    named = ("release", "set", "settings")
    for key in rows.select(named).group_by(list(named)).aggregate([]).to_pylist():
        mine = rows
        for name in named:
            mine = mine.filter(pc.equal(mine.column(name), key[name]))
        path = f"{FOLDER}/{key['release']}/{value_digest([key['set'], key['settings']])}.parquet"
        lake.store.write(path, parquet_bytes(mine, 1 << 16))


def read(lake: Lake, release: str) -> pa.Table:
    """SCORES rows of a release, by set and settings; none if it was not evaluated.

    Rows from another version of raglake with other columns are left out: they can be measured again.
    """
    folder = f"{FOLDER}/{release}"
    files = (open_parquet(lake.store, f"{folder}/{name}").read() for name in lake.store.names(folder))
    parts = [rows for rows in files if rows.schema.equals(SCORES)]
    order = [("set", "ascending"), ("settings", "ascending")]
    return pa.concat_tables([SCORES.empty_table(), *parts]).sort_by(order)


def paths(lake: Lake) -> Iterator[str]:
    """Every file of scores."""
    for release in lake.store.names(FOLDER):
        yield from (f"{FOLDER}/{release}/{name}" for name in lake.store.names(f"{FOLDER}/{release}"))
