"""All rows that are stored in the files of several versions of tables, each file once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from lake.schemas import completed
from lake.tables.reader import TableReader, files_of

_BATCH_ROWS = 8192


def stored_rows(readers: Iterable[TableReader], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Rows of the files of all these versions, each file once, thousands at a time; also those that were deleted."""
    known = set[tuple[str, ...]]()
    for reader in readers:
        with reader.reading():
            new = [one for one in reader.dataset().get_fragments() if files_of(one) not in known]
            known.update(map(files_of, new))
            yield from _rows(reader, columns, new) if new else ()


def _rows(reader: TableReader, columns: Sequence[str], fragments: Sequence[Any]) -> Iterator[pa.Table]:
    present = [name for name in columns if name in reader.schema.names]
    words: dict[str, Any] = {"columns": present, "fragments": list(fragments), "batch_size": _BATCH_ROWS}
    for batch in reader.dataset().scanner(**words, include_deleted_rows=True, with_row_id=True).to_batches():
        yield completed(pa.table(batch).drop_columns("_rowid"), columns).select(list(columns))
