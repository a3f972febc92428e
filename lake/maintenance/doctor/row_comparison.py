"""Checks that the tables hold exactly the rows that Parquet makes: every column, every text, every vector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ingest.commit import rows_of, table_schemas
from lake.maintenance.doctor.deltas import resolved
from lake.maintenance.doctor.examination import failing
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.ingest.delta import Delta
    from lake.maintenance.doctor.examination import Examination
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

_DOCUMENTS_AT_A_TIME = 512
_FIRST = 3


def check_rows(exam: Examination) -> int:
    """Check that rows of live, or with ``every`` of all kept releases, equal those made from Parquet.

    The texts that Parquet makes are ``canonical_text[start:end]``, so this checks every span against its document.
    """
    n_rows = 0
    for release in exam.compared:
        manifest: list[Delta] = []
        with failing(lambda reason: None):  # the check of deltas reports it
            manifest.append(_due(exam, resolved(exam.sound, exam.history, release)))
        for name, schema in table_schemas(release.recipe).items() if manifest else ():
            where = f"tables/{release.generation}/{name}.lance"
            with exam.noticing_tables(where, f"rows of {release.id} can't be compared with Parquet"):
                n_rows += _compare(exam, release, manifest[0], name, schema)
    return n_rows


def _due(exam: Examination, manifest: Delta) -> Delta:
    """The documents that are due today."""
    if exam.parts == 1:
        return manifest
    return manifest.without([doc_id for doc_id in manifest.doc_ids() if not exam.is_due(doc_id)])


def _compare(exam: Examination, release: Release, manifest: Delta, name: str, schema: pa.Schema) -> int:
    reader = exam.lake.tables(release.generation).at(name, release.versions[name])
    exam.sound.contents.refresh()
    unlike: list[str] = []
    n_rows = 0
    for batch in rows_of(name, exam.sound, manifest, release.recipe, schema):
        for expected in _parts(batch, one_row_each=name in ("documents", "quarantine")):
            unlike += _unlike(expected, reader)
            n_rows += expected.num_rows
    if unlike:
        named = f"{', '.join(unlike[:_FIRST])}{' ...' if len(unlike) > _FIRST else ''}"
        what = f"rows of {len(unlike)} documents of {release.id} differ from those that Parquet makes: {named}"
        exam.unlike_tables(f"tables/{release.generation}/{name}.lance", what)
    elif exam.parts == 1 and reader.count() != n_rows:
        what = f"{release.id} has {reader.count():,} rows here, and Parquet makes {n_rows:,}"
        exam.unlike_tables(f"tables/{release.generation}/{name}.lance", what)
    return n_rows


def _parts(batch: pa.RecordBatch, *, one_row_each: bool) -> Iterator[pa.Table]:
    """Split a batch so that each part has all rows of its documents."""
    step = _DOCUMENTS_AT_A_TIME if one_row_each else max(batch.num_rows, 1)
    for start in range(0, batch.num_rows, step):
        yield pa.table(batch.slice(start, step))


def _unlike(expected: pa.Table, reader: TableReader) -> list[str]:
    """doc_ids whose rows in the table differ."""
    key = expected.column_names[0]
    doc_ids = pc.unique(expected.column("doc_id")).to_pylist()
    stored = reader.scan(expected.column_names, one_of("doc_id", doc_ids)).cast(expected.schema)
    expected, stored = expected.sort_by(key), stored.sort_by(key)
    if expected.equals(stored):
        return []
    return [doc_id for doc_id in doc_ids if not _of(expected, doc_id).equals(_of(stored, doc_id))]


def _of(rows: pa.Table, doc_id: str) -> pa.Table:
    return rows.filter(pc.equal(rows.column("doc_id"), doc_id)).combine_chunks()
