"""Reads deltas for an examination: checked, merged, or reconstructed from tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from lake.ingest.delta import Delta
from lake.schemas import DOCUMENTS, QUARANTINE

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.history import History
    from lake.releases.values import Release


def read_checked(lake: Lake, release: Release) -> Delta:
    """The delta of a release. Raises ValueError if it has other columns."""
    delta = Delta.read(lake, release.commit)
    for table, schema in ((delta.documents, DOCUMENTS), (delta.quarantine, QUARANTINE)):
        if not table.schema.equals(schema):
            raise ValueError(f"{release.commit} has columns that raglake does not write")
    return delta


def resolved(lake: Lake, history: History, release: Release) -> Delta:
    """All rows that a release's manifest and quarantine must have: its delta over those of its bases, newest first."""
    documents, quarantine = [DOCUMENTS.empty_table()], [QUARANTINE.empty_table()]
    gone: set[str] = set()
    at: Release | None = release
    while at is not None:
        delta = Delta.read(lake, at.commit)
        rest = delta.without(gone)
        documents.append(rest.documents)
        quarantine.append(rest.quarantine)
        gone |= {*delta.deleted, *delta.doc_ids()}
        at = history.releases[at.delta_base] if at.delta_base else None
    return Delta(pa.concat_tables(documents), pa.concat_tables(quarantine), [])


def made_from_tables(lake: Lake, history: History, release: Release) -> Delta:
    """Reconstruct the delta of a release from the difference between its tables and its base's."""
    base = history.releases[release.delta_base] if release.delta_base else None
    parts, gone = [], set()
    for name, schema in (("documents", DOCUMENTS), ("quarantine", QUARANTINE)):
        after = _rows(lake, release, name, schema)
        before = _rows(lake, base, name, schema)
        parts.append(_others(after, before).to_arrow().cast(schema))
        gone |= set(_others(before, after)["doc_id"])
    return Delta(parts[0], parts[1], sorted(gone))


def _others(rows: pl.DataFrame, than: pl.DataFrame) -> pl.DataFrame:
    return rows.join(than, on=rows.columns, how="anti", nulls_equal=True)


def _rows(lake: Lake, release: Release | None, name: str, schema: pa.Schema) -> pl.DataFrame:
    if release is None:
        return pl.DataFrame(schema.empty_table())
    reader = lake.tables(release.generation).at(name, release.versions[name])
    return pl.DataFrame(reader.scan(schema.names).cast(schema))
